// SPDX-License-Identifier: MIT
/* What a profile says about its own making: metadata and notes, from what a session has seen. */
#ifndef PROF_RECORD_DESCRIBE_H
#define PROF_RECORD_DESCRIBE_H

#include <stdint.h>

#include "record/source.h"
#include "record/target.h"

/* Machine, program and settings: before the target runs. */
void describe_start(struct recorder *r, const char *sampler);

/* What changes all the time and is known at any time. Whoever reads a file that was cut has this.
 */
void describe_so_far(struct recorder *r, uint64_t self_cpu_ns);

/* Losses, costs, what could not be seen: after the last drain. */
void describe_end(
    struct recorder *r, const struct target *t, bool stopped_by_us, uint64_t self_cpu_ns);

#endif
