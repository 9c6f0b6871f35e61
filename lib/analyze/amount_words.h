// SPDX-License-Identifier: MIT
/*
 * Amounts as a person reads them: "412 ms", "1.4 MB", "71 %". For arguments of printf: the text
 * lives until the end of the full expression. Any thread.
 */
#ifndef PROF_ANALYZE_AMOUNT_WORDS_H
#define PROF_ANALYZE_AMOUNT_WORDS_H

struct amount_words {
    char text[24];
};

struct amount_words words_ns(double ns);        /* "0.8 us", "12 ms", "3.4 s", "5 min", "2.5 h" */
struct amount_words words_bytes(double bytes);  /* "512 B", "1.4 MB": powers of 1000 */
struct amount_words words_share(double share);  /* 0..1: "0.4 %", "71 %" */
struct amount_words words_number(double value); /* "0.4", "3.2", "120", "24 thousand" */

#endif
