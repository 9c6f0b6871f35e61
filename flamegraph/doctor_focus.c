// SPDX-License-Identifier: MIT
#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "flamegraph/doctor_page.h"
#include "flamegraph/html.h"
#include "flamegraph/static.h"
#include "flamegraph/words.h"
#include "profile/sample_log.h"

enum {
    GUILTY_MAX = 32, /* of a finding; one bit each */
    TRUNK_PERCENT = 97,
    TRUNK_KEPT = 2, /* callers above the first guilty frame that are drawn */
};

/* ---- which stacks are guilty ---- */

static uint32_t guilty_len(const struct finding *f)
{
    return f->guilty.len < GUILTY_MAX ? (uint32_t)f->guilty.len : GUILTY_MAX;
}

/* A function that makes others do it does more than that: its stacks are told by theirs. */
static bool is_in(const struct guilty *g, const struct line *line)
{
    return !g->calls && g->func.i == line->func.i;
}

/* One bit for each guilty function that the frame is in. */
static uint32_t frame_bits(
    const struct profile *p, const struct finding *f, struct frame_id frame, uint32_t guilty)
{
    const struct line *lines = profile_frame_lines(p, frame);
    uint32_t bits = 0;
    for (uint32_t l = 0; l < profile_frame(p, frame)->line_count; l++) {
        for (uint32_t k = 0; k < guilty; k++)
            bits |= (is_in(&f->guilty.ptr[k], &lines[l]) ? UINT32_C(1) : 0) << k;
    }
    return bits;
}

/* The wait at the end of a stack, in its text form; 0: none. */
static uint32_t leaf_wait(const struct profile *p, struct frame_id frame)
{
    const struct frame *f = profile_frame(p, frame);
    if (f->line_count == 0)
        return 0;
    const struct line *leaf = &profile_frame_lines(p, frame)[f->line_count - 1];
    const struct func *func = profile_func(p, leaf->func);
    return func->kind == FUNC_WAIT ? func->system_name.i : 0;
}

static bool waits_as_blamed(const struct finding *f, uint32_t bits, uint32_t wait)
{
    for (uint32_t k = 0; bits >> k != 0 && k < GUILTY_MAX; k++) {
        const uint32_t on = f->guilty.ptr[k].on.i;
        if ((bits >> k & 1) != 0 && (on == 0 || on == wait))
            return true;
    }
    return false;
}

/* By stack: whether a guilty function is in it, and it waits for what that one is blamed for. NULL
 * when the finding names none: every stack. A caller's id is smaller than its callee's. */
static bool *guilty_stacks(const struct profile *p, const struct finding *f)
{
    const uint32_t stacks = profile_stack_count(p), guilty = guilty_len(f);
    if (guilty == 0)
        return NULL;
    uint32_t *bits = xcalloc(stacks, sizeof *bits);
    bool *keep = xcalloc(stacks, sizeof *keep);
    for (uint32_t s = 1; s < stacks; s++) {
        const struct stack st = profile_stack(p, (struct stack_id){ s });
        bits[s] = bits[st.caller.i] | frame_bits(p, f, st.frame, guilty);
        keep[s] = bits[s] != 0 && waits_as_blamed(f, bits[s], leaf_wait(p, st.frame));
    }
    free(bits);
    return keep;
}

/* ---- picture ---- */

static struct page_filter filter_of(const struct doctor_page *pg, const struct finding *f)
{
    return (struct page_filter){ .channel = f->channel,
        .main_process_only = pg->options->no_children,
        .process = f->process,
        .thread = f->thread };
}

static uint64_t sum_weight(const struct profile *p, const struct page_filter *filter)
{
    struct sample_iter it = sample_iter(page_filter_log(filter, p));
    struct sample s;
    uint64_t sum = 0;
    while (sample_iter_next(&it, &s))
        sum += page_filter_keeps(filter, p, &s) ? s.weight : 0;
    sample_iter_done(&it);
    return sum;
}

static const char *channel_words(enum channel channel)
{
    static const char *const words[CHANNELS] = {
        [CHANNEL_CPU] = "CPU time",
        [CHANNEL_WAIT] = "waiting",
        [CHANNEL_FAULTS] = "memory touched for the first time",
        [CHANNEL_TASKS] = "time of goroutines",
    };
    return words[channel];
}

