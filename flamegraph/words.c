// SPDX-License-Identifier: MIT
#include "flamegraph/words.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "flamegraph/html.h"

enum { NAME_SHORT = 90, PLACE_SHORT = 60 };

void words_percent(struct strbuf *out, uint64_t part, uint64_t whole)
{
    const double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
    if (percent > 0.0 && percent < 0.1)
        strbuf_adds(out, "&lt;0.1 %");
    else if (percent >= 99.95 || percent <= 0.0)
        strbuf_addf(out, "%.0f %%", percent);
    else
        strbuf_addf(out, "%.1f %%", percent);
}

void words_add_count(struct strbuf *out, uint64_t value)
{
    if (value >= 1000) {
        words_add_count(out, value / 1000);
        strbuf_addf(out, ",%03" PRIu64, value % 1000);
    } else {
        strbuf_addf(out, "%" PRIu64, value);
    }
}

/* Three digits that matter. */
static void add_scaled(struct strbuf *out, double value, const char *unit)
{
    const int decimals = value >= 100.0 ? 0 : value >= 10.0 ? 1 : 2;
    strbuf_addf(out, "%.*f %s", decimals, value, unit);
}

void words_duration(struct strbuf *out, uint64_t ns)
{
    const double value = (double)ns;
    if (ns >= 120 * NS_PER_S)
        strbuf_addf(out, "%" PRIu64 " min %" PRIu64 " s", ns / NS_PER_S / 60, ns / NS_PER_S % 60);
    else if (ns >= NS_PER_S)
        add_scaled(out, value / 1e9, "s");
    else if (ns >= NS_PER_MS)
        add_scaled(out, value / 1e6, "ms");
    else
        add_scaled(out, value / 1e3, "µs");
}

void words_add_bytes(struct strbuf *out, uint64_t bytes)
{
    const double value = (double)bytes;
    if (bytes >= UINT64_C(1) << 30)
        add_scaled(out, value / (1 << 30), "GiB");
    else if (bytes >= 1 << 20)
        add_scaled(out, value / (1 << 20), "MiB");
    else if (bytes >= 1 << 10)
        add_scaled(out, value / (1 << 10), "KiB");
    else
        strbuf_addf(out, "%" PRIu64 " bytes", bytes);
}

void words_weight(struct strbuf *out, uint64_t weight, uint64_t weight_unit)
{
    if (weight_unit == WEIGHT_NANOSECONDS)
        words_duration(out, weight);
    else if (weight_unit == WEIGHT_BYTES)
        words_add_bytes(out, weight);
    else
        words_add_count(out, weight);
}

/* ---- values of the doctor ---- */

static void value_percent(struct strbuf *out, double value)
{
    strbuf_addf(out, "%.*f %%", value > 0.0 && value < 0.1 ? 1 : 0, 100.0 * value);
}

static void value_count(struct strbuf *out, double value)
{
    if (value >= 100.0 || value == floor(value))
        words_add_count(out, (uint64_t)(value + 0.5));
    else
        strbuf_addf(out, "%.*f", value >= 10.0 ? 1 : 2, value);
}

static void value_duration(struct strbuf *out, double value)
{
    if (value < 5.0)
        strbuf_adds(out, "0 ms");
    else
        words_duration(out, (uint64_t)value);
}

static void value_bytes(struct strbuf *out, double value)
{
    words_add_bytes(out, (uint64_t)(value + 0.5));
}

void words_value(struct strbuf *out, double value, const char *unit)
{
    static const struct {
        const char *unit;
        void (*add)(struct strbuf *out, double value);
        const char *after;
    } rows[] = {
        { "ns", value_duration, "" },
        { "bytes", value_bytes, "" },
        { "bytes/s", value_bytes, "/s" },
        { "share", value_percent, "" },
        { "1/s", value_count, "/s" },
        { "count", value_count, "" },
    };
    if (!isfinite(value)) {
        strbuf_adds(out, "unknown");
        return;
    }
    if (value < 0.0)
        strbuf_adds(out, "-");
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        if (strcmp(rows[i].unit, unit) == 0) {
            rows[i].add(out, fabs(value));
            strbuf_adds(out, rows[i].after);
            return;
        }
    }
    value_count(out, fabs(value));
    strbuf_addc(out, ' ');
    html_text(out, slice_of(unit));
}

const char *words_metric(const struct profile_meta *m)
{
    if (m->weight_unit == WEIGHT_BYTES)
        return "bytes";
    return m->weight_unit == WEIGHT_NANOSECONDS ? "CPU time" : "samples";
}

void words_func_html(struct strbuf *out, const struct profile *p, uint32_t func)
{
    const struct slice name =
        func == 0 ? slice_of("")
                  : profile_string(p, profile_func(p, (struct func_id){ func })->name);
    html_short(out, name.len > 0 ? name : slice_of("[no name]"), NAME_SHORT);
}

void words_place_html(struct strbuf *out, const struct profile *p, uint32_t func)
{
    if (func == 0)
        return;
    const struct func *f = profile_func(p, (struct func_id){ func });
    const struct slice file = profile_string(p, f->file);
    const struct slice path = profile_string(p, profile_module(p, f->module)->path);
    html_short(out, slice_basename(file.len > 0 ? file : path), PLACE_SHORT);
    if (file.len > 0 && f->line > 0)
        strbuf_addf(out, ":%u", f->line);
}
