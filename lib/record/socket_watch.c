// SPDX-License-Identifier: MIT
#include "record/socket_watch.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "profile/evidence.h"
#include "record/sockets.h"

/* As often as that, or as seldom as it takes to cost no more than one part in so many. The first
 * seconds tell when a server begins to listen. */
#define BEAT_NS NS_PER_S
#define EARLY_BEAT_NS (NS_PER_S / 4)
#define EARLY_NS (20 * NS_PER_S)
#define COST_PARTS 500

/* The kernel keeps listeners in a small table of their own. For connections it walks one with room
 * for all that the machine could have, which takes milliseconds on a large one. TIME_WAIT, of which
 * there are many, is nobody's. */
#define LISTENERS (1u << TCP_LISTEN)
#define CONNECTIONS                                                                                \
    (1u << TCP_ESTABLISHED | 1u << TCP_CLOSE_WAIT | 1u << TCP_FIN_WAIT1 | 1u << TCP_LAST_ACK)

/* What was closed is kept by the kernel for a minute, but may make room earlier. */
#define CLOSED_BEAT_NS NS_PER_S
#define PROBE_BEAT_NS (20 * NS_PER_MS)

enum {
    PORTS_MAX = 64,
    LISTENING_MAX = 4096,
    REFRESHED_AT_ONCE = 8, /* processes */
    PROBED_AT_ONCE = 4,
    PROBED_NUMBERS = 3, /* descriptors of each, 2 us */
};

void socket_watch_init(struct socket_watch *s, bool launched)
{
    const uint64_t now_ns = clock_monotonic_ns();
    *s = (struct socket_watch){
        .fd = -1, .began_ns = now_ns, .peers = socket_peers_new(now_ns, launched)
    };
}

void socket_watch_done(struct socket_watch *s)
{
    close_fd(&s->fd);
    vec_done(&s->owned);
    vec_done(&s->sums);
    vec_done(&s->listening);
    socket_peers_free(s->peers);
}

static int by_inode(const void *a, const void *b)
{
    const struct owned_socket *x = a, *y = b;
    if (x->inode != y->inode)
        return x->inode < y->inode ? -1 : 1;
    return (x->process > y->process) - (x->process < y->process);
}

static void collect(struct socket_watch *s, struct process_watch *const *watches, size_t count)
{
    vec_clear(&s->owned);
    vec_clear(&s->sums);
    for (size_t i = 0; i < count; i++) {
        const struct fd_table *fds = &watches[i]->fds;
        vec_push(&s->sums, ((struct socket_sums){ 0 }));
        for (size_t k = 0; k < fds->entries.len; k++) {
            const struct fd_entry *entry = &fds->entries.ptr[k];
            if (entry->kind == FD_SOCKET && entry->inode)
                vec_push(&s->owned, ((struct owned_socket){ entry->inode, (uint32_t)i }));
        }
    }
    if (s->owned.len > 0)
        qsort(s->owned.ptr, s->owned.len, sizeof *s->owned.ptr, by_inode);
}

/* "80,443" grows by ports that were not there; the fact of the first one's time is set once. */
static void note_port(const struct process_watch *w, uint16_t port, uint64_t now_ns)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf number = STRBUF_INIT;
    const struct slice known = profile_fact(w->profile, w->row, "listens");
    struct slice rest = known, part;
    strbuf_addf(&number, "%u", port);
    int count = 0;
    while (slice_split(&rest, ',', &part)) {
        if (slice_is(part, number.ptr) || ++count >= PORTS_MAX)
            return;
    }
    strbuf_addslice(&text, known);
    strbuf_addf(&text, "%s%s", known.len > 0 ? "," : "", number.ptr);
    profile_set_fact(w->profile, w->row, "listens", strbuf_slice(&text));
    if (known.len > 0)
        return;
    strbuf_clear(&text);
    strbuf_addf(&text, "%llu", (unsigned long long)now_ns);
    profile_set_fact(w->profile, w->row, "first_listen_ns", strbuf_slice(&text));
}

static void add_to(struct socket_sums *sums, const struct socket_row *row)
{
    if (row->state == TCP_LISTEN) {
        sums->listens = true;
        if (row->receive_queue > sums->backlog)
            sums->backlog = row->receive_queue;
        return;
    }
    sums->connected = true;
    sums->send_queue += row->send_queue;
    sums->close_wait += row->state == TCP_CLOSE_WAIT;
}

