// SPDX-License-Identifier: MIT
/* What the unwinders know of a space. Internal to lib/unwind. */
#ifndef PROF_UNWIND_SPACE_H
#define PROF_UNWIND_SPACE_H

#include <stddef.h>
#include <stdint.h>

#include "unwind/unwind.h"

/* What libunwind remembers of a space (libunwind.c). */
struct unwind_reference;

struct unwind_reference *reference_new(void); /* NULL when built without libunwind */
void reference_free(struct unwind_reference *r);
void reference_forget(struct unwind_reference *r); /* the map has changed */

/* Regions are sorted and do not overlap. */
struct unwind_space {
    struct unwind_region *regions;
    uint64_t *starts; /* of the regions; the search reads these alone */
    size_t len, cap;
    struct unwind_reference *reference;
};

#endif
