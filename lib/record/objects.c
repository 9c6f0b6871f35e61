// SPDX-License-Identifier: MIT
#include "record/objects.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/strbuf.h"
#include "record/calls.h"
#include "record/procfs_read.h"
#include "record/socket_names.h"
#include "record/target_memory.h"

enum {
    KNOWN_SLOTS = 1 << 13, /* a power of two; two descriptors that share one look up anew */
    POLL_FDS_MAX = 64,     /* more: it is a loop over many */
    SELECT_BITS_MAX = 1024,
    PATH_TEXT_MAX = 512,
    TTY_MAJOR_FIRST = 4, /* Documentation/admin-guide/devices.txt: 4 tty, 5 console */
    TTY_MAJOR_LAST = 5,
    PTS_MAJOR_FIRST = 136, /* 136-143 Unix98 pseudo terminals */
    PTS_MAJOR_LAST = 143,
};

struct known {
    pid_t pid; /* 0: empty */
    int fd;
    uint64_t link_hash;
    enum wait_kind kind;
    char *object;   /* owned; NULL: none */
    bool unsure;    /* could not be found out: to be tried again */
    uint32_t epoch; /* of objects, when the link was last compared */
};

struct objects {
    struct known *known;
    struct socket_names *sockets;
    uint32_t epoch;
    struct strbuf object, operation; /* what the last answer borrows from */
};

struct objects *objects_new(void)
{
    struct objects *o = xcalloc(1, sizeof *o);
    o->known = xcalloc(KNOWN_SLOTS, sizeof *o->known);
    o->sockets = socket_names_new();
    o->object = o->operation = (struct strbuf)STRBUF_INIT;
    return o;
}

void objects_free(struct objects *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < KNOWN_SLOTS; i++)
        free(o->known[i].object);
    free(o->known);
    socket_names_free(o->sockets);
    strbuf_done(&o->object);
    strbuf_done(&o->operation);
    free(o);
}

/* ---- one descriptor ---- */

static struct known *slot_of(struct objects *o, pid_t pid, int fd)
{
    const uint64_t hash = hash_mix(hash_u64((uint64_t)(uint32_t)pid), (uint64_t)(uint32_t)fd);
    return &o->known[hash & (KNOWN_SLOTS - 1)];
}

static void clear_known(struct known *k)
{
    free(k->object);
    *k = (struct known){ 0 };
}

static void set_known(struct known *k, enum wait_kind kind, struct slice object)
{
    free(k->object);
    k->kind = kind;
    k->object = object.len > 0 ? xmemdupz(object.ptr, object.len) : NULL;
}

static struct wait answer(const struct known *k)
{
    return (struct wait){ .kind = k->kind, .object = slice_of(k->object) };
}

/* "anon_inode:[eventpoll]", "anon_inode:inotify": as the kernel's file systems name them. */
static enum wait_kind kind_of_anonymous(struct slice name)
{
    static const struct {
        const char *name;
        enum wait_kind kind;
    } rows[] = {
        { "[eventpoll]", WAIT_LOOP },
        { "[io_uring]", WAIT_LOOP },
        { "[timerfd]", WAIT_SLEEP },
        { "[eventfd]", WAIT_EVENT },
        { "[signalfd]", WAIT_EVENT },
        { "inotify", WAIT_EVENT },
        { "[fanotify]", WAIT_EVENT },
        { "[pidfd]", WAIT_CHILD },
        { "[userfaultfd]", WAIT_FAULT },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++)
        if (slice_is(name, rows[i].name))
            return rows[i].kind;
    return WAIT_UNKNOWN;
}

static struct slice without_brackets(struct slice name)
{
    if (name.len >= 2 && name.ptr[0] == '[' && name.ptr[name.len - 1] == ']')
        return (struct slice){ name.ptr + 1, name.len - 2 };
    return name;
}

/* The number in "socket:[12345]"; 0: none. */
static uint64_t inode_in(struct slice link)
{
    uint64_t inode = 0;
    struct slice number = slice_skip(link, slice_find(link, '[') + 1);
    number.len = slice_find(number, ']');
    return slice_to_u64(number, 10, &inode) ? inode : 0;
}

/* Standard streams are known by their role, other pipes by the number that both ends share. */
static void set_pipe(struct known *k, struct slice link)
{
    static const char *const streams[] = { "stdin", "stdout", "stderr" };
    if (k->fd >= 0 && (size_t)k->fd < PROF_ARRAY_LEN(streams))
        set_known(k, WAIT_PIPE, slice_of(streams[k->fd]));
    else
        set_known(k, WAIT_PIPE, link);
}

