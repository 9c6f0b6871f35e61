// SPDX-License-Identifier: MIT
/*
 * Kinds of code as the page shows them: those of the model, and inlined frames. The colours were
 * searched for the largest smallest distance (CIE76) between any two kinds under normal vision and
 * three kinds of colour blindness (Machado, Oliveira, Fernandes 2009), with readable labels;
 * tests/web/palette.test.mjs holds them to it. A letter goes with each colour.
 */
#ifndef PROF_FLAMEGRAPH_PALETTE_H
#define PROF_FLAMEGRAPH_PALETTE_H

#include "profile/profile.h"

enum { PALETTE_INLINED = FUNC_KINDS, PALETTE_KINDS };

struct palette_kind {
    const char *id;
    const char *title;
    const char *hint; /* what belongs to it */
    char letter;
    const char *light, *dark; /* fill, behind text #1a1a1a and #f4f4f4 */
};

const struct palette_kind *palette_kind(int kind);

/* Kind by which a frame is painted. */
int palette_kind_of(const struct func *f, uint32_t row_flags);

#endif
