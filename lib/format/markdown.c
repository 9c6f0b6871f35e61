// SPDX-License-Identifier: MIT
/*
 * The report for a pull request or an issue: short enough for a comment, the long parts folded
 * away. Names stand in code spans, so that nothing in them is Markdown, HTML or a mention.
 */
#include <inttypes.h>

#include "base/utf8.h"
#include "format/formats.h"
#include "format/out.h"
#include "format/screen.h"
#include "format/summary.h"

enum { ROWS = 10, STACKS = 3, STACK_FRAMES = 10, NAME_WIDTH = 70 };

/* Text in a code span. A table would split it at '|', a code span ends at '`'. */
static void add_code(struct strbuf *out, struct slice text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf short_text = STRBUF_INIT;
    screen_add(&short_text, text, NAME_WIDTH, CUT_MIDDLE);
    strbuf_addc(out, '`');
    for (size_t i = 0; i < short_text.len; i++) {
        char c = short_text.ptr[i];
        if (c == '|')
            strbuf_addc(out, '\\');
        strbuf_addc(out, c == '`' ? '\'' : c);
    }
    strbuf_addc(out, '`');
}

static void add_header(const struct summary *s, struct strbuf *out)
{
    const struct profile_meta *m = profile_meta_get(s->p);
    const char *title = m->title ? m->title : m->command ? m->command : "profile";
    strbuf_adds(out, "### CPU profile of ");
    add_code(out, slice_of(title));
    strbuf_addf(out, "\n\n%" PRIu64 " samples", s->funcs.count);
    summary_add_extent(s, out);
    if (m->samples_lost)
        strbuf_addf(out, ", %" PRIu64 " lost", m->samples_lost);
    strbuf_adds(out, ".\n");
}

static void add_table(const struct summary *s, struct strbuf *out)
{
    if (s->funcs.len == 0)
        return;
    strbuf_adds(out, "\n| own % | total % | function | where |\n|--:|--:|:--|:--|\n");
    for (uint32_t i = 0; i < s->funcs.len && i < ROWS; i++) {
        const struct func_total *row = &s->funcs.rows[i];
        if (row->self_weight == 0)
            break;
        PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
        summary_add_place(s, row->func, &place);
        strbuf_addf(out, "| %.1f | %.1f | ", summary_percent(s, row->self_weight),
            summary_percent(s, row->total_weight));
        add_code(out, summary_func_name(s, row->func));
        strbuf_adds(out, " | ");
        if (place.len)
            add_code(out, strbuf_slice(&place));
        strbuf_adds(out, " |\n");
    }
}

static void add_stacks(const struct summary *s, struct strbuf *out)
{
    if (s->stack_count == 0)
        return;
    const struct calltree_node *nodes = s->tree.nodes;
    strbuf_adds(out, "\n<details><summary>Hottest stacks</summary>\n");
    for (uint32_t i = 0; i < s->stack_count && i < STACKS; i++) {
        uint32_t node = s->stacks[i];
        strbuf_addf(
            out, "\n%.1f %%, innermost first:\n\n", summary_percent(s, nodes[node].self_weight));
        for (int shown = 0; node && shown < STACK_FRAMES; shown++) {
            strbuf_adds(out, "- ");
            add_code(out, summary_func_name(s, nodes[node].func));
            strbuf_adds(out, nodes[node].inlined ? " (inlined)\n" : "\n");
            node = nodes[node].parent;
        }
        if (node)
            strbuf_addf(out, "- and %" PRIu32 " more\n", nodes[node].depth);
    }
    strbuf_adds(out, "\n</details>\n");
}

static void add_notes(const struct summary *s, struct strbuf *out)
{
    uint32_t count = profile_note_count(s->p);
    if (count == 0)
        return;
    strbuf_adds(out, "\n<details><summary>What is missing</summary>\n\n");
    for (uint32_t i = 0; i < count; i++) {
        struct note note = profile_note(s->p, i);
        const struct string_id parts[] = { note.what, note.why, note.how };
        strbuf_adds(out, "- ");
        for (size_t k = 0; k < PROF_ARRAY_LEN(parts); k++) {
            struct slice text = profile_string(s->p, parts[k]);
            if (text.len == 0)
                continue;
            strbuf_adds(out, k ? "; " : "");
            add_code(out, text);
        }
        strbuf_addc(out, '\n');
    }
    strbuf_adds(out, "\n</details>\n");
}

bool markdown_write(const struct profile *p, const struct format_sink *sink, struct err *e)
{
    struct summary s;
    summary_build(p, &s);
    struct out o = out_init(sink, e);
    add_header(&s, &o.text);
    add_table(&s, &o.text);
    add_stacks(&s, &o.text);
    add_notes(&s, &o.text);
    summary_done(&s);
    return out_finish(&o);
}
