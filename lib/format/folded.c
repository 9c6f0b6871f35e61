// SPDX-License-Identifier: MIT
/*
 * Folded stacks, one line per stack: "outermost;...;leaf COUNT". What flamegraph.pl, inferno,
 * speedscope and every stackcollapse script speak.
 *
 * Written: the count is in samples and whole, because readers drop lines whose count is not. Where
 * the rate was lowered on the way, or calls were timed, a sample stands for more or less than the
 * first ones, and counts as so many: readers take counts for shares of time. ';' in a name would
 * split it, a control byte or invalid UTF-8 breaks tools further down: all are replaced. Read:
 * "_[k]", "_[i]" and "_[j]" at the end of a name tell kernel, inlined and generated code.
 */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/text_lines.h"
#include "profile/calltree.h"
#include "profile/evidence.h"

static const uint64_t TOTAL_MAX = INT64_MAX;

/* ---- writing ---- */

/* What one character of a name becomes: no reader's separator, no control byte, valid UTF-8. */
static void add_character(struct strbuf *out, uint32_t c)
{
    if (c == ';')
        strbuf_addc(out, ':');
    else if (c < 0x20 || c == 0x7f)
        strbuf_addc(out, '?');
    else
        utf8_encode(out, c);
}

static void add_name(struct strbuf *out, struct slice name)
{
    if (name.len == 0)
        name = slice_of("[unknown]");
    while (name.len) {
        size_t len;
        add_character(out, utf8_decode(name, &len));
        name = slice_skip(name, len);
    }
}

/* What one sample weighed at first, where others weigh more or less; 0: a sample is a sample. */
static uint64_t first_period_ns(const struct profile *p)
{
    const struct profile_meta *m = profile_meta_get(p);
    const uint64_t first = m->rate_hz ? NS_PER_S / m->rate_hz : 0;
    const bool alike = m->period_ns == first && profile_tally_sum(p, "timed").count == 0;
    return m->weight_unit == WEIGHT_NANOSECONDS && !alike ? first : 0;
}

static uint64_t count_of(const struct calltree_node *node, uint64_t period_ns)
{
    if (period_ns == 0 || node->self_count == 0)
        return node->self_count;
    const uint64_t count = (node->self_weight + period_ns / 2) / period_ns;
    return count ? count : 1;
}

static void add_line(struct out *o, const struct profile *p, const struct calltree *tree,
    const uint32_t *path, const struct calltree_node *node)
{
    for (uint32_t depth = 1; depth <= node->depth; depth++) {
        const struct func *func = profile_func(p, tree->nodes[path[depth]].func);
        if (depth > 1)
            strbuf_addc(&o->text, ';');
        add_name(&o->text, profile_string(p, func->name));
        out_step(o);
    }
    if (node->depth == 0)
        strbuf_adds(&o->text, "[unknown]");
    strbuf_addf(&o->text, " %" PRIu64 "\n", count_of(node, first_period_ns(p)));
    out_step(o);
}

bool folded_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct calltree tree;
    calltree_build(p, false, &tree);
    VEC(uint32_t) path = { 0 }; /* node at each depth above the one under way */
    vec_reserve(&path, tree.max_depth + 1);
    struct out o = out_init(sink, e);
    for (uint32_t i = 0; i < tree.len && !o.failed; i++) {
        const struct calltree_node *node = &tree.nodes[i];
        path.ptr[node->depth] = i;
        if (node->self_count)
            add_line(&o, p, &tree, path.ptr, node);
    }
    vec_done(&path);
    calltree_done(&tree);
    return out_finish(&o);
}

/* ---- reading ---- */

struct folded_reader {
    struct profile *p;
    struct text_lines lines;
    struct slice above;        /* the stack text of the line before */
    VEC(struct stack_id) path; /* its stacks, one per frame */
    VEC(size_t) ends;          /* where each of its frames ends in `above` */
    uint64_t total;
};

static const struct suffix {
    const char *text;
    enum func_kind kind;
} suffixes[] = {
    { "_[k]", FUNC_KERNEL },
    { "_[j]", FUNC_JIT },
    { "_[i]", FUNC_APP },
};

static struct frame_id add_frame(struct profile *p, struct slice name)
{
    enum func_kind kind = FUNC_APP;
    for (size_t i = 0; i < PROF_ARRAY_LEN(suffixes); i++) {
        if (!slice_ends(name, suffixes[i].text))
            continue;
        kind = suffixes[i].kind;
        name.len -= strlen(suffixes[i].text);
    }
    if (name.len == 0 || slice_is(name, "[unknown]"))
        kind = FUNC_UNKNOWN;
    if (name.len == 0)
        name = slice_of("[unknown]");
    struct func func = { .name = profile_add_string(p, name), .kind = kind };
    struct line line = { .func = profile_add_func(p, &func) };
    return profile_add_frame_lines(p, &line, 1);
}

