// SPDX-License-Identifier: MIT
#include "profile/evidence.h"

#include <assert.h>

#include "profile/sample_log.h"
#include "profile/tables.h"

/* ---- channels ---- */

static const struct channel_info channels[CHANNELS] = {
    [CHANNEL_CPU] = { "cpu", "time on the CPU", WEIGHT_NANOSECONDS },
    [CHANNEL_WAIT] = { "wait", "time off the CPU", WEIGHT_NANOSECONDS },
    [CHANNEL_FAULTS] = { "faults", "memory touched for the first time", WEIGHT_BYTES },
    [CHANNEL_TASKS] = { "tasks", "time of goroutines", WEIGHT_NANOSECONDS },
};

const struct channel_info *channel_info(enum channel c)
{
    return &channels[c < CHANNELS ? c : CHANNEL_CPU];
}

void profile_add_channel_sample(struct profile *p, enum channel c, const struct sample *s)
{
    sample_log_add(profile_channel_edit(p, c), s);
}

const struct sample_log *profile_channel(const struct profile *p, enum channel c)
{
    assert(c < CHANNELS);
    return p->channels[c];
}

struct sample_log *profile_channel_edit(struct profile *p, enum channel c)
{
    assert(c < CHANNELS);
    return p->channels[c];
}

/* ---- spans ---- */

static const char *const span_kinds[SPAN_KINDS] = {
    [SPAN_TURN] = "turn",
    [SPAN_GC] = "gc",
    [SPAN_WAIT] = "wait",
    [SPAN_BURST] = "burst",
    [SPAN_LOAD] = "load",
};

const char *span_kind_id(enum span_kind kind)
{
    return kind < SPAN_KINDS ? span_kinds[kind] : "unknown";
}

void profile_add_span(struct profile *p, const struct span *s)
{
    assert(s->thread.i < p->threads.len && s->label.i < p->strings.len);
    vec_push(&p->spans, *s);
}

const struct span *profile_spans(const struct profile *p, uint32_t *ret_count)
{
    *ret_count = (uint32_t)p->spans.len;
    return p->spans.ptr;
}

/* ---- tallies ---- */

static bool same_tally(const struct tally *a, const struct tally *b)
{
    return a->thread.i == b->thread.i && a->name.i == b->name.i && a->what.i == b->what.i;
}

static uint64_t hash_tally(const struct tally *t)
{
    return hash_mix(hash_u64((uint64_t)t->name.i << 32 | t->what.i), t->thread.i);
}

/* The row of the same thread, name and what; made when there is none. */
static struct tally *tally_row(struct profile *p, const struct tally *key)
{
    assert(key->thread.i < p->threads.len && key->name.i < p->strings.len &&
           key->what.i < p->strings.len);
    uint64_t hash = hash_tally(key);
    struct map_probe probe = map_probe(&p->tally_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (same_tally(&p->tallies.ptr[item], key))
            return &p->tallies.ptr[item];
    }
    struct tally row = { .thread = key->thread, .name = key->name, .what = key->what };
    map_add(&p->tally_index, hash, (uint32_t)p->tallies.len);
    vec_push(&p->tallies, row);
    return &p->tallies.ptr[p->tallies.len - 1];
}

void profile_add_tally(struct profile *p, const struct tally *t)
{
    struct tally *row = tally_row(p, t);
    row->count += t->count;
    row->ns += t->ns;
    row->bytes += t->bytes;
    row->small += t->small;
    if (t->max_ns > row->max_ns)
        row->max_ns = t->max_ns;
}

uint32_t profile_set_tally(struct profile *p, const struct tally *t)
{
    struct tally *row = tally_row(p, t);
    *row = *t;
    return (uint32_t)(row - p->tallies.ptr);
}

const struct tally *profile_tallies(const struct profile *p, uint32_t *ret_count)
{
    *ret_count = (uint32_t)p->tallies.len;
    return p->tallies.ptr;
}

struct tally profile_tally_sum(const struct profile *p, const char *name)
{
    uint32_t count;
    struct tally sum = { 0 };
    const struct tally *rows = profile_tallies(p, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!slice_is(profile_string(p, rows[i].name), name))
            continue;
        sum.count += rows[i].count;
        sum.ns += rows[i].ns;
    }
    return sum;
}

/* ---- facts ---- */

/* By the key's text, so that looking one up needs no string added. */
static uint64_t hash_fact(struct process_id process, struct slice key)
{
    return hash_mix(slice_hash(key), process.i);
}

/* Index of the fact; UINT32_MAX when there is none. */
static uint32_t find_fact(const struct profile *p, struct process_id process, struct slice key)
{
    struct map_probe probe = map_probe(&p->fact_index, hash_fact(process, key));
    uint32_t item;
    while (map_next(&probe, &item)) {
        const struct fact *f = &p->facts.ptr[item];
        if (f->process.i == process.i && slice_equal(profile_string(p, f->key), key))
            return item;
    }
    return UINT32_MAX;
}

uint32_t profile_put_fact(struct profile *p, const struct fact *f)
{
    assert(f->process.i < p->processes.len && f->value.i < p->strings.len);
    struct slice key = profile_string(p, f->key);
    uint32_t at = find_fact(p, f->process, key);
    if (at != UINT32_MAX) {
        p->facts.ptr[at] = *f;
        return at;
    }
    at = (uint32_t)p->facts.len;
    map_add(&p->fact_index, hash_fact(f->process, key), at);
    vec_push(&p->facts, *f);
    return at;
}

void profile_set_fact(
    struct profile *p, struct process_id process, const char *key, struct slice value)
{
    struct fact f = {
        .process = process,
        .key = profile_add_string(p, slice_of(key)),
        .value = profile_add_string(p, value),
    };
    profile_put_fact(p, &f);
}

struct slice profile_fact(const struct profile *p, struct process_id process, const char *key)
{
    uint32_t at = find_fact(p, process, slice_of(key));
    return at == UINT32_MAX ? slice_of("") : profile_string(p, p->facts.ptr[at].value);
}

struct fact profile_fact_at(const struct profile *p, uint32_t index)
{
    assert(index < p->facts.len);
    return p->facts.ptr[index];
}

uint32_t profile_fact_count(const struct profile *p)
{
    return (uint32_t)p->facts.len;
}
