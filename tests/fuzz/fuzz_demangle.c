// SPDX-License-Identifier: MIT
/* Any bytes as a symbol: our own demanglers end, stay within their limits and leave nothing behind
 * when they refuse. The shortening of C++ declarations reads any text. */
#include <stdlib.h>

#include "symbol/demangle.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct slice text = { (const char *)bytes, len };
    const struct demangler none = { 0 };
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    if (demangle(&none, text, &out) != (out.len > 0))
        abort();
    if (out.len > DEMANGLE_OUTPUT_MAX + DEMANGLE_INPUT_MAX + 64)
        abort();
    strbuf_clear(&out);
    cxx_shorten(text, &out);
    if (out.len > DEMANGLE_OUTPUT_MAX + 64)
        abort();
    return 0;
}
