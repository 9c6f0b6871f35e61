// SPDX-License-Identifier: MIT
#include "cmd/suggest.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

static size_t min3(size_t a, size_t b, size_t c)
{
    size_t least = a < b ? a : b;
    return least < c ? least : c;
}

size_t suggest_distance(const char *a, const char *b)
{
    size_t a_len = strlen(a), b_len = strlen(b);
    if (a_len > SUGGEST_WORD_MAX || b_len > SUGGEST_WORD_MAX)
        return SIZE_MAX;
    size_t rows[3][SUGGEST_WORD_MAX + 1]; /* the row before the last, the last, this one */
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= b_len; j++)
        last[j] = j;
    for (size_t i = 1; i <= a_len; i++) {
        now[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t replaced = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = min3(last[j] + 1, now[j - 1] + 1, replaced);
            bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < now[j])
                now[j] = before[j - 2] + 1;
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[b_len];
}

void suggest_offer(struct suggestion *s, const char *word)
{
    size_t typed_len = strlen(s->typed);
    size_t distance = suggest_distance(s->typed, word);
    if (typed_len >= 2 && strncmp(s->typed, word, typed_len) == 0)
        distance = 1; /* an abbreviation */
    size_t allowed = typed_len < 3 ? 1 : typed_len < 8 ? 2 : 3;
    if (distance > allowed || (s->best && distance >= s->distance))
        return;
    s->best = word;
    s->distance = distance;
}
