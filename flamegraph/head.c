// SPDX-License-Identifier: MIT
#include "flamegraph/head.h"

#include <inttypes.h>
#include <time.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "flamegraph/html.h"
#include "flamegraph/programs.h"
#include "flamegraph/words.h"
#include "profile/own_caller.h"

enum { FEW_SAMPLES = 100, RUNNERS_UP = 2, NOTE_NAME_MAX = 200, NOTES_NAMED = 2 };
enum { OWN_PERCENT_MIN = 10, OWN_PERCENT_MAX = 75 };
enum { STAND_OUT_PERCENT = 10 }; /* a share below it is not called the answer */

const char *head_title(const struct profile *p, const char *wanted)
{
    const struct profile_meta *m = profile_meta_get(p);
    const char *const choice[] = { wanted, m->title, m->command, m->program };
    for (size_t i = 0; i < PROF_ARRAY_LEN(choice); i++) {
        if (choice[i] && choice[i][0] != '\0')
            return choice[i];
    }
    return "profile";
}

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

/* ---- the answer ---- */

static bool is_marker(const struct profile *p, const struct hot_func *f)
{
    return f->func != 0 && profile_func(p, (struct func_id){ f->func })->kind == FUNC_MARKER;
}

static void add_name_and_place(struct strbuf *out, const struct profile *p, uint32_t func)
{
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    strbuf_adds(out, "<b>");
    words_func_html(out, p, func);
    strbuf_adds(out, "</b>");
    words_place_html(&place, p, func);
    if (place.len > 0)
        strbuf_addf(out, " <i>(%s)</i>", place.ptr);
}

static void add_runners_up(
    struct strbuf *out, const struct head_input *in, const struct hot_func *top)
{
    const uint64_t whole = in->tree->nodes[0].total_weight;
    int added = 0;
    for (uint32_t i = 0; i < in->hottest->len && added < RUNNERS_UP; i++) {
        const struct hot_func *f = &in->hottest->rows[i];
        if (f == top || is_marker(in->p, f) || f->self_weight * 100 < whole)
            continue;
        strbuf_adds(out, added == 0 ? " <span>Then " : ", ");
        words_func_html(out, in->p, f->func);
        strbuf_addc(out, ' ');
        words_percent(out, f->self_weight, whole);
        added++;
    }
    strbuf_adds(out, added > 0 ? ".</span>" : "");
}

static bool names_nothing(const struct profile *p, uint32_t func)
{
    const struct slice name = profile_string(p, profile_func(p, (struct func_id){ func })->name);
    return name.len == 0 || slice_is(name, "(anonymous)");
}

/* Whose fault it is when the hottest function is not the program's own. */
static void add_own_caller(
    struct strbuf *out, const struct head_input *in, const struct hot_func *top)
{
    struct own_caller caller;
    if (!own_caller_find(in->p, (struct func_id){ top->func }, &caller))
        return;
    strbuf_adds(out, caller.nearly_all ? ", called from " : ", mostly called from ");
    add_name_and_place(out, in->p, caller.func.i);
}

/* The application function that holds the most while still saying something: main() holds all. */
static const struct hot_func *own_code(const struct head_input *in)
{
    const uint64_t whole = in->tree->nodes[0].total_weight;
    const struct hot_func *best = NULL;
    for (uint32_t i = 0; i < in->hottest->len; i++) {
        const struct hot_func *f = &in->hottest->rows[i];
        const bool app =
            f->func != 0 && profile_func(in->p, (struct func_id){ f->func })->kind == FUNC_APP;
        const bool fits = f->total_weight * 100 >= whole * OWN_PERCENT_MIN &&
                          f->total_weight * 100 <= whole * OWN_PERCENT_MAX;
        if (app && fits && !names_nothing(in->p, f->func) &&
            (!best || f->total_weight > best->total_weight))
            best = f;
    }
    return best;
}

