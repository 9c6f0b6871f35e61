// SPDX-License-Identifier: MIT
#include "analyze/gate_words.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/compiler.h"

enum { FOUND_SHOWN = 24 };

void gate_words_init(struct gate_words *w, const char *text, struct err *e)
{
    *w = (struct gate_words){ .text = text, .at = text, .word = text, .e = e };
}

static void skip_blanks(struct gate_words *w)
{
    while (*w->at == ' ' || *w->at == '\t')
        w->at++;
}

bool gate_words_end(struct gate_words *w)
{
    skip_blanks(w);
    return *w->at == '\0';
}

bool gate_words_take(struct gate_words *w, const char *sign)
{
    skip_blanks(w);
    size_t len = strlen(sign);
    if (strncmp(w->at, sign, len) != 0)
        return false;
    w->word = w->at;
    w->at += len;
    return true;
}

static size_t name_length(const char *at)
{
    size_t len = 0;
    while (isalnum((unsigned char)at[len]) || at[len] == '_' || (len > 0 && at[len] == '-'))
        len++;
    return len;
}

bool gate_words_take_name(struct gate_words *w, const char *name)
{
    skip_blanks(w);
    size_t len = name_length(w->at);
    return len == strlen(name) && gate_words_take(w, name);
}

char *gate_words_name(struct gate_words *w)
{
    skip_blanks(w);
    size_t len = name_length(w->at);
    w->word = w->at;
    w->at += len;
    return len ? xmemdupz(w->word, len) : NULL;
}

static bool wrong_at(struct gate_words *w, const char *at, const char *expected)
{
    size_t position = (size_t)(at - w->text) + 1;
    if (*at == '\0')
        return err_set(w->e, ERR_USAGE, "--fail-on '%s', position %zu: expected %s, found the end",
            w->text, position, expected);
    return err_set(w->e, ERR_USAGE, "--fail-on '%s', position %zu: expected %s, found '%.*s'",
        w->text, position, expected, FOUND_SHOWN, at);
}

bool gate_words_wrong(struct gate_words *w, const char *expected)
{
    skip_blanks(w);
    return wrong_at(w, w->at, expected);
}

bool gate_words_wrong_word(struct gate_words *w, const char *expected)
{
    return wrong_at(w, w->word, expected);
}

/* ---- comparisons ---- */

bool gate_words_comparison(struct gate_words *w, enum comparison *ret_comparison)
{
    /* The longer sign first: ">=" begins as ">" does. */
    static const struct {
        const char *sign;
        enum comparison comparison;
    } signs[] = { { "<=", LESS_EQUAL }, { ">=", MORE_EQUAL }, { "==", EQUAL }, { "<", LESS },
        { ">", MORE } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(signs); i++) {
        if (!gate_words_take(w, signs[i].sign))
            continue;
        *ret_comparison = signs[i].comparison;
        return true;
    }
    return gate_words_wrong(w, "one of < <= > >= ==");
}

bool compare(double a, enum comparison how, double b)
{
    switch (how) {
    case LESS:
        return a < b;
    case LESS_EQUAL:
        return a <= b;
    case MORE:
        return a > b;
    case MORE_EQUAL:
        return a >= b;
    case EQUAL:
        break;
    }
    return a == b;
}

/* ---- numbers ---- */

static const struct unit {
    const char *name;
    double factor;
    const char *unit;
} units[] = {
    { "ns", 1, "ns" },
    { "us", 1e3, "ns" },
    { "ms", 1e6, "ns" },
    { "s", 1e9, "ns" },
    { "B", 1, "bytes" },
    { "KB", 1e3, "bytes" },
    { "kB", 1e3, "bytes" },
    { "MB", 1e6, "bytes" },
    { "GB", 1e9, "bytes" },
    { "KiB", 1024, "bytes" },
    { "MiB", 1024.0 * 1024, "bytes" },
    { "GiB", 1024.0 * 1024 * 1024, "bytes" },
};

static const struct unit *find_unit(const char *name, size_t len)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(units); i++) {
        if (strlen(units[i].name) == len && memcmp(units[i].name, name, len) == 0)
            return &units[i];
    }
    return NULL;
}

/* "50ms", "20 %", "1.5MB/s", "100/s" */
static bool take_unit(struct gate_words *w, struct gate_number *n)
{
    if (gate_words_take(w, "%")) {
        n->unit = "share";
        n->value /= 100;
        return true;
    }
    skip_blanks(w);
    size_t len = 0;
    while (isalpha((unsigned char)w->at[len]))
        len++;
    const struct unit *unit = find_unit(w->at, len);
    if (unit) {
        w->at += len;
        n->value *= unit->factor;
        n->unit = unit->unit;
    }
    if (!gate_words_take(w, "/s"))
        return true;
    if (n->unit && strcmp(n->unit, "bytes") != 0)
        return gate_words_wrong_word(w, "no /s behind a time");
    n->unit = n->unit ? "bytes/s" : "1/s";
    return true;
}

bool gate_words_number(struct gate_words *w, struct gate_number *ret_number)
{
    skip_blanks(w);
    const char *begin = w->at;
    const char *first = *begin == '-' ? begin + 1 : begin;
    char *end;
    double value = strtod(begin, &end); /* also reads "inf", "nan", "0x1": refused below */
    if (!isdigit((unsigned char)*first) || end == begin || !isfinite(value) ||
        memchr(begin, 'x', (size_t)(end - begin)))
        return gate_words_wrong(w, "a number");
    *ret_number = (struct gate_number){ .value = value };
    w->at = end;
    if (!take_unit(w, ret_number))
        return false;
    w->word = begin;
    return true;
}

bool gate_number_fits(const struct gate_number *n, const char *unit)
{
    if (n->unit)
        return strcmp(n->unit, unit) == 0;
    return strcmp(unit, "count") == 0 || strcmp(unit, "1/s") == 0;
}

const char *gate_unit_example(const char *unit)
{
    static const char *const examples[][2] = {
        { "ns", "a time such as 50ms" },
        { "bytes", "a size such as 500MB" },
        { "bytes/s", "a rate such as 1MB/s" },
        { "share", "a share such as 20%" },
        { "1/s", "a rate such as 100/s" },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(examples); i++) {
        if (strcmp(unit, examples[i][0]) == 0)
            return examples[i][1];
    }
    return "a number";
}
