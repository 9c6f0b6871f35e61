// SPDX-License-Identifier: MIT
#include "profile/profile.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "profile/sample_log.h"
#include "profile/tables.h"

/* Row 0 of each table means "none" or "unknown", so that zeroed ids are always valid. */
static void add_none_rows(struct profile *p)
{
    profile_add_string(p, slice_of(""));
    vec_push(&p->modules, (struct module){ 0 });
    vec_push(&p->funcs, (struct func){ 0 });
    vec_push(&p->frames, (struct frame){ 0 });
    vec_push(&p->stacks, (struct stack){ 0 });
    vec_push(&p->processes, (struct process){ 0 });
    vec_push(&p->threads, (struct thread){ 0 });
}

struct profile *profile_new(void)
{
    struct profile *p = xcalloc(1, sizeof *p);
    for (int c = 0; c < CHANNELS; c++)
        p->channels[c] = sample_log_new();
    add_none_rows(p);
    return p;
}

static void free_meta(struct profile_meta *m)
{
    size_t count;
    const struct meta_row *rows = profile_meta_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].type == META_TEXT)
            free(*meta_text(m, &rows[i]));
    }
}

static void free_evidence(struct profile *p)
{
    for (int c = 0; c < CHANNELS; c++)
        sample_log_free(p->channels[c]);
    vec_done(&p->spans);
    for (size_t i = 0; i < p->histograms.len; i++) {
        free(p->histograms.ptr[i]->buckets);
        free(p->histograms.ptr[i]);
    }
    vec_done(&p->histograms);
    vec_done(&p->tallies);
    map_done(&p->tally_index);
    vec_done(&p->facts);
    map_done(&p->fact_index);
}

void profile_free(struct profile *p)
{
    if (!p)
        return;
    free_meta(&p->meta);
    arena_done(&p->text);
    vec_done(&p->strings);
    map_done(&p->string_index);
    vec_done(&p->modules);
    vec_done(&p->funcs);
    map_done(&p->func_index);
    vec_done(&p->frames);
    map_done(&p->frame_index);
    vec_done(&p->lines);
    vec_done(&p->stacks);
    map_done(&p->stack_index);
    vec_done(&p->processes);
    vec_done(&p->threads);
    for (size_t i = 0; i < p->series.len; i++)
        vec_done(&p->series.ptr[i].points);
    vec_done(&p->series);
    map_done(&p->series_index);
    vec_done(&p->notes);
    free_evidence(p);
    free(p);
}

struct profile_meta *profile_meta(struct profile *p)
{
    return &p->meta;
}

const struct profile_meta *profile_meta_get(const struct profile *p)
{
    return &p->meta;
}

void profile_add_sample(struct profile *p, const struct sample *s)
{
    sample_log_add(p->channels[CHANNEL_CPU], s);
}

const struct sample_log *profile_samples(const struct profile *p)
{
    return p->channels[CHANNEL_CPU];
}

struct sample_log *profile_samples_edit(struct profile *p)
{
    return p->channels[CHANNEL_CPU];
}
