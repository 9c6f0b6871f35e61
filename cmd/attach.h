// SPDX-License-Identifier: MIT
/* The words of a target's command line, whether prof launches it or finds it running. */
#ifndef PROF_CMD_ATTACH_H
#define PROF_CMD_ATTACH_H

#include <sys/types.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"
#include "base/vec.h"

struct target_words {
    VEC(struct slice) args;
    struct strbuf program; /* the file's name, without folders */
    struct strbuf bytes;   /* what args point into, when read from /proc */
};

void target_words_launch(struct target_words *words, char *const *argv, size_t count);

/* Fails when there is no such process, when it is another user's, or a mere thread. */
bool target_words_attach(struct target_words *words, pid_t pid, struct err *e);

void target_words_done(struct target_words *words);

#endif
