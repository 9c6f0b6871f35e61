// SPDX-License-Identifier: MIT
#include "record/perf_open.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "record/procfs_read.h"

enum {
    PARANOID_USER = 2, /* perf_event_open(2): own processes, without the kernel */
    CPU_NUMBER_MAX = 8192,
    CPU_FILE_MAX = 64 << 10,
    CLOCKS_MOST = 16, /* CPUs that are sampled whoever runs there */
};

/* ---- CPUs ---- */

static void push_range(struct cpu_list *cpus, uint64_t from, uint64_t to)
{
    for (uint64_t cpu = from; cpu <= to && cpu < CPU_NUMBER_MAX; cpu++)
        vec_push(cpus, (int)cpu);
}

void cpu_list_parse(struct slice text, struct cpu_list *ret_cpus)
{
    struct slice rest = slice_trim(text);
    struct slice part;
    while (slice_split(&rest, ',', &part)) {
        const size_t dash = slice_find(part, '-');
        uint64_t from = 0, to = 0;
        if (!slice_to_u64((struct slice){ part.ptr, dash }, 10, &from))
            continue;
        if (dash == part.len)
            to = from;
        else if (!slice_to_u64(slice_skip(part, dash + 1), 10, &to))
            continue;
        push_range(ret_cpus, from, to);
    }
}

void cpu_list_read(struct cpu_list *ret_cpus)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    *ret_cpus = (struct cpu_list){ 0 };
    if (file_read("/sys/devices/system/cpu/online", CPU_FILE_MAX, &text, NULL))
        cpu_list_parse(strbuf_slice(&text), ret_cpus);
    const long count = sysconf(_SC_NPROCESSORS_ONLN);
    if (ret_cpus->len == 0)
        push_range(ret_cpus, 0, count > 0 ? (uint64_t)count - 1 : 0);
}

/* ---- one event ---- */

/* With per_cpu it only tells of maps, names, births and ends, and a clock is beside it. */
static struct perf_event_attr make_attr(const struct perf_settings *s)
{
    return (struct perf_event_attr){
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof(struct perf_event_attr),
        .config = s->per_cpu ? PERF_COUNT_SW_DUMMY : PERF_COUNT_SW_CPU_CLOCK,
        .sample_period = s->per_cpu ? 0 : NS_PER_S / s->rate_hz,
        .sample_type = perf_record_sample_type() | (s->ids ? PERF_SAMPLE_IDENTIFIER : 0),
        .disabled = 1,
        .inherit = s->inherit && !s->per_cpu,
        .inherit_thread = s->threads_only && !s->per_cpu,
        .enable_on_exec = s->enable_on_exec && !s->per_cpu,
        .exclude_kernel = s->level == LEVEL_USER,
        .exclude_callchain_kernel = s->level == LEVEL_USER,
        .exclude_hv = 1,
        .mmap = 1,
        .mmap2 = 1,
        .build_id = 1,
        .comm = 1,
        .comm_exec = 1,
        .task = 1,
        .sample_id_all = 1,
        .use_clockid = 1,
        .clockid = CLOCK_MONOTONIC,
        .sample_regs_user = arch_regs_mask(),
        .sample_stack_user = s->stack_bytes & ~7u,
    };
}

/* Of whatever runs on a CPU. */
static struct perf_event_attr make_clock_attr(const struct perf_settings *s)
{
    struct perf_settings clock = *s;
    clock.per_cpu = clock.inherit = clock.threads_only = clock.enable_on_exec = false;
    struct perf_event_attr attr = make_attr(&clock);
    attr.mmap = attr.mmap2 = attr.build_id = attr.comm = attr.comm_exec = attr.task = 0;
    attr.exclude_idle = 1;
    attr.disabled = 0;
    return attr;
}

int perf_open_attr(struct perf_event_attr *attr, pid_t tid, int cpu)
{
    return (int)syscall(
        SYS_perf_event_open, attr, tid, cpu, -1, (unsigned long)PERF_FLAG_FD_CLOEXEC);
}

