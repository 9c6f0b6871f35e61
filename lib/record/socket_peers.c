// SPDX-License-Identifier: MIT
#include "record/socket_peers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/vec.h"
#include "profile/wait.h"

#define SHORT_LIFE_NS NS_PER_S
/* net/ipv4: TCP_TIMEWAIT_LEN */
#define TIME_WAIT_MS 60000

enum {
    CONNECTIONS_MAX = 16384,
    PEERS_MAX = 256,
    SHORT_LEAST = 3, /* seen by chance: there are many more */
};

struct connection {
    uint64_t inode;
    struct process_id process;
    uint32_t peer; /* index */
    struct socket_talk talk;
    uint64_t out, in;           /* segments with data, since it was met */
    int64_t least_ahead;        /* of segments out over segments in: nothing was under way then */
    uint64_t first_ns, last_ns; /* seen */
};

struct peer {
    struct process_id process;
    struct socket_end end; /* accepted: only our port is set */
    bool accepted;
    uint64_t exchanges, bytes;
    uint64_t busy_ns, open_ns; /* the two bounds */
    uint64_t short_lived, long_lived;
    uint64_t closed;
};

struct socket_peers {
    VEC(struct connection) known; /* by rising inode */
    VEC(struct peer) peers;
    uint64_t look_ns, closed_ns; /* closed_ns: of the last look at TIME_WAIT */
    uint64_t closed_seen_ns;     /* that such looks stand for */
    uint64_t first_look_ns, last_look_ns;
    uint64_t looks;
    bool launched;
    bool counts; /* this kernel counts segments */
};

struct socket_peers *socket_peers_new(uint64_t now_ns, bool launched)
{
    struct socket_peers *s = xcalloc(1, sizeof *s);
    s->closed_ns = now_ns;
    s->launched = launched;
    return s;
}

void socket_peers_free(struct socket_peers *s)
{
    if (!s)
        return;
    vec_done(&s->known);
    vec_done(&s->peers);
    free(s);
}

/* ---- peers ---- */

/* UINT32_MAX: there are too many. */
static uint32_t peer_of(
    struct socket_peers *s, struct process_id process, const struct socket_row *row, bool accepted)
{
    const struct socket_end ours = { .port = row->port };
    const struct socket_end *end = accepted ? &ours : &row->peer;
    for (size_t i = 0; i < s->peers.len; i++) {
        const struct peer *p = &s->peers.ptr[i];
        if (p->process.i == process.i && p->accepted == accepted && socket_end_equal(&p->end, end))
            return (uint32_t)i;
    }
    if (s->peers.len >= PEERS_MAX)
        return UINT32_MAX;
    vec_push(&s->peers, ((struct peer){ .process = process, .end = *end, .accepted = accepted }));
    return (uint32_t)(s->peers.len - 1);
}

/* ---- connections ---- */

/* The place of the first one with that inode or a higher one. */
static size_t place_of(const struct socket_peers *s, uint64_t inode)
{
    size_t low = 0, high = s->known.len;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->known.ptr[middle].inode < inode)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct connection *find(const struct socket_peers *s, uint64_t inode)
{
    const size_t at = place_of(s, inode);
    return at < s->known.len && s->known.ptr[at].inode == inode ? &s->known.ptr[at] : NULL;
}

static void insert(struct socket_peers *s, const struct connection *c)
{
    const size_t at = place_of(s, c->inode);
    vec_push(&s->known, *c);
    memmove(
        &s->known.ptr[at + 1], &s->known.ptr[at], (s->known.len - 1 - at) * sizeof *s->known.ptr);
    s->known.ptr[at] = *c;
}

bool socket_peers_any(const struct socket_peers *s)
{
    return s->peers.len > 0;
}

bool socket_peers_knows(const struct socket_peers *s, uint64_t inode)
{
    return find(s, inode) != NULL;
}

bool socket_peers_is_kept(const struct socket_peers *s, uint64_t inode, uint64_t now_ns)
{
    const struct connection *c = find(s, inode);
    return c && now_ns - c->first_ns >= SHORT_LIFE_NS;
}

static uint64_t more(uint64_t now, uint64_t before)
{
    return now > before ? now - before : 0;
}

static int64_t ahead_of(const struct socket_talk *t)
{
    return (int64_t)t->segments_out - (int64_t)t->segments_in;
}

/* Of its whole life: between two looks there may be a question alone, and then its answer. */
static uint64_t exchanges_of(const struct connection *c)
{
    return c->out < c->in ? c->out : c->in;
}