/* An accepted connection has the port that its server listens on. */
static bool was_accepted(const struct socket_watch *s, const struct socket_row *row)
{
    for (size_t i = 0; i < s->listening.len; i++)
        if (s->listening.ptr[i] == row->port)
            return true;
    return false;
}

static void note_listening(struct socket_watch *s, uint16_t port)
{
    if (s->listening.len < LISTENING_MAX)
        vec_push(&s->listening, port);
}

/* What several processes have inherited counts for the last of them, in whose hands it is as a
 * rule. One that was met between looks may be missing among the descriptors. */
static void see_connection(
    struct socket_watch *s, const struct process_watch *owner, const struct socket_row *row)
{
    if (owner || socket_peers_knows(s->peers, row->inode))
        socket_peers_see(s->peers, owner ? owner->row : (struct process_id){ 0 }, row,
            was_accepted(s, row), clock_monotonic_ns());
}

/* A socket that several processes share counts for each: all of them could accept from it. */
static void seen(void *ctx, const struct socket_row *row)
{
    struct socket_watch *s = ctx;
    const struct process_watch *owner = NULL;
    size_t low = 0, high = s->owned.len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->owned.ptr[middle].inode < row->inode)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < s->owned.len && s->owned.ptr[low].inode == row->inode; low++) {
        const uint32_t process = s->owned.ptr[low].process;
        owner = s->watches[process];
        add_to(&s->sums.ptr[process], row);
        if (row->state == TCP_LISTEN)
            note_port(s->watches[process], row->port, clock_monotonic_ns());
    }
    if (row->state != TCP_LISTEN)
        see_connection(s, owner, row);
}

/* A series that has begun goes on with 0 when its sockets are gone. */
static void add_gauge(
    struct process_watch *w, enum watched_series kind, bool there, uint64_t now_ns, uint64_t value)
{
    if (there || w->has_series[kind])
        process_watch_add(w, kind, now_ns, (double)value);
}

static void add_points(struct socket_watch *s, uint64_t now_ns, uint32_t states)
{
    for (size_t i = 0; i < s->sums.len; i++) {
        const struct socket_sums *sums = &s->sums.ptr[i];
        struct process_watch *w = s->watches[i];
        if (states & LISTENERS)
            add_gauge(w, WATCHED_LISTEN_BACKLOG, sums->listens, now_ns, sums->backlog);
        if (!(states & CONNECTIONS))
            continue;
        add_gauge(w, WATCHED_SEND_QUEUE, sums->connected, now_ns, sums->send_queue);
        add_gauge(w, WATCHED_CLOSE_WAIT, sums->connected, now_ns, sums->close_wait);
    }
}

static uint64_t pause_after(uint64_t from_cpu_ns, uint64_t least_ns)
{
    const uint64_t pause_ns = (clock_thread_cpu_ns() - from_cpu_ns) * COST_PARTS;
    return pause_ns > least_ns ? pause_ns : least_ns;
}

static uint64_t beat_at(const struct socket_watch *s, uint64_t now_ns)
{
    return now_ns - s->began_ns < EARLY_NS ? EARLY_BEAT_NS : BEAT_NS;
}

static void look_at_listeners(struct socket_watch *s, uint64_t now_ns)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    if (sockets_dump(s->fd, LISTENERS, false, seen, s))
        add_points(s, now_ns, LISTENERS);
    s->next_listeners_ns = now_ns + pause_after(from_ns, beat_at(s, now_ns));
}

static void seen_listener(void *ctx, const struct socket_row *row)
{
    note_listening(ctx, row->port);
}

/* Who listens now: a connection that nobody is known to have accepted was else taken to be one that
 * the process has made. */
static void list_listeners(struct socket_watch *s)
{
    vec_clear(&s->listening);
    sockets_dump(s->fd, LISTENERS, false, seen_listener, s);
}

static void look_at_connections(struct socket_watch *s, uint64_t now_ns)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    list_listeners(s);
    socket_peers_begin(s->peers, now_ns);
    if (sockets_dump(s->fd, CONNECTIONS, true, seen, s)) {
        add_points(s, now_ns, CONNECTIONS);
        socket_peers_end(s->peers);
    }
    s->next_connections_ns = now_ns + pause_after(from_ns, beat_at(s, now_ns));
}

/* No socket is an answer too. */
static void look_at_nothing(struct socket_watch *s, uint64_t now_ns)
{
    socket_peers_begin(s->peers, now_ns);
    socket_peers_end(s->peers);
    s->next_listeners_ns = s->next_connections_ns = now_ns + beat_at(s, now_ns);
}

