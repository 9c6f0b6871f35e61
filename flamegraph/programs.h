// SPDX-License-Identifier: MIT
/* How the time is divided between programs, for a recording of more than one process. */
#ifndef PROF_FLAMEGRAPH_PROGRAMS_H
#define PROF_FLAMEGRAPH_PROGRAMS_H

#include <stdint.h>

#include "flamegraph/facts.h"

struct program {
    struct slice name;  /* zero-terminated */
    uint32_t processes; /* with samples */
    uint64_t weight;
};

struct programs {
    struct program *rows; /* heaviest first */
    uint32_t len;
    uint32_t processes;
};

/* Processes without samples do not count. */
void programs_build(
    const struct profile *p, const struct timeline *line, struct programs *ret_programs);
void programs_done(struct programs *list);

/* "Of 3 programs in 5 processes, gzip takes 51.9 %, sort 28 %."; nothing for one process. */
void programs_sentence(struct strbuf *out, const struct programs *list, uint64_t whole);

/* The heaviest as a table; nothing for one process. */
void programs_table(struct strbuf *out, const struct programs *list, uint64_t whole);

#endif