int perf_open_event(const struct perf_settings *settings, pid_t tid, int cpu)
{
    struct perf_event_attr attr = make_attr(settings);
    if (settings->per_cpu)
        tid = -1;
    int fd = perf_open_attr(&attr, tid, cpu);
    if (fd < 0 && (errno == EINVAL || errno == E2BIG)) {
        attr.build_id = 0; /* kernel 5.12 */
        fd = perf_open_attr(&attr, tid, cpu);
    }
    if (fd < 0 && (errno == EINVAL || errno == E2BIG) && attr.inherit_thread) {
        attr.inherit_thread = 0; /* kernel 5.13; children are then left out by their number */
        fd = perf_open_attr(&attr, tid, cpu);
    }
    return fd;
}

bool perf_open_identify(int fd, uint32_t event, struct perf_event_ids *ids)
{
    uint64_t id;
    if (ioctl(fd, PERF_EVENT_IOC_ID, &id) != 0)
        return false;
    perf_event_ids_add(ids, id, event);
    return true;
}

/* ---- sets of them ---- */

static void close_from(struct perf_rings *rings, size_t keep)
{
    while (rings->fds.len > keep)
        close(rings->fds.ptr[--rings->fds.len]);
}

static bool open_all(struct perf_rings *rings, const struct perf_settings *settings, pid_t tid,
    const struct cpu_list *cpus)
{
    const size_t before = rings->fds.len;
    for (size_t i = 0; i < cpus->len; i++) {
        const int fd = perf_open_event(settings, tid, cpus->ptr[i]);
        if (fd >= 0)
            vec_push(&rings->fds, fd);
        if (fd < 0 || (settings->ids && !perf_open_identify(fd, 0, settings->ids))) {
            const int error = errno;
            close_from(rings, before);
            errno = error;
            return false;
        }
    }
    return true;
}

bool perf_per_cpu_works(const struct perf_settings *settings, const struct cpu_list *cpus)
{
    struct perf_event_attr attr = make_clock_attr(settings);
    if (settings->level != LEVEL_FULL || cpus->len > CLOCKS_MOST)
        return false;
    const int fd = perf_open_attr(&attr, -1, cpus->ptr[0]);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void close_clocks(struct perf_rings *rings)
{
    while (rings->clocks.len > 0)
        close(rings->clocks.ptr[--rings->clocks.len]);
    vec_done(&rings->clocks);
}

bool perf_rings_set_clocks(
    struct perf_rings *rings, const struct perf_settings *settings, const struct cpu_list *cpus)
{
    close_clocks(rings);
    for (size_t i = 0; i < cpus->len; i++) {
        struct perf_event_attr attr = make_clock_attr(settings);
        const int fd = perf_open_attr(&attr, -1, cpus->ptr[i]);
        if (fd >= 0)
            vec_push(&rings->clocks, fd);
        if (fd < 0 || !perf_rings_redirect(rings, i, fd) ||
            (settings->ids && !perf_open_identify(fd, 0, settings->ids))) {
            const int error = errno;
            close_clocks(rings);
            errno = error;
            return false;
        }
    }
    return true;
}

bool perf_rings_set_period(const struct perf_rings *rings, uint64_t period_ns)
{
    bool ok = true;
    for (size_t i = 0; i < rings->clocks.len; i++)
        ok &= ioctl(rings->clocks.ptr[i], PERF_EVENT_IOC_PERIOD, &period_ns) == 0;
    return ok;
}

static void unmap_all(struct perf_rings *rings)
{
    for (size_t i = 0; i < rings->len; i++)
        perf_ring_unmap(&rings->ptr[i]);
}

static bool map_all(struct perf_rings *rings, size_t ring_bytes)
{
    for (size_t i = 0; i < rings->len; i++) {
        if (!perf_ring_map(&rings->ptr[i], rings->fds.ptr[i], ring_bytes)) {
            const int error = errno;
            unmap_all(rings);
            errno = error;
            return false;
        }
    }
    rings->ring_bytes = ring_bytes;
    return true;
}

/* The memory that a user may lock is shared by all his rings: take half as much until it fits. */
static bool map_ladder(struct perf_rings *rings, struct err *e)
{
    size_t bytes = RING_BYTES_MAX;
    while (bytes > RING_BYTES_MIN && bytes * rings->len > RING_BYTES_TOTAL)
        bytes /= 2;
    for (; bytes >= RING_BYTES_MIN; bytes /= 2) {
        if (map_all(rings, bytes))
            return true;
        if (errno != EPERM && errno != ENOMEM)
            break;
    }
    err_sys(e, errno, "cannot map %zu perf rings of %d KiB", rings->len, RING_BYTES_MIN / 1024);
    return err_hint(e, "other profilers of this user share the memory: stop them, or "
                       "sudo sysctl kernel.perf_event_mlock_kb=4096");
}

bool perf_rings_open(struct perf_rings *ret_rings, const struct perf_settings *settings, pid_t tid,
    const struct cpu_list *cpus, struct err *e)
{
    struct perf_rings rings = { .len = cpus->len };
    if (!open_all(&rings, settings, tid, cpus)) {
        perf_open_error(e, errno, tid);
        vec_done(&rings.fds);
        return false;
    }
    rings.ptr = xcalloc(rings.len, sizeof *rings.ptr);
    if (!map_ladder(&rings, e)) {
        perf_rings_close(&rings);
        return false;
    }
    if (settings->per_cpu && !perf_rings_set_clocks(&rings, settings, cpus)) {
        perf_open_error(e, errno, tid);
        perf_rings_close(&rings);
        return false;
    }
    for (size_t i = 0; i < rings.len; i++)
        rings.ptr[i].ids = settings->ids;
    *ret_rings = rings;
    return true;
}

bool perf_rings_redirect(const struct perf_rings *rings, size_t n, int fd)
{
    return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, rings->fds.ptr[n]) == 0;
}

