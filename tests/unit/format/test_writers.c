// SPDX-License-Identifier: MIT
/* Formats that are only written. What they look like is in tests/golden; here is what must hold. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <jansson.h>
#include <string.h>
#include <zlib.h>

#include "base/utf8.h"
#include "base/varint.h"
#include "format/format.h"
#include "format/screen.h"
#include "sample_profile.h"

static struct strbuf written(const struct profile *p, const char *format)
{
    struct strbuf out = STRBUF_INIT;
    struct err e = { 0 };
    cr_assert(format_by_name(format)->write(p, MEMORY_SINK(&out), &e), "%s", e.message);
    return out;
}

static bool is_clean_text(const struct strbuf *text)
{
    struct slice rest = strbuf_slice(text);
    while (rest.len) {
        size_t len;
        uint32_t c = utf8_decode(rest, &len);
        bool invalid = c == 0xfffd && len == 1;
        bool bidi = c >= 0x202a && c <= 0x202e;
        if (invalid || bidi || (c < 0x20 && c != '\n') || c == 0x7f)
            return false;
        rest = slice_skip(rest, len);
    }
    return true;
}

/* ---- text and markdown ---- */

Test(text, fits_into_80_columns_and_has_no_control_bytes)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p, "text");
    cr_assert(is_clean_text(&text));
    struct slice rest = strbuf_slice(&text), line;
    while (slice_split(&rest, '\n', &line)) {
        cr_expect(le(sz, screen_width(line), 80), "%.*s", SLICE_ARG(line));
        cr_expect(not(slice_ends(line, " ")), "blank at the end: %.*s", SLICE_ARG(line));
    }
    profile_free(p);
}

Test(text, says_what_matters_first)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p, "text");
    cr_assert_not_null(strstr(text.ptr, "hash_bytes (hash.c:33) takes 50.0 % by itself"));
    cr_assert_not_null(strstr(text.ptr, "1000 samples, 2.00 s on CPU in 1.00 s, 499 Hz"));
    cr_assert_not_null(strstr(text.ptr, "lost      3 samples"));
    cr_assert_not_null(strstr(text.ptr, "96.0 % complete, 3.0 % cut (deeper than 16 KiB)"));
    profile_free(p);
}

Test(text, few_or_no_samples_are_said)
{
    struct profile *p = sample_profile(7);
    PROF_CLEANUP(strbuf_done) struct strbuf few = written(p, "text");
    cr_assert_not_null(strstr(few.ptr, "Only 7 samples: shares are rough."));
    profile_free(p);
    p = sample_profile(0);
    PROF_CLEANUP(strbuf_done) struct strbuf none = written(p, "text");
    cr_assert_not_null(strstr(none.ptr, "There are no samples: "));
    profile_free(p);
}

Test(markdown, names_cannot_leave_their_code_span)
{
    struct profile *p = sample_profile(1000);
    struct func func = { .name = sample_string(p, "a`b|c`") };
    struct line line = { .func = profile_add_func(p, &func) };
    struct frame_id frame = profile_add_frame_lines(p, &line, 1);
    struct sample s = { .stack = profile_add_stack(p, (struct stack_id){ 0 }, frame), .count = 1 };
    s.weight = UINT64_C(1) << 40;
    profile_add_sample(p, &s);
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p, "markdown");
    cr_assert(is_clean_text(&text));
    cr_assert_not_null(strstr(text.ptr, "| `a'b\\|c'` |"));
    profile_free(p);
}

/* ---- screen ---- */

static const struct width_case {
    const char *text;
    size_t width, cells;
    const char *cut;
} width_cases[] = {
    { "plain", 5, 5, "plain" },
    { "plain", 4, 5, "pl.." },
    { "std::vector<int>::push_back", 15, 27, "std::vect..back" },
    { "\xe6\xbc\xa2\xe5\xad\x97", 4, 4, "\xe6\xbc\xa2\xe5\xad\x97" },
    { "e\xcc\x81t", 2, 2, "e\xcc\x81t" },
    { "abc", 0, 3, "" },
    { "abc", 1, 3, "." },
};

Test(screen, text_is_cut_to_the_cells_it_may_take)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(width_cases); i++) {
        const struct width_case *c = &width_cases[i];
        cr_expect(eq(sz, screen_width(slice_of(c->text)), c->cells));
        PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
        screen_add(&out, slice_of(c->text), c->width, CUT_MIDDLE);
        cr_expect(eq(str, out.ptr, (char *)c->cut));
        cr_expect(le(sz, screen_width(strbuf_slice(&out)), c->width));
        strbuf_clear(&out);
        screen_add_padded(&out, slice_of(c->text), c->width, CUT_START);
        cr_expect(eq(sz, screen_width(strbuf_slice(&out)), c->width), "%s", c->text);
    }
}

Test(screen, paragraphs_are_broken_at_blanks)
{
    PROF_CLEANUP(strbuf_done) struct strbuf out = STRBUF_INIT;
    screen_add_wrapped(&out, slice_of("one two three four-is-longer-than-that five"), 2, 12);
    cr_assert(eq(str, out.ptr, "  one two\n  three\n  four-is-longer-than-that\n  five\n"));
}

/* ---- JSON ---- */

static json_t *parsed(const struct strbuf *text)
{
    json_error_t e;
    json_t *root = json_loadb(text->ptr, text->len, 0, &e);
    cr_assert_not_null(root, "%s at %d", e.text, e.position);
    return root;
}

static json_int_t number(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    bool is_number = json_is_integer(value);
    cr_assert(is_number, "%s", key);
    return json_integer_value(value);
}