static void add_own_code(
    struct strbuf *out, const struct head_input *in, const struct hot_func *top, bool stands_out)
{
    const struct hot_func *own = own_code(in);
    const bool answered =
        stands_out && profile_func(in->p, (struct func_id){ top->func })->kind == FUNC_APP;
    if (!own || own == top || answered)
        return;
    strbuf_adds(out, " <span>Of the program's own code, ");
    add_name_and_place(out, in->p, own->func);
    strbuf_adds(out, " and what it calls take ");
    words_percent(out, own->total_weight, in->tree->nodes[0].total_weight);
    strbuf_adds(out, ".</span>");
}

static void add_empty(struct strbuf *out)
{
    strbuf_adds(out, "<b>No samples.</b> Nothing was seen running while prof watched.");
}

/* What the shares leave out, when that is much. */
static void add_unsampled(struct strbuf *out, const struct profile *p, uint64_t whole)
{
    const struct profile_meta *m = profile_meta_get(p);
    if (m->weight_unit != WEIGHT_NANOSECONDS ||
        m->kernel_unsampled_ns * 100 < whole * STAND_OUT_PERCENT)
        return;
    strbuf_adds(out, " <span>");
    words_duration(out, m->kernel_unsampled_ns);
    strbuf_adds(out, " more in the kernel could not be sampled.</span>");
}

void head_verdict(struct strbuf *out, const struct head_input *in)
{
    const uint64_t whole = in->tree->nodes[0].total_weight;
    const struct hot_func *top = NULL;
    for (uint32_t i = 0; i < in->hottest->len && !top; i++) {
        if (!is_marker(in->p, &in->hottest->rows[i]))
            top = &in->hottest->rows[i];
    }
    if (page_tree_empty(in->tree) || !top) {
        add_empty(out);
        return;
    }
    const bool stands_out = top->self_weight * 100 >= whole * STAND_OUT_PERCENT;
    const char *metric = words_metric(profile_meta_get(in->p));
    if (!stands_out)
        strbuf_adds(out, "No single function stands out: the hottest has ");
    strbuf_adds(out, "<strong>");
    words_percent(out, top->self_weight, whole);
    strbuf_addf(out, "</strong> of %s%s ", metric, stands_out ? " is in" : ",");
    add_name_and_place(out, in->p, top->func);
    if (stands_out)
        add_own_caller(out, in, top);
    strbuf_addc(out, '.');
    add_unsampled(out, in->p, whole);
    add_runners_up(out, in, top);
    add_own_code(out, in, top, stands_out);
    programs_sentence(out, in->programs, whole);
}

/* ---- one line of figures ---- */

static void fact(struct strbuf *out, const char *label, const char *html)
{
    if (html[0] != '\0')
        strbuf_addf(out, "<li>%s %s</li>", html, label);
}

static void add_stack_quality(struct strbuf *out, const struct profile_meta *m)
{
    const uint64_t all = m->stacks_complete + m->stacks_truncated + m->stacks_broken;
    if (all == 0)
        return;
    strbuf_adds(out, "<li>");
    words_percent(out, m->stacks_complete, all);
    strbuf_adds(out, " whole stacks</li><li>");
    words_add_count(out, m->samples_lost);
    strbuf_adds(out, " lost</li>");
}

static void add_overhead(struct strbuf *out, const struct profile_meta *m)
{
    const uint64_t used = m->target_user_ns + m->target_kernel_ns;
    if (m->overhead_ns == 0 || used == 0)
        return;
    strbuf_adds(out, "<li>overhead ");
    words_percent(out, m->overhead_ns, used);
    strbuf_adds(out, "</li>");
}

