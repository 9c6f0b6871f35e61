// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "base/json.h"

Test(json, nests_with_commas_in_the_right_places)
{
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    struct json j;
    json_init(&j, &out);
    json_object(&j);
    json_key(&j, "a");
    json_array(&j);
    json_u64(&j, UINT64_MAX);
    json_i64(&j, -1);
    json_object(&j);
    json_object_end(&j);
    json_array_end(&j);
    json_key(&j, "b");
    json_bool(&j, true);
    json_object_end(&j);
    cr_assert(eq(str, out.ptr, "{\"a\":[18446744073709551615,-1,{}],\"b\":true}"));
}

Test(json, escapes_what_could_end_a_script_element)
{
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    struct json j;
    json_init(&j, &out);
    json_string(&j, slice_of("</script>\"\\\n\x01\xe2\x80\xa8"));
    cr_assert(eq(str, out.ptr, "\"\\u003c/script\\u003e\\\"\\\\\\n\\u0001\\u2028\""));
}

Test(json, repairs_invalid_utf8)
{
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    struct json j;
    json_init(&j, &out);
    json_string(&j, (struct slice){ "\xff\xc0\xaf\xed\xa0\x80z", 7 });
    cr_assert(eq(str, out.ptr,
        "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\""));
}