Test(json, figures_add_up_and_frames_are_functions)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p, "json");
    json_t *root = parsed(&text);
    cr_assert(eq(llong, number(root, "version"), 1));
    cr_assert(eq(llong, number(root, "samples"), 1000));
    json_t *functions = json_object_get(root, "functions");
    json_int_t self = 0, in_stacks = 0, in_threads = 0, in_kinds = 0;
    size_t i;
    json_t *row;
    json_array_foreach(functions, i, row) self += number(row, "self_weight");
    json_array_foreach(json_object_get(root, "threads"), i, row) in_threads +=
        number(row, "weight");
    json_array_foreach(json_object_get(root, "stacks"), i, row)
    {
        in_stacks += number(row, "weight");
        size_t k;
        json_t *frame;
        json_array_foreach(json_object_get(row, "frames"), k, frame)
            cr_assert(json_integer_value(frame) < (json_int_t)json_array_size(functions));
    }
    const char *key;
    json_object_foreach(json_object_get(root, "kinds"), key, row) in_kinds +=
        json_integer_value(row);
    cr_assert(eq(llong, self, number(root, "weight")));
    cr_assert(eq(llong, in_stacks, self));
    cr_assert(eq(llong, in_threads, self));
    cr_assert(eq(llong, in_kinds, self));
    json_decref(root);
    profile_free(p);
}

Test(speedscope, samples_and_weights_have_one_length_and_add_up)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf text = written(p, "speedscope");
    json_t *root = parsed(&text);
    size_t frames = json_array_size(json_object_get(json_object_get(root, "shared"), "frames"));
    json_t *profiles = json_object_get(root, "profiles");
    cr_assert(eq(sz, json_array_size(profiles), 3), "one per thread");
    json_int_t sum = 0;
    size_t i, k, l;
    json_t *row, *stack, *frame, *weight;
    json_array_foreach(profiles, i, row)
    {
        json_t *samples = json_object_get(row, "samples");
        json_t *weights = json_object_get(row, "weights");
        cr_assert(eq(sz, json_array_size(samples), json_array_size(weights)));
        json_array_foreach(weights, k, weight) sum += json_integer_value(weight);
        json_array_foreach(samples, k, stack)
        {
            json_array_foreach(stack, l, frame)
                cr_assert(json_integer_value(frame) < (json_int_t)frames);
        }
    }
    cr_assert(eq(llong, sum, 1000 * 2004008ll));
    json_decref(root);
    profile_free(p);
}

/* ---- pprof ---- */

static struct strbuf gunzipped(const struct strbuf *gzip)
{
    struct strbuf out = STRBUF_INIT;
    size_t room = 1 << 20;
    z_stream z = { .next_in = (Bytef *)gzip->ptr, .avail_in = (uInt)gzip->len };
    cr_assert(inflateInit2(&z, 15 + 16) == Z_OK);
    z.next_out = (Bytef *)strbuf_reserve(&out, room);
    z.avail_out = (uInt)room;
    cr_assert(inflate(&z, Z_FINISH) == Z_STREAM_END);
    out.len = room - z.avail_out;
    inflateEnd(&z);
    return out;
}

/* Next field of a message; numbers in *number, the rest in *bytes. */
static bool next_field(
    const uint8_t **at, const uint8_t *end, uint64_t *field, uint64_t *num, struct slice *bytes)
{
    uint64_t tag;
    if (*at == end)
        return false;
    cr_assert(varint_read(at, end, &tag) && varint_read(at, end, num));
    *field = tag >> 3;
    *bytes = (struct slice){ 0 };
    if ((tag & 7) == 2) {
        cr_assert(le(u64, *num, (uint64_t)(end - *at)));
        *bytes = (struct slice){ (const char *)*at, *num };
        *at += *num;
    }
    return true;
}

struct pprof_sums {
    uint64_t samples, weight, strings, functions, locations;
};

static void add_values(struct slice sample, struct pprof_sums *sums)
{
    const uint8_t *at = (const uint8_t *)sample.ptr, *end = at + sample.len;
    uint64_t field, num, count, weight;
    struct slice bytes;
    while (next_field(&at, end, &field, &num, &bytes)) {
        if (field != 2)
            continue;
        const uint8_t *value = (const uint8_t *)bytes.ptr, *last = value + bytes.len;
        cr_assert(varint_read(&value, last, &count) && varint_read(&value, last, &weight));
        cr_assert(value == last, "two values, as many as sample types");
        sums->samples += count;
        sums->weight += weight;
    }
}

Test(pprof, values_add_up_and_the_first_string_is_empty)
{
    struct profile *p = sample_profile(1000);
    PROF_CLEANUP(strbuf_done) struct strbuf gzip = written(p, "pprof");
    PROF_CLEANUP(strbuf_done) struct strbuf plain = gunzipped(&gzip);
    const uint8_t *at = (const uint8_t *)plain.ptr, *end = at + plain.len;
    struct pprof_sums sums = { 0 };
    uint64_t field, num;
    struct slice bytes;
    while (next_field(&at, end, &field, &num, &bytes)) {
        if (field == 2)
            add_values(bytes, &sums);
        if (field == 6 && sums.strings++ == 0)
            cr_assert(eq(sz, bytes.len, 0));
        sums.locations += field == 4;
        sums.functions += field == 5;
    }
    cr_assert(eq(u64, sums.samples, 1000));
    cr_assert(eq(u64, sums.weight, UINT64_C(1000) * 2004008));
    cr_assert(eq(u64, sums.functions, profile_func_count(p) - 1));
    cr_assert(eq(u64, sums.locations, profile_frame_count(p) - 1));
    profile_free(p);
}
