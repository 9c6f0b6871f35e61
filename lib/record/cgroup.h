// SPDX-License-Identifier: MIT
/*
 * The control group of a process: what CPU time and memory it may use, what it uses, and how often
 * it was held back. Versions 1 and 2, and both at once (hybrid): each controller where it is.
 * Limits of the groups above count too: the narrowest stands. A limit is 0 when there is none.
 */
#ifndef PROF_RECORD_CGROUP_H
#define PROF_RECORD_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/strbuf.h"

struct cgroup_usage {
    bool has_throttling, has_memory;
    uint64_t periods, throttled_periods, throttled_ns; /* since the group was made */
    uint64_t memory_bytes;
};

/* Which of the two controllers a folder stands for. */
struct cgroup_folder {
    char *path; /* NULL: not found. Of the group whose limit is the narrowest, else the own one */
    int version;
    uint64_t limit_bytes;
};

struct cgroup {
    char *membership; /* text of /proc/PID/cgroup when it was looked up */
    struct cgroup_folder cpu, memory;
    double quota_cpus;          /* 0: no limit */
    int cpu_stat_fd, memory_fd; /* kept open */
};

/* False: the process has ended, or no group can be found. */
bool cgroup_open(struct cgroup *c, pid_t pid);

/* Has the process moved to another group since? */
bool cgroup_has_moved(const struct cgroup *c, pid_t pid);

void cgroup_read(const struct cgroup *c, struct cgroup_usage *ret_usage);
void cgroup_done(struct cgroup *c);

/* ---- the pure parts ---- */

enum cgroup_controller { CGROUP_CPU, CGROUP_MEMORY };

/* Where the group lies: text of /proc/PID/cgroup and of /proc/self/mountinfo -> folder and the
 * mount's own folder, beyond which there is nothing above. Returns the version, 0: nowhere. */
int cgroup_locate(struct slice membership, struct slice mounts, enum cgroup_controller controller,
    struct strbuf *ret_folder, struct strbuf *ret_mount);

/* "max 100000" or "50000 100000" -> CPUs, 0 for no limit. */
double cgroup_parse_cpu_max(struct slice text);

/* Text of cpu.stat, of either version. */
void cgroup_parse_cpu_stat(struct slice text, struct cgroup_usage *usage);

/* Text of a limit of memory; what cannot be reached ("max", near 2^63) is none: 0. */
uint64_t cgroup_parse_bytes(struct slice text);

#endif