/* What has happened on it since it was seen last. */
static void add_talk(struct socket_peers *s, struct connection *c, const struct socket_row *row)
{
    struct peer *p = &s->peers.ptr[c->peer];
    const struct socket_talk *t = &row->talk;
    const uint64_t before = exchanges_of(c);
    c->out += more(t->segments_out, c->talk.segments_out);
    c->in += more(t->segments_in, c->talk.segments_in);
    p->exchanges += exchanges_of(c) - before;
    p->bytes += more(t->bytes_in, c->talk.bytes_in);
    p->busy_ns += more(t->busy_us, c->talk.busy_us) * NS_PER_US;
    c->talk = *t;
    if (ahead_of(t) < c->least_ahead)
        c->least_ahead = ahead_of(t);
}

/* What it had moved before the first look is history; what begins later is seen from its beginning,
 * because all counts began at 0. */
static struct connection *meet(struct socket_peers *s, struct process_id process,
    const struct socket_row *row, bool accepted, uint64_t now_ns)
{
    const uint32_t peer = peer_of(s, process, row, accepted);
    if (peer == UINT32_MAX || s->known.len >= CONNECTIONS_MAX)
        return NULL;
    struct connection c = {
        .inode = row->inode,
        .process = process,
        .peer = peer,
        .first_ns = now_ns,
        .last_ns = now_ns,
    };
    if (s->looks == 0 && !s->launched) {
        c.talk = row->talk;
        c.least_ahead = ahead_of(&row->talk);
    }
    insert(s, &c);
    return find(s, row->inode);
}

void socket_peers_begin(struct socket_peers *s, uint64_t now_ns)
{
    s->look_ns = now_ns;
    if (s->first_look_ns == 0)
        s->first_look_ns = now_ns;
}

void socket_peers_see(struct socket_peers *s, struct process_id process,
    const struct socket_row *row, bool accepted, uint64_t now_ns)
{
    struct connection *c = find(s, row->inode);
    if (!c && row->inode != 0 && process.i != 0)
        c = meet(s, process, row, accepted, now_ns);
    if (!c)
        return;
    s->counts |= row->has_talk;
    if (row->has_talk)
        add_talk(s, c, row);
    c->last_ns = now_ns;
}

/* A question is under way: what moved last went out. To be connected counts as received, in the
 * same tick as what is sent first. Who asks again as soon as the answer is there does both in one
 * tick (4 ms): then it is told by their numbers, where questions and answers have one segment each.
 */
static bool is_open(const struct connection *c)
{
    const struct socket_talk *t = &c->talk;
    if (t->segments_in == 0)
        return t->segments_out > 0;
    if (t->sent_ms_ago != t->received_ms_ago)
        return t->sent_ms_ago < t->received_ms_ago;
    return ahead_of(t) == c->least_ahead + 1;
}

void socket_peers_end(struct socket_peers *s)
{
    const uint64_t passed_ns = s->looks > 0 ? s->look_ns - s->last_look_ns : 0;
    size_t kept = 0;
    for (size_t i = 0; i < s->known.len; i++) {
        const struct connection *c = &s->known.ptr[i];
        struct peer *p = &s->peers.ptr[c->peer];
        if (c->last_ns >= s->look_ns) {
            p->open_ns += is_open(c) ? passed_ns : 0;
            s->known.ptr[kept++] = *c;
        } else if (c->last_ns - c->first_ns < SHORT_LIFE_NS && c->first_ns > s->first_look_ns) {
            p->short_lived++;
        } else {
            p->long_lived++;
        }
    }
    s->known.len = kept;
    s->last_look_ns = s->look_ns;
    s->looks++;
}

/* ---- TIME_WAIT ---- */

static bool closes_soon(const struct peer *p)
{
    return p->short_lived >= SHORT_LEAST && p->short_lived > p->long_lived;
}

bool socket_peers_calls_often(const struct socket_peers *s, struct process_id process)
{
    for (size_t i = 0; i < s->peers.len; i++) {
        const struct peer *p = &s->peers.ptr[i];
        if (!p->accepted && closes_soon(p) && (process.i == 0 || p->process.i == process.i))
            return true;
    }
    return false;
}

bool socket_peers_wants_closed(const struct socket_peers *s)
{
    return socket_peers_calls_often(s, (struct process_id){ 0 });
}

/* Several processes that call the same peer share what was closed as they were seen with it. */
static uint64_t seen_short(const struct socket_peers *s, const struct socket_end *end)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < s->peers.len; i++) {
        const struct peer *p = &s->peers.ptr[i];
        if (!p->accepted && closes_soon(p) && socket_end_equal(&p->end, end))
            sum += p->short_lived;
    }
    return sum;
}

