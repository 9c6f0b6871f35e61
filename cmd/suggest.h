// SPDX-License-Identifier: MIT
/* "Did you mean": the nearest of some words to a mistyped one. */
#ifndef PROF_CMD_SUGGEST_H
#define PROF_CMD_SUGGEST_H

#include <stddef.h>

/* Edits between two words: insert, delete, replace, swap two neighbours (Damerau-Levenshtein, each
 * place edited once). Words longer than SUGGEST_WORD_MAX are SIZE_MAX apart. */
enum { SUGGEST_WORD_MAX = 40 };
size_t suggest_distance(const char *a, const char *b);

/* Keeps the best of the words offered one by one. */
struct suggestion {
    const char *typed;
    const char *best; /* NULL: nothing near enough yet */
    size_t distance;
};

void suggest_offer(struct suggestion *s, const char *word);

#endif