void head_facts(struct strbuf *out, const struct head_input *in)
{
    const struct profile_meta *m = profile_meta_get(in->p);
    const struct page_node *root = &in->tree->nodes[0];
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_adds(out, "<ul id=\"facts\">");
    if (m->weight_unit != WEIGHT_COUNT && root->total_weight > 0) {
        words_weight(&text, root->total_weight, m->weight_unit);
        fact(out, m->weight_unit == WEIGHT_BYTES ? "" : "on CPU", text.ptr);
    }
    if (m->end_ns > m->start_ns) {
        strbuf_clear(&text);
        words_duration(&text, m->end_ns - m->start_ns);
        fact(out, "recorded", text.ptr);
    }
    strbuf_clear(&text);
    words_add_count(&text, root->total_count);
    fact(out, root->total_count == 1 ? "sample" : "samples", text.ptr);
    if (m->rate_hz > 0)
        strbuf_addf(out, "<li>%" PRIu64 " Hz</li>", m->rate_hz);
    strbuf_clear(&text);
    words_add_count(&text, in->tree->len - 1);
    fact(out, "paths", text.ptr);
    add_stack_quality(out, m);
    add_overhead(out, m);
    strbuf_adds(out, "</ul>\n");
}

/* ---- everything about the recording ---- */

static void row_html(struct strbuf *out, const char *key, const char *html)
{
    if (html[0] != '\0')
        strbuf_addf(out, "<dt>%s</dt><dd>%s</dd>", key, html);
}

static void row_text(struct strbuf *out, const char *key, const char *text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf html = STRBUF_INIT;
    html_text(&html, slice_of(text_or_empty(text)));
    row_html(out, key, html.ptr);
}

static void row_count(struct strbuf *out, const char *key, uint64_t value)
{
    PROF_CLEANUP(strbuf_done) struct strbuf html = STRBUF_INIT;
    words_add_count(&html, value);
    row_html(out, key, html.ptr);
}

static void row_duration(struct strbuf *out, const char *key, uint64_t ns)
{
    PROF_CLEANUP(strbuf_done) struct strbuf html = STRBUF_INIT;
    words_duration(&html, ns);
    if (ns > 0)
        row_html(out, key, html.ptr);
}

