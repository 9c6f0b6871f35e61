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

enum { PORTS_MAX = 64 };

void socket_watch_init(struct socket_watch *s)
{
    *s = (struct socket_watch){ .fd = -1, .began_ns = clock_monotonic_ns() };
}

void socket_watch_done(struct socket_watch *s)
{
    close_fd(&s->fd);
    vec_done(&s->owned);
    vec_done(&s->sums);
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

/* A socket that several processes share counts for each: all of them could accept from it. */
static void seen(void *ctx, const struct socket_row *row)
{
    struct socket_watch *s = ctx;
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
        add_to(&s->sums.ptr[process], row);
        if (row->state == TCP_LISTEN)
            note_port(s->watches[process], row->port, clock_monotonic_ns());
    }
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

/* Returns when to look again. */
static uint64_t look(struct socket_watch *s, uint32_t states, uint64_t now_ns)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    if (sockets_dump(s->fd, states, seen, s))
        add_points(s, now_ns, states);
    const uint64_t pause_ns = (clock_thread_cpu_ns() - from_ns) * COST_PARTS;
    const uint64_t beat_ns = now_ns - s->began_ns < EARLY_NS ? EARLY_BEAT_NS : BEAT_NS;
    return now_ns + (pause_ns > beat_ns ? pause_ns : beat_ns);
}

void socket_watch_beat(
    struct socket_watch *s, struct process_watch *const *watches, size_t count, uint64_t now_ns)
{
    const bool listeners = now_ns >= s->next_listeners_ns;
    const bool connections = now_ns >= s->next_connections_ns;
    if (!listeners && !connections)
        return;
    s->watches = watches;
    collect(s, watches, count);
    if (s->owned.len == 0)
        return;
    if (!s->tried)
        s->fd = sockets_open(watches[s->owned.ptr[0].process]->pid);
    s->tried = true;
    if (s->fd < 0)
        return;
    if (listeners)
        s->next_listeners_ns = look(s, LISTENERS, now_ns);
    if (connections)
        s->next_connections_ns = look(s, CONNECTIONS, now_ns);
}
