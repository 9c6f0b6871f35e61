// SPDX-License-Identifier: MIT
#include "record/process_watch.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { STATUS_BYTES = 4096, IO_BYTES = 512, STAT_BYTES = 1024, THREADS_MAX = 8192 };

/* Descriptors are looked at once a second, or as seldom as it takes for the looks to cost no more
 * than one part in so many of the time. */
#define FDS_BEAT_NS NS_PER_S
#define FDS_EARLY_BEAT_NS (NS_PER_S / 4) /* while the process is young: it opens most then */
#define FDS_EARLY_NS (20 * NS_PER_S)
#define FDS_COST_PARTS 500

static const struct {
    const char *name, *unit;
} names[] = {
    [WATCHED_CPU] = { "cpu", "ns" },
    [WATCHED_RSS] = { "rss", "bytes" },
    [WATCHED_ANON] = { "anon", "bytes" },
    [WATCHED_SWAP] = { "swap", "bytes" },
    [WATCHED_FAULTS_MINOR] = { "faults_minor", "count" },
    [WATCHED_FAULTS_MAJOR] = { "faults_major", "count" },
    [WATCHED_SWITCHES_VOLUNTARY] = { "switches_voluntary", "count" },
    [WATCHED_SWITCHES_FORCED] = { "switches_forced", "count" },
    [WATCHED_THREADS] = { "threads", "count" },
    [WATCHED_FDS] = { "fds", "count" },
    [WATCHED_FDS_FILE] = { "fds_file", "count" },
    [WATCHED_FDS_SOCKET] = { "fds_socket", "count" },
    [WATCHED_FDS_PIPE] = { "fds_pipe", "count" },
    [WATCHED_FDS_OTHER] = { "fds_other", "count" },
    [WATCHED_IO_READ] = { "io_read", "bytes" },
    [WATCHED_IO_WRITE] = { "io_write", "bytes" },
    [WATCHED_IO_READ_CALLS] = { "io_read_calls", "count" },
    [WATCHED_IO_WRITE_CALLS] = { "io_write_calls", "count" },
    [WATCHED_IO_READ_CHARS] = { "io_read_chars", "bytes" },
    [WATCHED_IO_WRITE_CHARS] = { "io_write_chars", "bytes" },
    [WATCHED_LISTEN_BACKLOG] = { "listen_backlog", "count" },
    [WATCHED_SEND_QUEUE] = { "send_queue", "bytes" },
    [WATCHED_CLOSE_WAIT] = { "sockets_close_wait", "count" },
};

void process_watch_add(
    struct process_watch *w, enum watched_series kind, uint64_t now_ns, double value)
{
    if (!w->has_series[kind]) {
        const struct series row = {
            .name = profile_add_string(w->profile, slice_of(names[kind].name)),
            .unit = profile_add_string(w->profile, slice_of(names[kind].unit)),
            .process = w->row,
        };
        w->series[kind] = profile_add_series(w->profile, &row);
        w->has_series[kind] = true;
    }
    profile_add_point(w->profile, w->series[kind], now_ns, value);
}

static int open_file(pid_t pid, const char *name)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/%s", (int)pid, name);
    return open(path.ptr, O_RDONLY | O_CLOEXEC);
}

/* A file of /proc that is kept open is made anew by each read from its beginning. */
static struct slice read_at(int fd, pid_t pid, const char *name, char *buffer, size_t room)
{
    PROF_CLEANUP(close_fd) int opened = fd >= 0 ? -1 : open_file(pid, name);
    const ssize_t got = pread(fd >= 0 ? fd : opened, buffer, room, 0);
    return (struct slice){ buffer, got > 0 ? (size_t)got : 0 };
}

static bool read_stat(struct process_watch *w)
{
    char buffer[STAT_BYTES];
    return procfs_parse_stat(read_at(w->stat_fd, w->pid, "stat", buffer, sizeof buffer), &w->stat);
}

void process_watch_init(
    struct process_watch *w, struct profile *p, struct process_id row, pid_t pid, bool keep_open)
{
    *w = (struct process_watch){
        .profile = p,
        .row = row,
        .pid = pid,
        .began_ns = clock_monotonic_ns(),
        .stat_fd = keep_open ? open_file(pid, "stat") : -1,
        .status_fd = keep_open ? open_file(pid, "status") : -1,
        .io_fd = keep_open ? open_file(pid, "io") : -1,
    };
    read_stat(w);
}

uint64_t process_watch_own_ns(const struct process_watch *w)
{
    return w->stat.user_ns + w->stat.kernel_ns;
}

uint64_t process_watch_children_ns(const struct process_watch *w)
{
    return w->stat.children_user_ns + w->stat.children_kernel_ns;
}

void process_watch_done(struct process_watch *w)
{
    close_fd(&w->stat_fd);
    close_fd(&w->status_fd);
    close_fd(&w->io_fd);
    vec_done(&w->threads);
    fd_table_done(&w->fds);
}

bool process_watch_basics(struct process_watch *w, uint64_t now_ns)
{
    if (!read_stat(w))
        return false;
    process_watch_add(w, WATCHED_RSS, now_ns, (double)w->stat.rss_bytes);
    process_watch_add(w, WATCHED_CPU, now_ns, (double)(w->stat.user_ns + w->stat.kernel_ns));
    return true;
}

