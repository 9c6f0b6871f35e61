// SPDX-License-Identifier: MIT
/*
 * The inside of struct profile, for the files of this folder only. Each table is a vector of rows
 * and, where rows are interned, a hash index over them.
 */
#ifndef PROF_PROFILE_TABLES_H
#define PROF_PROFILE_TABLES_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "profile/evidence.h"
#include "profile/profile.h"

struct series_data {
    struct series row;
    VEC(struct series_point) points;
    uint64_t added; /* points ever; some may have been thinned out since */
};

struct profile {
    struct profile_meta meta;

    struct arena text; /* the strings' bytes */
    VEC(struct slice) strings;
    struct map string_index;

    VEC(struct module) modules;
    VEC(struct func) funcs;
    struct map func_index;

    VEC(struct frame) frames;
    struct map frame_index; /* unresolved frames by address, imported ones by their lines */
    VEC(struct line) lines;

    VEC(struct stack) stacks;
    struct map stack_index;

    VEC(struct process) processes;
    VEC(struct thread) threads;
    VEC(struct series_data) series;
    struct map series_index;
    uint64_t points_total; /* of all series */
    uint32_t points_limit; /* of one series; 0: not lowered yet */
    VEC(struct note) notes;

    struct sample_log *channels[CHANNELS];

    VEC(struct span) spans;
    VEC(struct histogram *) histograms; /* each on the heap: their addresses are handed out */
    VEC(struct tally) tallies;
    struct map tally_index;
    VEC(struct fact) facts;
    struct map fact_index;
};

#endif
