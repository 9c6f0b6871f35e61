// SPDX-License-Identifier: MIT
/*
 * Where V8 puts the log that it opens beside its perf map: in the working folder, and when it
 * cannot, on the program's standard output. That must not happen to a program because it is looked
 * at.
 */
#ifndef PROF_RECORD_V8_PLACE_H
#define PROF_RECORD_V8_PLACE_H

#include <stdbool.h>

#include "record/record.h"

#define V8_LOG_FOLDER "/tmp" /* where the perf map is, too */

/* The log can be opened in the working folder by that user; NULL: by ourselves. By owner, group and
 * mode alone for another user: no is then the careful answer. */
bool v8_log_fits_here(const struct record_user *user);

/* The command line with the option that puts the log elsewhere; NULL: it does not start Node.js
 * itself, and NODE_OPTIONS may not hold that option. The array is owned, its texts are not. */
char **v8_log_elsewhere(char *const *argv);

#endif
