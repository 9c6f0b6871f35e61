// SPDX-License-Identifier: MIT
/*
 * Who started prof, and what the environment says. Read once at start-up and nowhere else: lib/
 * gets what it needs as options. Under sudo prof itself is root, but the target, the browser and
 * the output files belong to the person at the keyboard.
 */
#ifndef PROF_CMD_INVOKER_H
#define PROF_CMD_INVOKER_H

#include <stdbool.h>

#include "base/err.h"
#include "record/record.h"

struct invoker {
    bool sudo; /* prof is root on behalf of `user` */
    struct record_user user;
    const char *search_path; /* PATH */
};

void invoker_init(struct invoker *who);

/* Gives a file that prof has just made to the person behind sudo. */
void invoker_own(const struct invoker *who, int fd);

/* Looks a program up as execvp(3) does. ERR_NOT_FOUND or ERR_TARGET (it cannot be executed). */
bool invoker_find_program(const struct invoker *who, const char *name, struct err *e);

/* Starts the desktop's browser on a file, as that person; does not wait for it. */
bool invoker_open(const struct invoker *who, const char *path, struct err *e);

#endif
