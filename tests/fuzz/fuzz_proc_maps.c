// SPDX-License-Identifier: MIT
/* Texts of /proc: maps, stat and net/tcp. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "record/maps.h"
#include "record/port.h"
#include "record/procfs_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = { (const char *)data, size };
    struct slice rest = text, line;
    while (slice_split(&rest, '\n', &line)) {
        struct perf_map m;
        struct procfs_stat stat;
        if (maps_parse_line(line, &m) && (m.len == 0 || m.start + m.len < m.start))
            abort();
        procfs_parse_stat(line, &stat);
    }
    struct listening_list list = { 0 };
    port_parse(text, &list);
    vec_done(&list);
    return 0;
}
