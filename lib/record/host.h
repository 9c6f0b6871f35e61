// SPDX-License-Identifier: MIT
/* CPU time of the whole machine since it was started, from /proc/stat. No state. */
#ifndef PROF_RECORD_HOST_H
#define PROF_RECORD_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct host_cpu {
    uint64_t busy_ns;   /* everything but idle; what a hypervisor took away counts as busy */
    uint64_t stolen_ns; /* of it, what the hypervisor took */
    uint64_t total_ns;  /* what there was: busy and idle, of all CPUs */
};

/* The first line of /proc/stat. */
bool host_parse_cpu(struct slice text, struct host_cpu *ret_cpu);

/* fd: of /proc/stat, kept open. */
bool host_read_cpu(int fd, struct host_cpu *ret_cpu);

uint64_t host_memory_bytes(void); /* 0: unknown */

#endif
