// SPDX-License-Identifier: MIT
#include "record/call_tally.h"

#include <errno.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"

enum {
    ROWS_MAX = 4096,       /* beyond, objects are left out */
    EXCHANGE_SLOTS = 4096, /* a power of two; two descriptors that share one lose an exchange */
};

/* Something was written on a descriptor, and nothing has been read since. */
struct exchange {
    pid_t pid; /* 0: empty */
    int fd;
    uint64_t written_ns;
};

struct call_tally {
    struct profile *profile;
    struct map index; /* of rows, by thread, name and what */
    VEC(struct tally) rows;
    struct exchange *exchanges;
    struct string_id name_call, name_exchange, name_again;
    struct strbuf text;
};

struct call_tally *call_tally_new(struct profile *p)
{
    struct call_tally *t = xcalloc(1, sizeof *t);
    t->profile = p;
    t->exchanges = xcalloc(EXCHANGE_SLOTS, sizeof *t->exchanges);
    t->name_call = profile_add_string(p, slice_of("syscall"));
    t->name_exchange = profile_add_string(p, slice_of("roundtrip"));
    t->name_again = profile_add_string(p, slice_of("again"));
    t->text = (struct strbuf)STRBUF_INIT;
    return t;
}

void call_tally_free(struct call_tally *t)
{
    if (!t)
        return;
    map_done(&t->index);
    vec_done(&t->rows);
    free(t->exchanges);
    strbuf_done(&t->text);
    free(t);
}

static struct tally *find_row(
    struct call_tally *t, struct thread_id thread, struct string_id name, struct string_id what)
{
    const uint64_t hash = hash_mix(hash_mix(hash_u64(thread.i), name.i), what.i);
    struct map_probe probe = map_probe(&t->index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        struct tally *row = &t->rows.ptr[item];
        if (row->thread.i == thread.i && row->name.i == name.i && row->what.i == what.i)
            return row;
    }
    const struct tally row = { .thread = thread, .name = name, .what = what };
    map_add(&t->index, hash, (uint32_t)t->rows.len);
    vec_push(&t->rows, row);
    return &t->rows.ptr[t->rows.len - 1];
}

static struct tally *row_of(
    struct call_tally *t, struct thread_id thread, struct string_id name, const struct wait *what)
{
    struct wait w = *what;
    if (t->rows.len >= ROWS_MAX)
        w.object = (struct slice){ 0 };
    strbuf_clear(&t->text);
    wait_text(&w, &t->text);
    return find_row(t, thread, name, profile_add_string(t->profile, strbuf_slice(&t->text)));
}

static void add_time(struct tally *row, uint64_t ns)
{
    row->count++;
    row->ns += ns;
    row->max_ns = ns > row->max_ns ? ns : row->max_ns;
}

/* ---- exchanges ---- */

static struct exchange *slot_of(struct call_tally *t, pid_t pid, int fd)
{
    const uint64_t hash = hash_mix(hash_u64((uint64_t)(uint32_t)pid), (uint64_t)(uint32_t)fd);
    return &t->exchanges[hash & (EXCHANGE_SLOTS - 1)];
}

/* Somebody else answers on it. A client that asks us is answered by us. */
static bool can_answer(enum wait_kind kind)
{
    return kind == WAIT_TCP || kind == WAIT_UDP || kind == WAIT_UNIX;
}

/* Several writes in a row are one question, several reads one answer. */
static void follow_exchange(struct call_tally *t, const struct ended_call *call)
{
    struct exchange *x = slot_of(t, call->pid, call->fd);
    const bool same = x->pid == call->pid && x->fd == call->fd;
    if (call->writes && !same) {
        *x = (struct exchange){ call->pid, call->fd, call->from_ns };
    } else if (call->reads && same && call->to_ns >= x->written_ns) {
        const struct wait what = {
            .kind = call->what.kind,
            .operation = slice_of("exchange"),
            .object = call->what.object,
        };
        struct tally *row = row_of(t, call->thread, t->name_exchange, &what);
        add_time(row, call->to_ns - x->written_ns);
        row->bytes += (uint64_t)call->result;
        row->small += call->result < CALL_SMALL_BYTES;
        *x = (struct exchange){ 0 };
    }
}

void call_tally_forget(struct call_tally *t, pid_t pid, int fd)
{
    struct exchange *x = slot_of(t, pid, fd);
    if (x->pid == pid && x->fd == fd)
        *x = (struct exchange){ 0 };
}

/* ---- calls ---- */

void call_tally_add(struct call_tally *t, const struct ended_call *call)
{
    const bool moves = (call->reads || call->writes) && call->result >= 0;
    struct tally *row = row_of(t, call->thread, t->name_call, &call->what);
    add_time(row, call->to_ns - call->from_ns);
    if (moves) {
        row->bytes += (uint64_t)call->result;
        row->small += call->result < CALL_SMALL_BYTES;
    }
    if (call->result == -EAGAIN && call->fd >= 0)
        add_time(row_of(t, call->thread, t->name_again, &call->what), call->to_ns - call->from_ns);
    if (moves && call->result > 0 && call->fd >= 0 && can_answer(call->what.kind))
        follow_exchange(t, call);
}

void call_tally_flush(struct call_tally *t)
{
    for (size_t i = 0; i < t->rows.len; i++)
        profile_add_tally(t->profile, &t->rows.ptr[i]);
    vec_clear(&t->rows);
    map_done(&t->index);
    t->index = (struct map){ 0 };
    for (size_t i = 0; i < EXCHANGE_SLOTS; i++)
        t->exchanges[i] = (struct exchange){ 0 };
}
