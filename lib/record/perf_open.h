// SPDX-License-Identifier: MIT
/*
 * Opens the sampling events and their rings. One ring per online CPU; with inherit the kernel
 * refuses a ring for "any CPU" (EINVAL), so every thread needs one event per CPU. A launched child
 * has one thread and passes its events on; when attaching, each existing thread gets its own set,
 * all writing to the same rings.
 *
 * Or, with rights over the machine, the events belong to the CPUs (per_cpu). A thread's events are
 * set up and taken down with every switch: measured with two processes and a pipe, 0.8 us for the
 * first and 0.7 us for each other one of a thread that leaves its CPU and comes back, more for a
 * clock, whose timer is one of the hardware. And a clock starts anew with every thread, so that
 * threads which live for less than a period are never sampled. A CPU's events cost nothing at a
 * switch but the record that it makes, and see all that runs there, others' work too, which the
 * reader of the rings leaves out.
 */
#ifndef PROF_RECORD_PERF_OPEN_H
#define PROF_RECORD_PERF_OPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/vec.h"
#include "record/capability.h"
#include "record/perf_ring.h"
#include "record/record.h"

enum {
    STACK_BYTES_SMALL = 16 * 1024, /* when rings are small */
    RING_BYTES_MAX = 4 << 20,
    RING_BYTES_SMALL = 1 << 20,
    RING_BYTES_MIN = 128 << 10,
    RING_BYTES_TOTAL = 64 << 20, /* over all CPUs */
};

struct perf_event_attr;

struct perf_settings {
    uint32_t rate_hz;
    uint32_t stack_bytes;
    enum record_level level;    /* LEVEL_USER leaves the kernel out */
    bool inherit;               /* follow new threads and children */
    bool threads_only;          /* with inherit: new threads, not children; kernel 5.13 */
    bool enable_on_exec;        /* quiet until the target is executed */
    bool per_cpu;               /* see above; needs LEVEL_FULL and CAP_PERFMON */
    struct perf_event_ids *ids; /* other events will share the rings: borrowed, filled; or NULL */
};

/* Numbers of the CPUs that are online: at least one. */
struct cpu_list {
    int *ptr;
    size_t len, cap;
};

void cpu_list_read(struct cpu_list *ret_cpus);

/* Reads "0-3,8" as /sys/devices/system/cpu/online has it. */
void cpu_list_parse(struct slice text, struct cpu_list *ret_cpus);

/* One event; -1 with errno. Retries without what older kernels do not know. With per_cpu it is that
 * of the CPU, whoever tid is. */
int perf_open_event(const struct perf_settings *settings, pid_t tid, int cpu);

struct perf_rings {
    struct perf_ring *ptr; /* one per CPU, in the order of cpus */
    size_t len;
    size_t ring_bytes;
    VEC(int) fds;    /* events of threads or CPUs; the first len of them own the rings */
    VEC(int) clocks; /* with per_cpu: one per CPU */
};

/* May CPUs be sampled, and is that wise? Many CPUs run mostly others' work, which would be copied
 * for nothing. */
bool perf_per_cpu_works(const struct perf_settings *settings, const struct cpu_list *cpus);

/* Opens the clocks of the CPUs, instead of those that were there. False with errno: none is left.
 */
bool perf_rings_set_clocks(
    struct perf_rings *rings, const struct perf_settings *settings, const struct cpu_list *cpus);

/* Another period for the clocks that are open, without opening them anew. False with errno. */
bool perf_rings_set_period(const struct perf_rings *rings, uint64_t period_ns);

/* Events and rings for a first thread. */
bool perf_rings_open(struct perf_rings *ret_rings, const struct perf_settings *settings, pid_t tid,
    const struct cpu_list *cpus, struct err *e);

/* Events of one more thread into the same rings; with per_cpu they see it already. False with
 * errno: nothing is left open. */
bool perf_rings_add(struct perf_rings *rings, const struct perf_settings *settings, pid_t tid,
    const struct cpu_list *cpus);

/* Sends the records of an event of the rings' n-th CPU there. False with errno. */
bool perf_rings_redirect(const struct perf_rings *rings, size_t n, int fd);

/* Enters an open event into ids. False with errno. */
bool perf_open_identify(int fd, uint32_t event, struct perf_event_ids *ids);

/* perf_event_open(2) itself, close-on-exec. */
int perf_open_attr(struct perf_event_attr *attr, pid_t tid, int cpu);

void perf_rings_enable(struct perf_rings *rings, bool on);
void perf_rings_close(struct perf_rings *rings);

/* Message and hint for a refused event. Returns false. */
bool perf_open_error(struct err *e, int errnum, pid_t pid);

/* What to do where perf events are refused altogether: by a setting, or by a container. */
const char *perf_refused_hint(void);

#endif