static void set_socket(struct objects *o, struct known *k, struct slice link, uint64_t now_ns)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    enum wait_kind kind = WAIT_UNKNOWN;
    k->unsure = !socket_names_find(o->sockets, k->pid, k->fd, inode_in(link), now_ns, &kind, &name);
    if (k->unsure)
        strbuf_adds(&name, "socket");
    set_known(k, kind, strbuf_slice(&name));
}

static bool is_terminal(unsigned device_major)
{
    return (device_major >= TTY_MAJOR_FIRST && device_major <= TTY_MAJOR_LAST) ||
           (device_major >= PTS_MAJOR_FIRST && device_major <= PTS_MAJOR_LAST);
}

/* A path: a file, a terminal or a named pipe. The file system is not asked for fresh facts: a
 * server that does not answer would hold us up as well. */
static void set_path(struct known *k, struct slice path)
{
    PROF_CLEANUP(strbuf_done) struct strbuf link = STRBUF_INIT;
    struct statx st = { 0 };
    enum wait_kind kind = WAIT_FILE;
    strbuf_addf(&link, "/proc/%d/fd/%d", (int)k->pid, k->fd);
    if (statx(AT_FDCWD, link.ptr, AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, STATX_TYPE, &st) == 0) {
        if (S_ISFIFO(st.stx_mode))
            kind = WAIT_PIPE;
        else if (S_ISCHR(st.stx_mode) && is_terminal(st.stx_rdev_major))
            kind = WAIT_TTY;
    }
    set_known(k, kind, path);
}

static void look_up(struct objects *o, struct known *k, struct slice link, uint64_t now_ns)
{
    k->unsure = false;
    if (slice_starts(link, "socket:["))
        set_socket(o, k, link, now_ns);
    else if (slice_starts(link, "pipe:["))
        set_pipe(k, link);
    else if (slice_starts(link, "anon_inode:")) {
        const struct slice name = slice_skip(link, strlen("anon_inode:"));
        set_known(k, kind_of_anonymous(name), without_brackets(name));
    } else
        set_path(k, link);
}

struct wait objects_of_fd(struct objects *o, pid_t pid, int fd, bool fresh, uint64_t now_ns)
{
    struct known *k = slot_of(o, pid, fd);
    const bool same = k->pid == pid && k->fd == fd;
    if (same && fresh && k->epoch == o->epoch)
        return answer(k);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf link = STRBUF_INIT;
    strbuf_addf(&name, "fd/%d", fd);
    if (fd < 0 || !procfs_link(pid, name.ptr, &link))
        return (struct wait){ .kind = WAIT_UNKNOWN };
    const uint64_t hash = slice_hash(strbuf_slice(&link));
    if (!same || k->link_hash != hash || k->unsure) {
        clear_known(k);
        *k = (struct known){ .pid = pid, .fd = fd, .link_hash = hash };
        look_up(o, k, strbuf_slice(&link), now_ns);
    }
    k->epoch = o->epoch;
    return answer(k);
}

void objects_doubt(struct objects *o)
{
    o->epoch++;
}

void objects_forget(struct objects *o, pid_t pid, int fd)
{
    struct known *k = slot_of(o, pid, fd);
    if (k->pid == pid && k->fd == fd)
        clear_known(k);
}

void objects_set_peer(struct objects *o, pid_t pid, int fd, enum wait_kind kind, struct slice name)
{
    struct known *k = slot_of(o, pid, fd);
    clear_known(k);
    *k = (struct known){ .pid = pid, .fd = fd, .epoch = o->epoch };
    set_known(k, kind, name);
}

/* ---- calls ---- */

static struct wait many(void)
{
    return (struct wait){ .kind = WAIT_LOOP };
}

/* Polling nothing is sleeping; one descriptor is waiting for that one; more is a loop. */
static struct wait of_set(
    struct objects *o, const struct call *call, int fd, uint32_t count, uint64_t now_ns)
{
    if (count == 0)
        return (struct wait){ .kind = WAIT_SLEEP };
    return count == 1 ? objects_of_fd(o, call->pid, fd, false, now_ns) : many();
}