static void add_caption(struct strbuf *out, const struct doctor_page *pg, const struct finding *f,
    uint64_t part, uint64_t whole)
{
    const enum weight_unit unit = graph_unit(pg->p, f->channel);
    strbuf_adds(out, "<p class=\"focus-share\"><b>");
    words_percent(out, part, whole);
    strbuf_addf(out, "</b> of the %s", channel_words(f->channel));
    if (f->thread.i != 0) {
        strbuf_adds(out, " of thread ");
        html_short(out, profile_string(pg->p, profile_thread(pg->p, f->thread)->name), 40);
    } else if (f->process.i != 0) {
        strbuf_adds(out, " of ");
        html_short(out, profile_string(pg->p, profile_process(pg->p, f->process)->name), 40);
    }
    strbuf_adds(out, f->guilty.len > 0 ? " is in these stacks: " : ": ");
    words_weight(out, part, unit);
    if (part != whole) {
        strbuf_adds(out, " of ");
        words_weight(out, whole, unit);
    }
    strbuf_adds(out, "</p>\n");
}

static bool is_guilty(const struct finding *f, uint32_t func)
{
    for (size_t k = 0; k < f->guilty.len; k++) {
        if (f->guilty.ptr[k].func.i == func)
            return true;
    }
    return false;
}

/* ---- the same picture again ---- */

/* Whether nine tenths of what the two hold together is in both. */
static bool nearly_same(
    const struct profile *p, const struct page_filter *a, const struct page_filter *b)
{
    if (a->channel != b->channel)
        return false;
    struct sample_iter it = sample_iter(page_filter_log(a, p));
    struct sample s;
    uint64_t both = 0, either = 0;
    while (sample_iter_next(&it, &s)) {
        const bool in_a = page_filter_keeps(a, p, &s), in_b = page_filter_keeps(b, p, &s);
        both += in_a && in_b ? s.weight : 0;
        either += in_a || in_b ? s.weight : 0;
    }
    sample_iter_done(&it);
    return both / 9 >= either / 10;
}

static const struct focus_seen *seen_before(
    const struct doctor_page *pg, const struct page_filter *filter)
{
    for (size_t i = 0; i < pg->seen.len; i++) {
        if (nearly_same(pg->p, &pg->seen.ptr[i].filter, filter))
            return &pg->seen.ptr[i];
    }
    return NULL;
}

static void add_reference(
    struct strbuf *out, const struct doctor_page *pg, const struct focus_seen *seen)
{
    const struct finding *f = &pg->d->findings.ptr[seen->number];
    strbuf_addf(out, "<p>They are those of <a href=\"#finding-%zu\">", seen->number + 1);
    html_text(out, slice_of(doctor_title(f)));
    strbuf_adds(out, "</a>.</p>\n");
}

/* ---- the part of the card ---- */

/* Programs begin with many frames that every stack has: the picture starts a few of them above the
 * first guilty one, or above the first fork. The heaviest child comes first, so the trunk is the
 * first nodes of the tree, as many as their depth. */
static uint32_t trunk_end(const struct page_tree *t, const struct finding *f)
{
    const uint64_t nearly_all = t->nodes[0].total_weight / 100 * TRUNK_PERCENT;
    uint32_t last = 0;
    for (uint32_t i = 1; i < t->len && t->nodes[i].depth == i; i++) {
        if (t->nodes[i].total_weight < nearly_all || is_guilty(f, t->nodes[i].func))
            break;
        last = i;
    }
    return last > TRUNK_KEPT ? last - TRUNK_KEPT : 0;
}

static void add_picture(struct strbuf *out, const struct doctor_page *pg, const struct finding *f,
    const struct page_tree *tree)
{
    strbuf_adds(out, "<div class=\"picture\">");
    static_svg(out, pg->p, tree, trunk_end(tree, f), &STATIC_FOCUS);
    strbuf_adds(out, "</div>");
}

