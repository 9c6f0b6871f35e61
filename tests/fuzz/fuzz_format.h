// SPDX-License-Identifier: MIT
/* What the harnesses of all readers do with their input. */
#ifndef PROF_TESTS_FUZZ_FORMAT_H
#define PROF_TESTS_FUZZ_FORMAT_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"
#include "format/format.h"
#include "profile/profile.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum {
    FUZZ_WRITE_STACKS_MAX = 20000
}; /* larger ones read well but take long to write seven times */

static inline bool fuzz_sink(void *ctx, const void *bytes, size_t len, struct err *e)
{
    (void)e;
    strbuf_add(ctx, bytes, len);
    return true;
}

/* FILE.prof holds whatever a profile can hold. Others may refuse, but not without a word. */
static inline void fuzz_read_again(const struct format *format, const struct strbuf *out)
{
    struct err e = { 0 };
    struct profile *again = format->read(strbuf_slice(out), &e);
    bool whole = again && strcmp(format->name, "prof") == 0;
    if ((!again && strcmp(format->name, "prof") == 0) || (!again && !e.message))
        abort();
    struct strbuf twice = STRBUF_INIT;
    struct format_sink sink = { .write = fuzz_sink, .ctx = &twice };
    if (whole && (!format->write(again, &sink, NULL) ||
                     !slice_equal(strbuf_slice(&twice), strbuf_slice(out))))
        abort();
    strbuf_done(&twice);
    profile_free(again);
    err_done(&e);
}

/* What was read can be written in every format. */
static inline void fuzz_write(struct profile *p)
{
    size_t count;
    const struct format *rows = format_table(&count);
    profile_name_unresolved(p);
    for (size_t i = 0; i < count; i++) {
        if (!rows[i].write)
            continue;
        struct strbuf out = STRBUF_INIT;
        struct format_sink sink = { .write = fuzz_sink, .ctx = &out };
        if (!rows[i].write(p, &sink, NULL))
            abort();
        if (rows[i].read)
            fuzz_read_again(&rows[i], &out);
        strbuf_done(&out);
    }
}

static inline int fuzz_format(const char *name, const uint8_t *bytes, size_t len)
{
    struct slice input = { .ptr = (const char *)bytes, .len = len };
    const struct format *format = format_by_name(name);
    struct err e = { 0 };
    format->sniff(input);
    struct profile *p = format->read(input, &e);
    if (!p && !e.message)
        abort(); /* refused without a word */
    if (p && profile_stack_count(p) <= FUZZ_WRITE_STACKS_MAX)
        fuzz_write(p);
    profile_free(p);
    err_done(&e);
    return 0;
}

#endif
