// SPDX-License-Identifier: MIT
/* Any bytes as a perf map and as kernel symbols: at most one name for each address, none too long.
 */
#include <stdlib.h>

#include "base/compiler.h"
#include "symbol/kallsyms.h"
#include "symbol/perfmap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const uint64_t addresses[] = { 0, 1, 0x1000, 0x1010, 0x2000, 0x7fffffff0000,
    0xffffffff81000010, UINT64_MAX };

static void check(struct lookup *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const struct found *f = &l->found[i];
        if (f->len > 1 || (f->len && f->lines[0].name.len == 0))
            abort();
    }
    lookup_done(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct slice text = { (const char *)bytes, len };
    struct lookup l;
    lookup_init(&l, addresses, PROF_ARRAY_LEN(addresses));
    perfmap_match_text(text, &l);
    for (uint32_t i = 0; i < l.count; i++)
        if (l.found[i].len && l.found[i].lines[0].name.len > PERFMAP_NAME_MAX + 32)
            abort();
    check(&l);
    lookup_init(&l, addresses, PROF_ARRAY_LEN(addresses));
    (void)kallsyms_match_text(text, &l, NULL);
    check(&l);
    return 0;
}
