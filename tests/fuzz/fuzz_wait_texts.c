// SPDX-License-Identifier: MIT
/* What tells where and for what a thread waits: /proc's syscall, wait.h's text, cgroup files. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "profile/wait.h"
#include "record/cgroup.h"
#include "record/wall_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void locate(struct slice membership, struct slice mounts)
{
    struct strbuf folder = STRBUF_INIT, mount = STRBUF_INIT;
    cgroup_locate(membership, mounts, CGROUP_CPU, &folder, &mount);
    cgroup_locate(membership, mounts, CGROUP_MEMORY, &folder, &mount);
    strbuf_done(&folder);
    strbuf_done(&mount);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = { (const char *)data, size };
    struct slice rest = text, line;
    struct cgroup_usage usage = { 0 };
    while (slice_split(&rest, '\n', &line)) {
        struct wall_place place;
        wall_parse(line, &place);
        struct wait wait = wait_parse(line);
        if (wait.kind >= WAIT_KINDS || wait.object.len > line.len)
            abort();
        double cpus = cgroup_parse_cpu_max(line);
        if (isnan(cpus) || cpus < 0)
            abort();
        cgroup_parse_bytes(line);
        locate(line, rest);
    }
    cgroup_parse_cpu_stat(text, &usage);
    return 0;
}
