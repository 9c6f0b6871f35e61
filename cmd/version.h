// SPDX-License-Identifier: MIT
/* What this build of prof consists of: for `prof version` and `prof check`. */
#ifndef PROF_CMD_VERSION_H
#define PROF_CMD_VERSION_H

#include <stdbool.h>
#include <stddef.h>

struct build_fact {
    const char *name; /* of a library */
    bool present;
    const char *purpose;
};

const struct build_fact *build_facts(size_t *ret_count);

/* Prints "prof 0.1.0" alone. */
void version_print(void);

#endif
