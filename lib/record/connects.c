// SPDX-License-Identifier: MIT
/*
 * Outgoing connections over the whole run, by peer: how many, and how long they lived. A call of
 * connect(2) is rare where connections are kept, and where it is not, that is the finding: above a
 * rate it is looked at a tenth of the time only. How many there are is counted beside that all the
 * time, by an event that carries nothing: of many calls the others carry more than can be taken.
 *
 * The address lies on the caller's stack as a rule, and a copy of that comes with the sample; else
 * it is read from memory a little later, when it may have changed: the socket itself is asked then.
 * A connection is taken to live until its descriptor is connected again, which is an upper bound.
 * Needs level full.
 */
#include "record/source.h"

#include <inttypes.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "profile/evidence.h"
#include "record/arch.h"
#include "record/objects.h"
#include "record/rare_event.h"
#include "record/socket_names.h"
#include "record/target_memory.h"
#include "record/tracepoint.h"

enum {
    SLOTS = 4096, /* a power of two */
    RATE_MAX_HZ = 500,
    EVENT_COST_NS = 10000, /* with a copy of the stack */
    COUNT_PERIOD = 16,     /* of the event that only counts: calls for each record */
    COUNT_COST_NS = 2000,  /* of its records: with what the calls between them take */
    PORT_DNS = 53,
    RAW_BYTES =
        40, /* events/syscalls/sys_enter_connect/format: fd, address, length at 16, 24, 32 */
};

struct connection {
    pid_t pid; /* 0: empty */
    int fd;
    struct thread_id thread;
    struct string_id what;
    uint64_t from_ns;
};

struct connects {
    struct recorder *recorder;
    struct objects *objects;
    struct connection *list; /* SLOTS */
    struct rare_event event;
    uint32_t counter;
    bool counter_rests;
    uint64_t followed_ns, counter_ns, rested_ns; /* how long it was open, and not */
    uint64_t seen_ns; /* how long the event was open while recording, from the first call on */
};

static void end_connection(struct connects *s, struct connection *c, uint64_t now_ns)
{
    struct profile *p = s->recorder->profile;
    const uint64_t ns = now_ns > c->from_ns ? now_ns - c->from_ns : 0;
    const struct tally tally = {
        .thread = c->thread,
        .name = profile_add_string(p, slice_of("connect")),
        .what = c->what,
        .count = 1,
        .ns = ns,
        .max_ns = ns,
    };
    if (c->pid)
        profile_add_tally(p, &tally);
    *c = (struct connection){ 0 };
}

/* ---- who is called ---- */

static bool find_address(const struct perf_record *r, uint64_t at, size_t len,
    struct sockaddr_storage *ret_address, bool *ret_late)
{
    const struct perf_sample *s = &r->sample;
    struct unwind_regs regs = { 0 };
    if (s->has_regs)
        arch_regs_decode(s->regs, &regs);
    *ret_late =
        !s->has_regs || at < regs.sp || s->stack_len < len || at - regs.sp > s->stack_len - len;
    memset(ret_address, 0, sizeof *ret_address);
    if (!*ret_late) {
        memcpy(ret_address, s->stack + (at - regs.sp), len);
        return true;
    }
    return target_read_all((pid_t)r->pid, at, ret_address, len);
}

/* The socket knows its type, the address does not; only when the socket has gone is it guessed. */
static enum wait_kind kind_of(const struct sockaddr_storage *address, enum wait_kind of_socket)
{
    if (address->ss_family == AF_UNIX)
        return WAIT_UNIX;
    if (of_socket == WAIT_TCP || of_socket == WAIT_UDP)
        return of_socket;
    return socket_port_of(address) == PORT_DNS || socket_port_of(address) == 0 ? WAIT_UDP
                                                                               : WAIT_TCP;
}

/* False: nothing is being called (AF_UNSPEC), or it cannot be known. */
static bool name_peer(struct connects *s, const struct perf_record *r, int fd, uint64_t at,
    uint64_t len, struct wait *ret_wait, struct strbuf *out)
{
    struct sockaddr_storage address;
    bool late;
    objects_forget(s->objects, (pid_t)r->pid, fd);
    const struct wait now = objects_of_fd(s->objects, (pid_t)r->pid, fd, false, r->time_ns);
    if (len < sizeof address.ss_family || len > sizeof address)
        return false;
    const bool read = find_address(r, at, (size_t)len, &address, &late);
    const bool connected = (now.kind == WAIT_TCP || now.kind == WAIT_UDP) && now.object.len > 0 &&
                           now.object.ptr[0] != ':';
    if (read && !(late && connected) && socket_name_of(&address, (socklen_t)len, out)) {
        ret_wait->kind = kind_of(&address, now.kind);
        return true;
    }
    strbuf_addslice(out, now.object);
    ret_wait->kind = now.kind;
    return connected;
}

/* ---- records ---- */

