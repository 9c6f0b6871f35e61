// SPDX-License-Identifier: MIT
#include "analyze/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/compiler.h"

/* Three digits are as many as a sentence can carry. */
static struct word scaled(double value, const char *unit)
{
    struct word w;
    double size = fabs(value);
    int decimals = size >= 99.95 || value == floor(value) ? 0 : size >= 9.995 ? 1 : 2;
    snprintf(w.text, sizeof w.text, "%.*f%s%s", decimals, value, unit[0] ? " " : "", unit);
    return w;
}

struct step {
    double from, divisor;
    const char *unit;
};

static struct word stepped(double value, const struct step *steps, size_t count)
{
    for (size_t i = 0; i + 1 < count; i++)
        if (fabs(value) >= steps[i].from)
            return scaled(value / steps[i].divisor, steps[i].unit);
    return scaled(value / steps[count - 1].divisor, steps[count - 1].unit);
}

struct word words_ns(double ns)
{
    static const struct step steps[] = {
        { 2 * 3600e9, 3600e9, "hours" },
        { 2 * 60e9, 60e9, "minutes" },
        { 1e9, 1e9, "s" },
        { 1e6, 1e6, "ms" },
        { 1e3, 1e3, "µs" },
        { 0, 1, "ns" },
    };
    return stepped(ns, steps, PROF_ARRAY_LEN(steps));
}

struct word words_seconds(double seconds)
{
    return words_ns(seconds * 1e9);
}

struct word words_bytes(double bytes)
{
    static const struct step steps[] = {
        { 0x1p40, 0x1p40, "TiB" },
        { 0x1p30, 0x1p30, "GiB" },
        { 0x1p20, 0x1p20, "MiB" },
        { 0x1p10, 0x1p10, "KiB" },
        { 0, 1, "bytes" },
    };
    return stepped(bytes, steps, PROF_ARRAY_LEN(steps));
}

struct word words_share(double share)
{
    struct word w;
    double percent = share * 100;
    int decimals = percent < 9.95 && percent > 0 && percent != floor(percent) ? 1 : 0;
    snprintf(w.text, sizeof w.text, "%.*f %%", decimals, percent);
    return w;
}

struct word words_count(double count)
{
    struct word w, digits;
    if (fabs(count) >= 1e15 || !isfinite(count))
        return scaled(count, "");
    snprintf(digits.text, sizeof digits.text, "%.0f", fabs(round(count)));
    size_t len = strlen(digits.text), at = 0;
    if (round(count) < 0)
        w.text[at++] = '-';
    for (size_t i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            w.text[at++] = ',';
        w.text[at++] = digits.text[i];
    }
    w.text[at] = '\0';
    return w;
}

/* One digit behind the point, none when it is 0. */
static struct word tenths(double value)
{
    struct word w;
    const double rounded = round(value * 10) / 10;
    snprintf(w.text, sizeof w.text, "%.*f", rounded == floor(rounded) ? 0 : 1, rounded);
    return w;
}

struct word words_cores(double cores)
{
    struct word w;
    if (cores < 0.0005)
        snprintf(w.text, sizeof w.text, "hardly any CPU time");
    else if (cores < 0.995)
        snprintf(w.text, sizeof w.text, "%.*f of a core", cores < 0.0995 ? 3 : 2, cores);
    else if (cores < 1.05)
        snprintf(w.text, sizeof w.text, "1 core");
    else
        snprintf(w.text, sizeof w.text, "%.12s cores", tenths(cores).text);
    return w;
}

struct word words_cores_of(double part, double whole)
{
    struct word w;
    const char *unit = whole < 1.05 ? "core" : "cores";
    snprintf(
        w.text, sizeof w.text, "%.12s of %.12s %s", tenths(part).text, tenths(whole).text, unit);
    return w;
}

static struct word per_second(struct word w)
{
    struct word rate;
    snprintf(rate.text, sizeof rate.text, "%.36s/s", w.text);
    return rate;
}

struct word words_of(double value, const char *unit)
{
    if (strcmp(unit, "ns") == 0)
        return words_ns(value);
    if (strcmp(unit, "bytes") == 0)
        return words_bytes(value);
    if (strcmp(unit, "bytes/s") == 0)
        return per_second(words_bytes(value));
    if (strcmp(unit, "share") == 0)
        return words_share(value);
    if (strcmp(unit, "count") == 0)
        return words_count(value);
    if (strcmp(unit, "cores") == 0)
        return words_cores(value);
    if (strcmp(unit, "1/s") == 0)
        return per_second(value < 10 ? scaled(value, "") : words_count(value));
    return scaled(value, unit);
}

const char *words_times(uint64_t n)
{
    return n == 1 ? "time" : "times";
}

void words_func(const struct observed *o, struct func_id func, uint32_t line, struct strbuf *out)
{
    const struct func *f = profile_func(o->profile, func);
    struct slice name = profile_string(o->profile, f->name);
    struct slice file = slice_basename(profile_string(o->profile, f->file));
    strbuf_addslice(out, name.len ? name : slice_of("(anonymous)"));
    uint32_t shown = line ? line : f->line;
    if (file.len && shown)
        strbuf_addf(out, " (%.*s:%u)", SLICE_ARG(file), shown);
    else if (file.len)
        strbuf_addf(out, " (%.*s)", SLICE_ARG(file));
}

void words_process(const struct observed *o, struct process_id process, struct strbuf *out)
{
    const struct process *row = profile_process(o->profile, process);
    struct slice name = profile_string(o->profile, row->name);
    strbuf_addslice(out, name.len ? name : slice_of("the program"));
    if (row->pid)
        strbuf_addf(out, " (pid %d)", row->pid);
}

void words_thread(
    const struct observed *o, const struct observed_thread *thread, struct strbuf *out)
{
    if (!thread->is_main) {
        const struct thread *row = profile_thread(o->profile, thread->id);
        strbuf_addf(out, "thread %s (%d) of ", observed_thread_name(o, thread), row->tid);
    }
    words_process(o, thread->process, out);
}