void doctor_focus(
    struct strbuf *out, struct doctor_page *pg, const struct finding *f, size_t number)
{
    struct page_filter filter = filter_of(pg, f);
    const uint64_t whole = sum_weight(pg->p, &filter);
    bool *keep = guilty_stacks(pg->p, f);
    filter.stacks = keep;
    struct page_tree tree;
    page_tree_build(pg->p, &filter, &tree);
    const bool empty = page_tree_empty(&tree);
    const struct focus_seen *seen = empty ? NULL : seen_before(pg, &filter);
    if (!empty) {
        strbuf_addf(out, "<section class=\"%s\" data-finding=\"%zu\"><h4>%s</h4>\n",
            seen ? "same" : "focus", number,
            f->guilty.len > 0 ? "The guilty stacks" : "The stacks that it is about");
        add_caption(out, pg, f, tree.nodes[0].total_weight, whole);
        if (seen)
            add_reference(out, pg, seen);
        else
            add_picture(out, pg, f, &tree);
        strbuf_adds(out, "</section>\n");
    }
    page_tree_done(&tree);
    if (empty || seen)
        free(keep);
    else
        vec_push(&pg->seen, ((struct focus_seen){ filter, keep, number }));
}

void doctor_focus_done(struct doctor_page *pg)
{
    for (size_t i = 0; i < pg->seen.len; i++)
        free(pg->seen.ptr[i].stacks);
    vec_done(&pg->seen);
}

/* ---- the same for the scripts ---- */

static void add_guilty(struct json *j, const struct doctor_page *pg, const struct finding *f)
{
    const struct graph *g = &pg->graphs[f->channel];
    json_key(j, "guilty"); /* the page's number of each function, and what it waits for or "" */
    json_array(j);
    for (uint32_t k = 0; k < guilty_len(f); k++) {
        const uint32_t func = g->names.func_of[f->guilty.ptr[k].func.i];
        json_array(j);
        json_i64(j, func == UINT32_MAX ? -1 : (int64_t)func);
        PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
        text_clean(&clean, profile_string(pg->p, f->guilty.ptr[k].on), HTML_NAME_MAX);
        json_string(j, strbuf_slice(&clean));
        json_array_end(j);
    }
    json_array_end(j);
}

static void add_intervals(struct json *j, const struct doctor_page *pg, const struct finding *f)
{
    json_key(j, "intervals"); /* millionths of the run */
    json_array(j);
    for (size_t i = 0; i < f->intervals.len; i++) {
        json_array(j);
        json_u64(j, (uint64_t)(1e6 * run_time_share(pg->run, f->intervals.ptr[i].from_ns)));
        json_u64(j, (uint64_t)(1e6 * run_time_share(pg->run, f->intervals.ptr[i].to_ns)));
        json_array_end(j);
    }
    json_array_end(j);
}

void doctor_focus_facts(struct strbuf *out, const struct doctor_page *pg)
{
    struct json j;
    json_init(&j, out);
    json_object(&j);
    json_key(&j, "runNs");
    json_u64(&j, pg->run.to_ns - pg->run.from_ns);
    json_key(&j, "channels"); /* that have samples, and where each one's times begin in the run */
    json_array(&j);
    for (int c = 0; c < CHANNELS; c++) {
        const struct graph *g = &pg->graphs[c];
        if (graph_empty(g))
            continue;
        json_object(&j);
        json_key(&j, "id");
        json_text(&j, channel_info((enum channel)c)->id);
        json_key(&j, "zeroNs");
        json_i64(&j, (int64_t)g->tree.from_ns - (int64_t)pg->run.from_ns);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_key(&j, "findings");
    json_array(&j);
    for (size_t i = 0; i < pg->d->findings.len; i++) {
        const struct finding *f = &pg->d->findings.ptr[i];
        const struct graph *g = &pg->graphs[f->channel];
        json_object(&j);
        json_key(&j, "channel");
        json_text(&j, channel_info(f->channel)->id);
        json_key(&j, "thread"); /* in the channel's list; -1: any */
        json_i64(&j, f->thread.i == 0 ? -1 : (int64_t)g->threads.index_of[f->thread.i]);
        json_key(&j, "process");
        json_u64(&j, f->process.i);
        add_guilty(&j, pg, f);
        add_intervals(&j, pg, f);
        json_object_end(&j);
    }
    json_array_end(&j);
    json_object_end(&j);
}