static struct wait of_poll(struct objects *o, const struct call *call, uint64_t now_ns)
{
    struct pollfd fds[POLL_FDS_MAX];
    const uint64_t want = call->args[1];
    int only = -1;
    uint32_t count = 0;
    if (want > POLL_FDS_MAX)
        return many();
    const size_t bytes = (size_t)want * sizeof fds[0];
    if (bytes > 0 && target_read(call->pid, call->args[0], fds, bytes) != bytes)
        return many();
    for (uint64_t i = 0; i < want; i++) {
        if (fds[i].fd < 0) /* poll(2): ignored */
            continue;
        only = fds[i].fd;
        count++;
    }
    return of_set(o, call, only, count, now_ns);
}

static struct wait of_select(struct objects *o, const struct call *call, uint64_t now_ns)
{
    uint64_t words[SELECT_BITS_MAX / 64], all[SELECT_BITS_MAX / 64] = { 0 };
    const uint64_t bits = call->args[0];
    if (bits > SELECT_BITS_MAX)
        return many();
    const size_t len = (size_t)(bits + 63) / 64;
    for (size_t set = 1; set <= 3; set++) {
        if (call->args[set] == 0 ||
            target_read(call->pid, call->args[set], words, len * 8) != len * 8)
            continue;
        for (size_t i = 0; i < len; i++)
            all[i] |= words[i];
    }
    int only = -1;
    uint32_t count = 0;
    for (size_t i = 0; i < len; i++) {
        if (all[i])
            only = (int)(i * 64) + __builtin_ctzll(all[i]);
        count += (uint32_t)__builtin_popcountll(all[i]);
    }
    return of_set(o, call, only, count, now_ns);
}

static struct wait of_path(struct objects *o, const struct call *call, uint64_t address)
{
    char text[PATH_TEXT_MAX];
    size_t len = target_read(call->pid, address, text, sizeof text);
    len = strnlen(text, len);
    strbuf_add(&o->object, text, len);
    return (struct wait){ .kind = WAIT_FILE, .object = strbuf_slice(&o->object) };
}

static struct wait of_futex(struct objects *o, const struct call *call)
{
    strbuf_addf(&o->object, "0x%llx", (unsigned long long)call->args[0]);
    return (struct wait){ .kind = WAIT_FUTEX, .object = strbuf_slice(&o->object) };
}

static struct wait of_descriptor(
    struct objects *o, const struct call *call, uint64_t argument, uint64_t now_ns)
{
    const uint64_t number = call->args[argument];
    if ((int)number < 0)
        return (struct wait){ .kind = WAIT_UNKNOWN };
    return objects_of_fd(o, call->pid, (int)number, false, now_ns);
}

static struct wait with_kind(struct wait w, enum wait_kind kind)
{
    w.kind = kind;
    return w;
}

static struct wait of_shape(
    struct objects *o, enum call_shape shape, const struct call *call, uint64_t now_ns)
{
    switch (shape) {
    case CALL_FD:
        return of_descriptor(o, call, 0, now_ns);
    case CALL_MAP_FD:
        return of_descriptor(o, call, 4, now_ns);
    case CALL_PATH:
        return of_path(o, call, call->args[0]);
    case CALL_PATH_AT:
        return of_path(o, call, call->args[1]);
    case CALL_FUTEX:
        return of_futex(o, call);
    case CALL_LOOP:
        return many();
    case CALL_POLL:
        return of_poll(o, call, now_ns);
    case CALL_SELECT:
        return of_select(o, call, now_ns);
    case CALL_SLEEP:
        return (struct wait){ .kind = WAIT_SLEEP };
    case CALL_CHILD:
        return (struct wait){ .kind = WAIT_CHILD };
    case CALL_SIGNAL:
        return (struct wait){ .kind = WAIT_EVENT };
    case CALL_SYNC:
        return with_kind(of_descriptor(o, call, 0, now_ns), WAIT_SYNC);
    case CALL_SYNC_MAP:
        return (struct wait){ .kind = WAIT_SYNC };
    case CALL_ACCEPT:
        return with_kind(of_descriptor(o, call, 0, now_ns), WAIT_ACCEPT);
    case CALL_PLAIN:
        break;
    }
    return (struct wait){ .kind = WAIT_UNKNOWN };
}

struct wait objects_of_call(struct objects *o, const struct call *call, uint64_t now_ns)
{
    const struct call_info *info = call_info(call->number);
    strbuf_clear(&o->object);
    strbuf_clear(&o->operation);
    if (!info) {
        strbuf_addf(&o->operation, "syscall_%llu", (unsigned long long)call->number);
        return (struct wait){ .kind = WAIT_UNKNOWN, .operation = strbuf_slice(&o->operation) };
    }
    struct wait w = of_shape(o, info->shape, call, now_ns);
    w.operation = slice_of(info->name);
    return w;
}