static void add_memory(struct process_watch *w, uint64_t now_ns)
{
    char buffer[STATUS_BYTES];
    const struct slice text = read_at(w->status_fd, w->pid, "status", buffer, sizeof buffer);
    uint64_t kib;
    if (procfs_parse_status(text, "RssAnon", &kib))
        process_watch_add(w, WATCHED_ANON, now_ns, (double)(kib * 1024));
    if (procfs_parse_status(text, "VmSwap", &kib))
        process_watch_add(w, WATCHED_SWAP, now_ns, (double)(kib * 1024));
}

static void add_io(struct process_watch *w, uint64_t now_ns)
{
    char buffer[IO_BYTES];
    struct procfs_io io;
    if (!procfs_parse_io(read_at(w->io_fd, w->pid, "io", buffer, sizeof buffer), &io))
        return;
    process_watch_add(w, WATCHED_IO_READ, now_ns, (double)io.read_bytes);
    process_watch_add(w, WATCHED_IO_WRITE, now_ns, (double)io.write_bytes);
    process_watch_add(w, WATCHED_IO_READ_CALLS, now_ns, (double)io.read_calls);
    process_watch_add(w, WATCHED_IO_WRITE_CALLS, now_ns, (double)io.write_calls);
    process_watch_add(w, WATCHED_IO_READ_CHARS, now_ns, (double)io.read_chars);
    process_watch_add(w, WATCHED_IO_WRITE_CHARS, now_ns, (double)io.write_chars);
}

static void add_descriptors(struct process_watch *w, uint64_t now_ns)
{
    const uint64_t count = fd_count(w->pid);
    if (count > 0)
        process_watch_add(w, WATCHED_FDS, now_ns, (double)count);
    if (now_ns < w->next_fds_ns)
        return;
    const uint64_t from_ns = clock_thread_cpu_ns();
    if (!fd_table_read(&w->fds, w->pid))
        return;
    const uint64_t pause_ns = (clock_thread_cpu_ns() - from_ns) * FDS_COST_PARTS;
    const uint64_t beat_ns = now_ns - w->began_ns < FDS_EARLY_NS ? FDS_EARLY_BEAT_NS : FDS_BEAT_NS;
    w->next_fds_ns = now_ns + (pause_ns > beat_ns ? pause_ns : beat_ns);
    if (count == 0)
        process_watch_add(w, WATCHED_FDS, now_ns, (double)w->fds.entries.len);
    process_watch_add(w, WATCHED_FDS_FILE, now_ns, (double)w->fds.counts[FD_FILE]);
    process_watch_add(w, WATCHED_FDS_SOCKET, now_ns, (double)w->fds.counts[FD_SOCKET]);
    process_watch_add(w, WATCHED_FDS_PIPE, now_ns, (double)w->fds.counts[FD_PIPE]);
    process_watch_add(w, WATCHED_FDS_OTHER, now_ns, (double)w->fds.counts[FD_OTHER]);
}

static void add_switches(struct process_watch *w, uint64_t now_ns)
{
    uint64_t voluntary = w->ended_voluntary, forced = w->ended_forced;
    if (w->threads.len == 0)
        return;
    for (size_t i = 0; i < w->threads.len; i++) {
        const struct thread_switches *t = &w->threads.ptr[i];
        voluntary += t->voluntary - t->voluntary_before;
        forced += t->forced - t->forced_before;
    }
    process_watch_add(w, WATCHED_SWITCHES_VOLUNTARY, now_ns, (double)voluntary);
    process_watch_add(w, WATCHED_SWITCHES_FORCED, now_ns, (double)forced);
}

void process_watch_details(struct process_watch *w, uint64_t now_ns)
{
    process_watch_add(w, WATCHED_FAULTS_MINOR, now_ns, (double)w->stat.minor_faults);
    process_watch_add(w, WATCHED_FAULTS_MAJOR, now_ns, (double)w->stat.major_faults);
    process_watch_add(w, WATCHED_THREADS, now_ns, (double)w->stat.threads);
    add_memory(w, now_ns);
    add_io(w, now_ns);
    add_descriptors(w, now_ns);
    add_switches(w, now_ns);
}

/* ---- threads ---- */

static struct thread_switches *find_thread(struct process_watch *w, pid_t tid)
{
    for (size_t i = 0; i < w->threads.len; i++)
        if (w->threads.ptr[i].tid == tid)
            return &w->threads.ptr[i];
    return NULL;
}

void process_watch_thread(struct process_watch *w, pid_t tid, struct slice status)
{
    struct thread_switches now = { .tid = tid };
    if (!procfs_parse_status(status, "voluntary_ctxt_switches", &now.voluntary) ||
        !procfs_parse_status(status, "nonvoluntary_ctxt_switches", &now.forced))
        return;
    struct thread_switches *known = find_thread(w, tid);
    if (known && (now.voluntary < known->voluntary || now.forced < known->forced)) {
        process_watch_thread_ended(w, tid); /* the number came back */
        known = NULL;
    }
    if (!known && w->threads.len >= THREADS_MAX)
        return;
    if (known) {
        known->voluntary = now.voluntary;
        known->forced = now.forced;
        return;
    }
    now.voluntary_before = w->ran_before ? now.voluntary : 0;
    now.forced_before = w->ran_before ? now.forced : 0;
    vec_push(&w->threads, now);
}

void process_watch_thread_ended(struct process_watch *w, pid_t tid)
{
    struct thread_switches *known = find_thread(w, tid);
    if (!known)
        return;
    w->ended_voluntary += known->voluntary - known->voluntary_before;
    w->ended_forced += known->forced - known->forced_before;
    *known = w->threads.ptr[--w->threads.len];
}
