// SPDX-License-Identifier: MIT
#include "analyze/amount_words.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>

/* Two digits at least, no more decimals than that needs. */
static struct amount_words with_unit(double value, const char *unit)
{
    struct amount_words w;
    int decimals = fabs(value) < 0.995 ? 2 : fabs(value) < 9.95 ? 1 : 0;
    if (value == floor(value) && fabs(value) < 10)
        decimals = 0;
    snprintf(w.text, sizeof w.text, "%.*f%s%s", decimals, value, *unit ? " " : "", unit);
    return w;
}

struct unit_step {
    double from; /* the smallest value said in this unit */
    double size;
    const char *unit;
};

static struct amount_words in_steps(double value, const struct unit_step *steps, size_t count)
{
    size_t i = 0;
    while (i + 1 < count && fabs(value) >= steps[i + 1].from)
        i++;
    return with_unit(value / steps[i].size, steps[i].unit);
}

struct amount_words words_ns(double ns)
{
    static const struct unit_step steps[] = {
        { 0, 1, "ns" },
        { 100, 1e3, "us" },
        { 995e3, 1e6, "ms" },
        { 995e6, 1e9, "s" },
        { 180e9, 60e9, "min" },
        { 7200e9, 3600e9, "h" },
        { 48 * 3600e9, 24 * 3600e9, "days" },
    };
    return in_steps(ns, steps, sizeof steps / sizeof *steps);
}

struct amount_words words_bytes(double bytes)
{
    static const struct unit_step steps[] = {
        { 0, 1, "B" },
        { 1e3, 1e3, "kB" },
        { 999.5e3, 1e6, "MB" },
        { 999.5e6, 1e9, "GB" },
        { 999.5e9, 1e12, "TB" },
    };
    return in_steps(bytes, steps, sizeof steps / sizeof *steps);
}

struct amount_words words_share(double share)
{
    return with_unit(100 * share, "%");
}

struct amount_words words_number(double value)
{
    static const struct unit_step steps[] = {
        { 0, 1, "" },
        { 9999.5, 1e3, "thousand" },
        { 999.5e3, 1e6, "million" },
    };
    return in_steps(value, steps, sizeof steps / sizeof *steps);
}
