// SPDX-License-Identifier: MIT
/*
 * Environment variables that make language runtimes name the code they generate. What the user has
 * set stays: lists are appended to, single values are left alone. Pure.
 */
#ifndef PROF_RECORD_RUNTIME_ENV_H
#define PROF_RECORD_RUNTIME_ENV_H

#include <stdbool.h>

#include "base/slice.h"

struct runtime_env {
    char **env;     /* NULL-terminated, for exec; array and texts owned */
    char *said;     /* "NODE_OPTIONS=... PYTHONPERFSUPPORT=1": what was added; owned */
    bool maps_ours; /* perf maps exist because of us, not because the user wanted them */
};

/* env: the target's own; program: to tell the JVM, whose option prints a line on standard error. */
void runtime_env_build(char *const *env, const char *program, struct runtime_env *ret_env);

/* The same without what makes V8 write a log (v8_place.h): its functions have no names then. */
void runtime_env_build_without_v8_log(
    char *const *env, const char *program, struct runtime_env *ret_env);

/* A copy with one variable set. */
void runtime_env_set(struct runtime_env *e, const char *name, const char *value);

/* Appends the words that the variable lacks. Words and old value have blanks between them. */
void runtime_env_add_words(struct runtime_env *e, const char *name, const char *words);
void runtime_env_done(struct runtime_env *e);

#endif
