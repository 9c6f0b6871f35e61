// SPDX-License-Identifier: MIT
/*
 * The profile as the page's scripts read it: columns of varints (base/varint.h) in blocks of
 * base64(zlib(...)); zlib's Adler-32 is their checksum. web/wire.js and web/profile.js are the
 * readers. All numbers are unsigned varints, z marks zigzag.
 *
 *   names    string count, UTF-16 length of each, byte length of all, UTF-8 bytes (string 0 is "")
 *            module count, then (path, flags) of each
 *            func count, columns z(increase of name), system name, file, line, module, kind
 *            row count, columns z(increase of func), flags (1 inlined, tier << 1)
 *   tree     node count without the root; weight unit u; 1 when every weight is count * u
 *            levels to pop before each node; row of each; self count of the root and of each;
 *            unless exact: z(self weight - self count * u) of the root and each
 *            count of recursive nodes, then (node number's increase, longest run) of each
 *   members  (only when there is recursion) members - 1 of each node, the root included; then for
 *            each node that has several members, or whose parent has: the members' parents
 *            (0.. a member of the parent node, behind them an earlier member of the node itself);
 *            for each node that has several members: their self counts;
 *            unless exact: their z(weight residues)
 *   times    slice length in ns (0: no times), entry count, member count and members by falling
 *            use; runs of equal threads: count, then (thread index, length); columns: increase of
 *            the slice within a run, index of the member, count; unless exact: z(weight residue)
 */
#ifndef PROF_FLAMEGRAPH_DATA_H
#define PROF_FLAMEGRAPH_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "flamegraph/names.h"
#include "flamegraph/page_tree.h"
#include "flamegraph/timeline.h"

/* What one sample weighs; exact when that holds for every sample. */
struct weight_scale {
    uint64_t unit;
    bool exact;
};

struct weight_scale weight_scale_of(const struct page_tree *t, const struct timeline *line);

void data_pack_tree(const struct page_tree *t, const struct names *n, struct weight_scale scale,
    struct strbuf *out);
void data_pack_members(const struct page_tree *t, struct weight_scale scale, struct strbuf *out);

/* thread_index: by thread_id, the place in the page's list of threads. */
void data_pack_times(const struct timeline *line, const struct page_tree *t,
    const uint32_t *thread_index, struct weight_scale scale, struct strbuf *out);

#endif