static void row_date(struct strbuf *out, const char *key, uint64_t realtime_ns)
{
    const time_t seconds = (time_t)(realtime_ns / NS_PER_S);
    struct tm tm;
    char text[64];
    if (realtime_ns > 0 && gmtime_r(&seconds, &tm) &&
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S UTC", &tm) > 0)
        row_html(out, key, text);
}

void head_about(struct strbuf *out, const struct head_input *in)
{
    const struct profile_meta *m = profile_meta_get(in->p);
    strbuf_adds(out, "<details id=\"about\"><summary>About this recording</summary><dl>");
    row_text(out, "command", m->command);
    row_date(out, "recorded", m->start_realtime_ns);
    row_text(out, "ended with", m->ended);
    row_text(out, "host", m->host);
    row_text(out, "kernel", m->kernel);
    row_text(out, "machine", m->machine);
    if (m->cpus > 0)
        row_count(out, "CPUs", m->cpus);
    row_text(out, "level", m->level);
    row_text(out, "event", m->event);
    row_text(out, "unwinder", m->unwinder);
    row_text(out, "set for the program", m->runtime_env);
    if (m->stacks_complete + m->stacks_truncated + m->stacks_broken > 0) {
        row_count(out, "whole stacks", m->stacks_complete);
        row_count(out, "cut stacks (copy too short)", m->stacks_truncated);
        row_count(out, "broken stacks", m->stacks_broken);
        row_count(out, "samples lost", m->samples_lost);
    }
    row_duration(out, "program's CPU, own code", m->target_user_ns);
    row_duration(out, "program's CPU, kernel", m->target_kernel_ns);
    row_duration(out, "kernel time not sampled", m->kernel_unsampled_ns);
    row_duration(out, "prof's own CPU", m->self_cpu_ns);
    row_duration(out, "CPU that prof added", m->overhead_ns);
    row_text(out, "written by", m->tool);
    strbuf_adds(out, "</dl></details>\n");
}

/* ---- what is missing ---- */

struct notes {
    struct strbuf items;
    struct strbuf names; /* of the first ones, shown while the list is closed */
    uint32_t count;
};

static void add_note(struct notes *list, struct slice what, struct slice why, struct slice how)
{
    struct strbuf *out = &list->items;
    if (list->count < NOTES_NAMED) {
        strbuf_adds(&list->names, list->count == 0 ? ": " : "; ");
        html_short(&list->names, what, NOTE_NAME_MAX);
    }
    list->count++;
    strbuf_adds(out, "<li><b>");
    html_text(out, what);
    strbuf_adds(out, "</b>");
    if (why.len > 0) {
        strbuf_adds(out, ": ");
        html_text(out, why);
    }
    if (how.len > 0) {
        strbuf_adds(out, " <code>");
        html_text(out, how);
        strbuf_adds(out, "</code>");
    }
    strbuf_adds(out, "</li>");
}

static void note_text(struct notes *out, const char *what, const char *why, const char *how)
{
    add_note(out, slice_of(what), slice_of(why), slice_of(how));
}

static void note_empty(struct notes *out, const struct profile_meta *m)
{
    note_text(out, "the program may have been waiting",
        "a flame graph shows time on the CPU; a program that sleeps or waits for the network, a "
        "disk or a lock uses none",
        "");
    note_text(out, "the program may have ended too soon",
        "at the default rate one sample stands for 2 ms of CPU", "prof flame -F 4999 -- PROGRAM");
    if (m->samples_lost > 0)
        note_text(out, "samples were lost", "the kernel dropped them before prof could read them",
            "prof flame -F 99 -- PROGRAM");
}

static void notes_own(struct notes *out, const struct head_input *in)
{
    const struct profile_meta *m = profile_meta_get(in->p);
    const uint64_t samples = in->tree->nodes[0].total_count;
    if (page_tree_empty(in->tree)) {
        note_empty(out, m);
        return;
    }
    if (in->line->thinned)
        note_text(out, "shares within an interval are rounded",
            "the recording is so long that not every stack of every moment is kept; what each "
            "thread used is exact, and so is the graph of the whole time",
            "");
    if (samples >= FEW_SAMPLES || m->weight_unit == WEIGHT_BYTES)
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT;
    strbuf_addf(&what, "only %" PRIu64 " sample%s", samples, samples == 1 ? "" : "s");
    note_text(out, what.ptr, "their shares are rough: run it longer, or sample faster",
        "prof flame -F 4999 -- PROGRAM");
}

static void add_notes(struct strbuf *out, const struct head_input *in)
{
    struct notes list = { .items = STRBUF_INIT, .names = STRBUF_INIT };
    const bool empty = page_tree_empty(in->tree);
    for (uint32_t i = 0; i < profile_note_count(in->p); i++) {
        const struct note n = profile_note(in->p, i);
        add_note(&list, profile_string(in->p, n.what), profile_string(in->p, n.why),
            profile_string(in->p, n.how));
    }
    notes_own(&list, in);
    if (list.count > NOTES_NAMED)
        strbuf_addf(&list.names, "; and %u more", list.count - NOTES_NAMED);
    if (list.count > 0)
        strbuf_addf(out,
            "<details id=\"notes\"%s><summary>%s<span>%s</span></summary><ul>%s</ul></details>\n",
            empty ? " open" : "",
            empty ? "What may have happened, and what to do" : "Worth knowing",
            empty ? "" : list.names.ptr, list.items.ptr);
    strbuf_done(&list.items);
    strbuf_done(&list.names);
}

void head_add(struct strbuf *out, const struct head_input *in)
{
    strbuf_adds(out, "<header id=\"head\"><p id=\"brand\">prof</p><h1 title=\"");
    html_text(out, slice_of(in->title));
    strbuf_adds(out, "\">");
    html_short(out, slice_of(in->title), HTML_SHORT_MAX);
    strbuf_adds(out, "</h1>\n<p id=\"verdict\">");
    head_verdict(out, in);
    strbuf_adds(out, "</p>\n");
    head_facts(out, in);
    add_notes(out, in);
    head_about(out, in);
    strbuf_adds(out, "</header>\n");
}
