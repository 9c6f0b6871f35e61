// SPDX-License-Identifier: MIT
/* Any text as a condition of --fail-on; what can be read is asked about a recording. */
#include <stdlib.h>
#include <string.h>

#include "analyze/gate_expression.h"
#include "base/alloc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = xmemdupz(bytes, len);
    struct err e = { 0 };
    struct gate *g = gate_new(text, &e);
    if (g) {
        struct profile *p = profile_new();
        const struct diagnosis d = { .verdict = "healthy", .sentence = text };
        PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
        gate_ask(g, p, &d, &why);
        profile_free(p);
    }
    gate_free(g);
    err_done(&e);
    free(text);
    return 0;
}