/* How many leading frames the line shares with the one before: sorted files share most. */
static size_t shared_frames(const struct folded_reader *r, struct slice stack)
{
    size_t most = r->above.len < stack.len ? r->above.len : stack.len;
    size_t same = 0;
    while (same < most && r->above.ptr[same] == stack.ptr[same])
        same++;
    size_t frames = 0;
    while (frames < r->ends.len && r->ends.ptr[frames] <= same) {
        size_t end = r->ends.ptr[frames];
        if (end < stack.len && stack.ptr[end] != ';')
            break; /* "ab" after "a" */
        frames++;
    }
    return frames;
}

static bool add_stack(struct folded_reader *r, struct slice stack, struct err *e)
{
    size_t shared = shared_frames(r, stack);
    r->path.len = r->ends.len = shared;
    size_t at = shared ? r->ends.ptr[shared - 1] + 1 : 0;
    while (at <= stack.len) {
        struct slice rest = slice_skip(stack, at);
        size_t len = slice_find(rest, ';');
        if (r->path.len == IMPORT_DEPTH_MAX)
            return text_lines_wrong(&r->lines, e, "a stack of at most %d frames", IMPORT_DEPTH_MAX);
        struct stack_id caller = { r->path.len ? r->path.ptr[r->path.len - 1].i : 0 };
        struct frame_id frame = add_frame(r->p, (struct slice){ rest.ptr, len });
        vec_push(&r->path, profile_add_stack(r->p, caller, frame));
        vec_push(&r->ends, at + len);
        at += len + 1;
    }
    r->above = stack;
    return true;
}

/* "stack COUNT": the count stands behind the last blank. */
static bool split_count(struct slice line, struct slice *ret_stack, struct slice *ret_count)
{
    size_t blank = line.len;
    while (blank > 0 && line.ptr[blank - 1] != ' ' && line.ptr[blank - 1] != '\t')
        blank--;
    if (blank == 0)
        return false;
    *ret_count = slice_skip(line, blank);
    *ret_stack = slice_trim((struct slice){ line.ptr, blank - 1 });
    return ret_stack->len > 0;
}

static bool read_line(struct folded_reader *r, struct slice line, struct err *e)
{
    struct slice stack, digits;
    if (!split_count(line, &stack, &digits))
        return text_lines_wrong(&r->lines, e, "'frame;frame;frame COUNT'");
    uint64_t count;
    if (!slice_to_u64(digits, 10, &count))
        return text_lines_wrong(&r->lines, e, "a whole number of samples at its end");
    if (count > TOTAL_MAX - r->total)
        return text_lines_wrong(&r->lines, e, "counts that add up to less than 2^63");
    if (count == 0)
        return true;
    r->total += count;
    if (!add_stack(r, stack, e))
        return false;
    struct sample sample = {
        .stack = r->path.ptr[r->path.len - 1], .count = count, .weight = count
    };
    profile_add_sample(r->p, &sample);
    return true;
}

static bool read_lines(struct folded_reader *r, struct err *e)
{
    struct slice line;
    while (text_lines_next(&r->lines, &line)) {
        line = slice_trim(line);
        if (line.len && !read_line(r, line, e))
            return false;
    }
    return true;
}

struct profile *folded_read(struct slice bytes, struct err *e)
{
    struct folded_reader r = { .p = profile_new(), .lines = text_lines(bytes) };
    struct profile_meta *m = profile_meta(r.p);
    m->weight_unit = WEIGHT_COUNT;
    meta_set_text(&m->tool, slice_of("folded stacks"));
    meta_set_text(&m->level, slice_of("imported"));
    bool ok = read_lines(&r, e);
    if (ok && r.total == 0)
        ok = err_set(e, ERR_FORMAT, "no stacks: expected lines of 'frame;frame;frame COUNT'");
    vec_done(&r.path);
    vec_done(&r.ends);
    if (ok)
        return r.p;
    profile_free(r.p);
    return NULL;
}

/* The first line with anything on it ends in a blank and a number. */
bool folded_sniff(struct slice head)
{
    struct text_lines lines = text_lines(head);
    struct slice line, stack, digits;
    uint64_t count;
    while (text_lines_next(&lines, &line)) {
        line = slice_trim(line);
        if (line.len == 0)
            continue;
        return memchr(line.ptr, '\0', line.len) == NULL && split_count(line, &stack, &digits) &&
               slice_to_u64(digits, 10, &count);
    }
    return false;
}
