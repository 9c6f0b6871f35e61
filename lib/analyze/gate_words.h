// SPDX-License-Identifier: MIT
/* The words of a --fail-on condition: names, comparisons, numbers with units, and where they are.
 */
#ifndef PROF_ANALYZE_GATE_WORDS_H
#define PROF_ANALYZE_GATE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

struct gate_words {
    const char *text, *at;
    const char *word; /* where the last word began */
    struct err *e;
};

void gate_words_init(struct gate_words *w, const char *text, struct err *e);
bool gate_words_end(struct gate_words *w); /* nothing is left */

/* Takes a sign, or a whole word; false: something else is there. */
bool gate_words_take(struct gate_words *w, const char *sign);
bool gate_words_take_name(struct gate_words *w, const char *name);

/* Letters, digits, '_' and '-'; free it. NULL: there is none. */
char *gate_words_name(struct gate_words *w);

/* Errors, always false: at the next word, or at the last one taken. */
bool gate_words_wrong(struct gate_words *w, const char *expected);
bool gate_words_wrong_word(struct gate_words *w, const char *expected);

enum comparison { LESS, LESS_EQUAL, MORE, MORE_EQUAL, EQUAL };

bool gate_words_comparison(struct gate_words *w, enum comparison *ret_comparison);
bool compare(double a, enum comparison how, double b);

struct gate_number {
    double value;     /* in `unit` */
    const char *unit; /* as in words.h; NULL: none was given */
};

bool gate_words_number(struct gate_words *w, struct gate_number *ret_number);

/* A number without unit is a count or a rate. */
bool gate_number_fits(const struct gate_number *n, const char *unit);
const char *gate_unit_example(const char *unit); /* "a time such as 50ms" */

#endif