static void connects_take(void *state, const struct perf_record *r)
{
    struct connects *s = state;
    struct recorder *rec = s->recorder;
    uint64_t fields[3];
    if (r->event != s->event.event || r->sample.raw.len < RAW_BYTES || (int32_t)r->tid <= 0 ||
        r->time_ns < rec->from_ns || r->time_ns > rec->to_ns)
        return;
    memcpy(fields, r->sample.raw.ptr + 16, sizeof fields);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    struct wait what = { .operation = slice_of("connect") };
    const int fd = (int)fields[0];
    const struct tracked_thread *thread =
        processes_thread(&rec->processes, (pid_t)r->pid, (pid_t)r->tid, r->time_ns);
    if (!thread || !name_peer(s, r, fd, fields[1], fields[2] & UINT32_MAX, &what, &name))
        return;
    const uint64_t hash = hash_mix(hash_u64(r->pid), (uint64_t)(uint32_t)fd);
    struct connection *c = &s->list[hash & (SLOTS - 1)];
    end_connection(s, c, r->time_ns);
    what.object = strbuf_slice(&name);
    wait_text(&what, &text);
    *c = (struct connection){
        .pid = (pid_t)r->pid,
        .fd = fd,
        .thread = thread->row,
        .what = profile_add_string(rec->profile, strbuf_slice(&text)),
        .from_ns = r->time_ns,
    };
}

static void say_number(struct profile *p, const char *key, uint64_t number)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "%" PRIu64, number);
    profile_set_fact(p, (struct process_id){ 0 }, key, strbuf_slice(&text));
}

/* Each thread counts for itself on each CPU, so that a few are missing everywhere. */
static void say_seen(const struct connects *s)
{
    struct profile *p = s->recorder->profile;
    const uint64_t records = extra_events_count(s->recorder->extras, s->counter);
    const double part = s->counter_ns ? (double)s->rested_ns / (double)s->counter_ns : 0;
    say_number(p, "connects_seen_ns", s->seen_ns);
    if (records > 0)
        say_number(p, "connects_counted", (uint64_t)((double)records * COUNT_PERIOD * (1 + part)));
}

/* Where calls rest, those that are counted stand for the others. */
static void follow_rest(struct connects *s, uint64_t now_ns)
{
    struct extra_events *extras = s->recorder->extras;
    const uint64_t ns = s->followed_ns && now_ns > s->followed_ns ? now_ns - s->followed_ns : 0;
    const bool rests = extra_events_calls_rest(extras);
    if (s->counter_rests)
        s->rested_ns += ns;
    else
        s->counter_ns += ns;
    s->followed_ns = now_ns;
    if (rests && !s->counter_rests)
        extra_events_close(extras, s->counter);
    else if (!rests && s->counter_rests)
        extra_events_open(extras, s->counter);
    s->counter_rests = rests;
}

/* What was before the first call is no part of a rate. */
static void connects_drain(void *state, uint64_t now_ns, bool last)
{
    struct connects *s = state;
    const struct recorder *r = s->recorder;
    const bool any = extra_events_count(r->extras, s->event.event) > 0;
    follow_rest(s, now_ns);
    const uint64_t end_ns = now_ns < r->to_ns ? now_ns : r->to_ns;
    const uint64_t seen_ns = rare_event_look(&s->event, now_ns, last);
    s->seen_ns += any ? seen_ns : 0;
    for (size_t i = 0; last && i < SLOTS; i++)
        end_connection(s, &s->list[i], end_ns);
    if (last)
        say_seen(s);
}

/* ---- the source ---- */

static uint32_t add_counter(struct recorder *r)
{
    struct extra_event event = {
        .name = "syscalls/sys_enter_connect",
        .type = PERF_TYPE_TRACEPOINT,
        .period = COUNT_PERIOD,
        .stays = true,
        .of_calls = true,
        .cost_ns = COUNT_COST_NS,
    };
    if (!tracepoint_id(event.name, &event.config, NULL))
        return 0;
    const uint32_t counter = extra_events_add(r->extras, &event);
    extra_events_open(r->extras, counter);
    return counter;
}

static void *connects_start(struct recorder *r, struct err *e)
{
    static const struct extra_event event = {
        .name = "syscalls/sys_enter_connect",
        .without = "outgoing connections were not counted one by one",
        .with_stack = true,
        .with_raw = true,
        .of_calls = true,
        .cost_ns = EVENT_COST_NS,
    };
    struct rare_event calls = { .what = "outgoing connections", .rate_max_hz = RATE_MAX_HZ };
    if (!rare_event_start(&calls, r, &event, e))
        return NULL;
    struct connects *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    s->objects = objects_new();
    s->list = xcalloc(SLOTS, sizeof *s->list);
    s->event = calls;
    s->counter = add_counter(r);
    return s;
}

static void connects_stop(void *state)
{
    struct connects *s = state;
    if (!s)
        return;
    objects_free(s->objects);
    free(s->list);
    free(s);
}

const struct source source_connects = {
    .name = "connects",
    .role = SOURCE_COUNTER,
    .without = "outgoing connections were not counted one by one",
    .start = connects_start,
    .drain = connects_drain,
    .take = connects_take,
    .takes = 1u << PERF_EVENT,
    .doctor_only = true,
    .stop = connects_stop,
};