bool perf_rings_add(struct perf_rings *rings, const struct perf_settings *settings, pid_t tid,
    const struct cpu_list *cpus)
{
    const size_t before = rings->fds.len;
    if (settings->per_cpu)
        return true;
    if (!open_all(rings, settings, tid, cpus))
        return false;
    for (size_t i = 0; i < cpus->len; i++) {
        if (!perf_rings_redirect(rings, i, rings->fds.ptr[before + i])) {
            const int error = errno;
            close_from(rings, before);
            errno = error;
            return false;
        }
    }
    return true;
}

void perf_rings_enable(struct perf_rings *rings, bool on)
{
    const unsigned long request = on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE;
    for (size_t i = 0; i < rings->fds.len; i++)
        ioctl(rings->fds.ptr[i], request, 0);
    for (size_t i = 0; i < rings->clocks.len; i++)
        ioctl(rings->clocks.ptr[i], request, 0);
}

void perf_rings_close(struct perf_rings *rings)
{
    close_clocks(rings);
    unmap_all(rings);
    close_from(rings, 0);
    vec_done(&rings->fds);
    free(rings->ptr);
    *rings = (struct perf_rings){ 0 };
}

/* Above 2 some distributions keep everybody but root from opening any. */
const char *perf_refused_hint(void)
{
    int64_t paranoid;
    if (procfs_setting("kernel/perf_event_paranoid", &paranoid) && paranoid > PARANOID_USER &&
        geteuid() != 0)
        return "sudo sysctl kernel.perf_event_paranoid=2; in a container also: --cap-add PERFMON";
    return "in a container: --cap-add PERFMON, or a seccomp profile that allows perf_event_open";
}

bool perf_open_error(struct err *e, int errnum, pid_t pid)
{
    err_sys(e, errnum, "cannot open perf events for pid %d", (int)pid);
    switch (errnum) {
    case EACCES:
    case EPERM:
    case ENOSYS: /* a kernel without it, or a seccomp profile that says so */
        return err_hint(e, "%s%s", perf_refused_hint(),
            pid == getpid() ? "" : "; the process must also be yours");
    case ESRCH:
        return err_hint(e, "the process has ended");
    case EMFILE:
        return err_hint(e, "raise the limit of open files: ulimit -n 65536");
    default:
        return false;
    }
}