struct closed_look {
    struct socket_peers *peers;
    uint64_t now_ns;
};

static void seen_closed(void *ctx, const struct socket_row *row)
{
    const struct closed_look *look = ctx;
    socket_peers_see_closed(look->peers, row, look->now_ns);
}

static void look_at_closed(struct socket_watch *s, uint64_t now_ns)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    struct closed_look look = { s->peers, now_ns };
    if (s->fd < 0 || !socket_peers_wants_closed(s->peers))
        return;
    if (sockets_dump(s->fd, 1u << TCP_TIME_WAIT, false, seen_closed, &look))
        socket_peers_end_closed(s->peers, now_ns);
    s->next_closed_ns = now_ns + pause_after(from_ns, CLOSED_BEAT_NS);
}

/* Whose connections live for a moment has other ones now than at the last look at descriptors. */
static void refresh_descriptors(struct socket_watch *s, size_t count)
{
    int left = REFRESHED_AT_ONCE;
    for (size_t i = 0; i < count && left > 0; i++) {
        struct process_watch *w = s->watches[i];
        if (!socket_peers_calls_often(s->peers, w->row))
            continue;
        fd_table_read(&w->fds, w->pid);
        left--;
    }
}

void socket_watch_beat(
    struct socket_watch *s, struct process_watch *const *watches, size_t count, uint64_t now_ns)
{
    const bool listeners = now_ns >= s->next_listeners_ns;
    const bool connections = now_ns >= s->next_connections_ns;
    if (count == 0 || (!listeners && !connections))
        return;
    if (!s->tried)
        s->fd = sockets_open(watches[0]->pid);
    s->tried = true;
    s->watches = watches;
    if (connections)
        refresh_descriptors(s, count);
    collect(s, watches, count);
    if (s->fd < 0)
        return;
    if (s->owned.len == 0 && !socket_peers_any(s->peers)) {
        look_at_nothing(s, now_ns);
        return;
    }
    if (listeners)
        look_at_listeners(s, now_ns);
    if (connections)
        look_at_connections(s, now_ns);
    if (now_ns >= s->next_closed_ns)
        look_at_closed(s, now_ns);
}

/* ---- between looks ---- */

static void probe_number(
    struct socket_watch *s, const struct process_watch *w, uint32_t number, uint64_t now_ns)
{
    struct socket_row row;
    if (!sockets_ask(w->pid, (int)number, &row))
        return;
    if (!socket_peers_knows(s->peers, row.inode) && !was_accepted(s, &row))
        list_listeners(s);
    socket_peers_see(s->peers, w->row, &row, was_accepted(s, &row), now_ns);
}

/* The kernel gives the lowest free number (open(2)), so connections of a moment have one of the
 * first that nothing holds for long. */
static void probe_process(struct socket_watch *s, const struct process_watch *w, uint64_t now_ns)
{
    uint32_t next = 0;
    int left = PROBED_NUMBERS;
    for (size_t i = 0; i <= w->fds.entries.len && left > 0; i++) {
        const struct fd_entry *entry = i < w->fds.entries.len ? &w->fds.entries.ptr[i] : NULL;
        for (; left > 0 && (!entry || next < entry->number); left--)
            probe_number(s, w, next++, now_ns);
        if (!entry || left == 0)
            return;
        if (entry->kind == FD_SOCKET && !socket_peers_is_kept(s->peers, entry->inode, now_ns)) {
            probe_number(s, w, entry->number, now_ns);
            left--;
        }
        next = entry->number + 1;
    }
}

void socket_watch_probe(
    struct socket_watch *s, struct process_watch *const *watches, size_t count, uint64_t now_ns)
{
    if (now_ns < s->next_probe_ns || s->fd < 0)
        return;
    const uint64_t from_ns = clock_thread_cpu_ns();
    int left = PROBED_AT_ONCE;
    for (size_t i = 0; i < count && left > 0; i++) {
        const struct process_watch *w = watches[s->next_probed++ % count];
        if (w->fds.entries.len == 0)
            continue; /* may not be read */
        probe_process(s, w, now_ns);
        left--;
    }
    s->next_probe_ns = now_ns + pause_after(from_ns, PROBE_BEAT_NS);
}

void socket_watch_end(struct socket_watch *s, struct profile *p, uint64_t now_ns)
{
    look_at_closed(s, now_ns);
    socket_peers_say(s->peers, p);
}
