// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <math.h>

#include "analyze/words.h"
#include "analyze/write.h"

enum { INTERVALS_SHOWN = 4 };

void write_add_figure(struct strbuf *out, double value, const char *unit)
{
    strbuf_adds(out, isfinite(value) ? words_of(value, unit).text : "unknown");
}

struct slice write_title(const struct profile *p)
{
    const struct profile_meta *m = profile_meta_get(p);
    const char *const texts[] = { m->title, m->command, m->program };
    for (size_t i = 0; i < PROF_ARRAY_LEN(texts); i++) {
        if (texts[i] && *texts[i])
            return slice_of(texts[i]);
    }
    return slice_of("a recording");
}

void write_add_place(struct strbuf *out, const struct profile *p, const struct guilty *g, bool path)
{
    const struct func *f = profile_func(p, g->func);
    struct slice file = profile_string(p, f->file);
    if (file.len == 0)
        file = profile_string(p, profile_module(p, f->module)->path);
    strbuf_addslice(out, path ? file : slice_basename(file));
    uint32_t line = g->line ? g->line : f->line;
    if (f->file.i && line)
        strbuf_addf(out, ":%" PRIu32, line);
}

void write_add_nameless(struct strbuf *out, const char *language)
{
    strbuf_addf(out,
        "These are functions of the interpreter: those of the %s program have no names in this "
        "recording. What could not be seen tells how to get them.",
        language);
}

void write_add_proof(struct strbuf *out, const struct proof *proof)
{
    strbuf_addf(out, "%s: ", proof->what);
    write_add_figure(out, proof->value, proof->unit);
    bool threshold = !isnan(proof->threshold);
    if (threshold) {
        strbuf_adds(out, " (threshold ");
        write_add_figure(out, proof->threshold, proof->unit);
    }
    if (proof->n) {
        strbuf_adds(out, threshold ? "; " : " (");
        write_add_figure(out, (double)proof->n, "count");
        strbuf_adds(out, " observed");
    }
    if (threshold || proof->n)
        strbuf_addc(out, ')');
}

static double seconds_in(const struct profile *p, uint64_t time_ns)
{
    uint64_t start_ns = profile_meta_get(p)->start_ns;
    return time_ns > start_ns ? (double)(time_ns - start_ns) / 1e9 : 0;
}

void write_add_intervals(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    size_t shown = f->intervals.len < INTERVALS_SHOWN ? f->intervals.len : INTERVALS_SHOWN;
    for (size_t i = 0; i < shown; i++) {
        const struct interval *at = &f->intervals.ptr[i];
        strbuf_addf(out, "%s%.2f-%.2f s", i ? ", " : "", seconds_in(p, at->from_ns),
            seconds_in(p, at->to_ns));
    }
    if (f->intervals.len > shown)
        strbuf_addf(out, " and %zu more", f->intervals.len - shown);
}

static void add_guilty(struct strbuf *out, const struct profile *p, const struct guilty *g)
{
    write_add_figure(out, g->share, "share");
    strbuf_adds(out, "  ");
    strbuf_addslice(out, profile_string(p, profile_func(p, g->func)->name));
    strbuf_adds(out, "  ");
    write_add_place(out, p, g, true);
    if (g->on.i)
        strbuf_addf(out, "  on %.*s", SLICE_ARG(profile_string(p, g->on)));
    strbuf_addc(out, '\n');
}

static void add_paragraph(struct strbuf *out, const char *before, const char *text)
{
    if (text)
        strbuf_addf(out, "%s%s\n", before, text);
}

void write_add_plain(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    add_paragraph(out, "", f->summary);
    add_paragraph(out, "", f->detail);
    if (f->nameless) {
        write_add_nameless(out, f->nameless);
        strbuf_addc(out, '\n');
    }
    for (size_t i = 0; i < f->guilty.len; i++)
        add_guilty(out, p, &f->guilty.ptr[i]);
    for (size_t i = 0; i < f->proofs.len; i++) {
        write_add_proof(out, &f->proofs.ptr[i]);
        strbuf_addc(out, '\n');
    }
    add_paragraph(out, "What to do: ", f->advice);
    add_paragraph(out, "It may also be: ", f->alternative);
    add_paragraph(out, "To confirm: ", f->command);
}