/* Ours where we have closed first; on one machine also where the peer has, at its end. The kernel
 * keeps each for TIME_WAIT_MS, so what is left of that tells when it was closed. */
void socket_peers_see_closed(struct socket_peers *s, const struct socket_row *row, uint64_t now_ns)
{
    const uint64_t since_ms = more(now_ns, s->closed_ns) / NS_PER_MS;
    const uint64_t closed_ms_ago = more(TIME_WAIT_MS, row->timer_ms);
    if (closed_ms_ago >= since_ms)
        return;
    for (size_t i = 0; i < s->peers.len; i++) {
        struct peer *p = &s->peers.ptr[i];
        if (!p->accepted &&
            (socket_end_equal(&p->end, &row->peer) || socket_end_equal(&p->end, &row->local)))
            p->closed++;
    }
}

void socket_peers_end_closed(struct socket_peers *s, uint64_t now_ns)
{
    const uint64_t passed_ns = now_ns - s->closed_ns, kept_ns = TIME_WAIT_MS * NS_PER_MS;
    s->closed_seen_ns += passed_ns < kept_ns ? passed_ns : kept_ns;
    s->closed_ns = now_ns;
}

/* ---- what is said ---- */

/* Tallies belong to threads; of a process its first. */
static struct thread_id first_thread(const struct profile *p, struct process_id process)
{
    struct thread_id found = { 0 };
    for (uint32_t i = 1; i <= profile_thread_count(p); i++) {
        const struct thread_id id = { i };
        const struct thread *t = profile_thread(p, id);
        if (t->process.i != process.i)
            continue;
        if (t->tid == profile_process(p, process)->pid)
            return id;
        found = found.i ? found : id;
    }
    return found;
}

static void add_tally(struct profile *p, const struct peer *peer, const char *name,
    const char *operation, const struct tally *figures)
{
    PROF_CLEANUP(strbuf_done) struct strbuf object = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    struct tally t = *figures;
    t.thread = first_thread(p, peer->process);
    if (peer->accepted)
        strbuf_addf(&object, ":%u", peer->end.port);
    else
        socket_end_name(&peer->end, &object);
    const struct wait what = {
        .kind = peer->accepted ? WAIT_CLIENT : WAIT_TCP,
        .operation = slice_of(operation),
        .object = strbuf_slice(&object),
    };
    wait_text(&what, &text);
    t.name = profile_add_string(p, slice_of(name));
    t.what = profile_add_string(p, strbuf_slice(&text));
    if (t.thread.i)
        profile_add_tally(p, &t);
}

/* Of all that were closed, those of this process. */
static uint64_t closed_by(const struct socket_peers *s, const struct peer *peer)
{
    const uint64_t all = seen_short(s, &peer->end);
    return all > 0 && closes_soon(peer) ? peer->closed * peer->short_lived / all : 0;
}

/* Clients that come for a moment are mostly missed: then what was served is not known. */
static void say_served(struct profile *p, const struct peer *peer)
{
    const struct tally figures = { .count = peer->exchanges, .bytes = peer->bytes };
    if (figures.count > 0 && !closes_soon(peer))
        add_tally(p, peer, "served", "serve", &figures);
}

/* A connection of a moment, too, was made for one exchange at least. */
static void say_exchanges(const struct socket_peers *s, struct profile *p, const struct peer *peer)
{
    const uint64_t closed = closed_by(s, peer);
    const struct tally figures = {
        .count = peer->exchanges > closed ? peer->exchanges : closed,
        .ns = peer->busy_ns > peer->open_ns ? peer->busy_ns : peer->open_ns,
        .bytes = peer->bytes,
    };
    if (figures.count > 0)
        add_tally(p, peer, "exchange", "exchange", &figures);
    if (closed > 0)
        add_tally(p, peer, "closed", "connect", &(struct tally){ .count = closed });
}

static void say_time(struct profile *p, const char *key, uint64_t ns)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "%" PRIu64, ns);
    profile_set_fact(p, (struct process_id){ 0 }, key, strbuf_slice(&text));
}

void socket_peers_say(struct socket_peers *s, struct profile *p)
{
    for (size_t i = 0; i < s->peers.len; i++) {
        if (s->peers.ptr[i].accepted)
            say_served(p, &s->peers.ptr[i]);
        else
            say_exchanges(s, p, &s->peers.ptr[i]);
    }
    if (s->looks > 0 && (s->counts || s->peers.len == 0))
        say_time(p, "exchanges_seen_ns", s->last_look_ns - s->first_look_ns);
    if (s->closed_seen_ns > 0)
        say_time(p, "closed_seen_ns", s->closed_seen_ns);
}
