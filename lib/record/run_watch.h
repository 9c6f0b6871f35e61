// SPDX-License-Identifier: MIT
/*
 * What surrounds the target, over time: how busy the machine is and with whom, how often the
 * target's control group was held back. Facts about both: limits, CPUs, memory.
 */
#ifndef PROF_RECORD_RUN_WATCH_H
#define PROF_RECORD_RUN_WATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/profile.h"
#include "record/cgroup.h"
#include "record/host.h"

struct run_watch {
    struct profile *profile;
    int stat_fd; /* /proc/stat */
    bool has_host;
    struct host_cpu host_base;
    uint64_t target_base_ns, self_base_ns;
    uint64_t others_ns; /* only ever grows */
    uint64_t next_host_ns;

    pid_t pid; /* whose group it is; 0: none */
    struct cgroup cgroup;
    struct cgroup_usage cgroup_base, cgroup_last; /* since the target has been in this group */
    struct cgroup_usage cgroup_before;            /* of groups that it was in before */
    uint64_t next_move_ns;
};

void run_watch_init(struct run_watch *w, struct profile *p, pid_t pid, uint64_t target_cpu_ns);
void run_watch_done(struct run_watch *w);

/* target_cpu_ns: of all its processes so far, as of now. pid: the main process, or whichever lives;
 * 0: none does. */
void run_watch_beat(struct run_watch *w, uint64_t now_ns, pid_t pid, uint64_t target_cpu_ns);

#endif
