// SPDX-License-Identifier: MIT
#include "flamegraph/static.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "flamegraph/html.h"
#include "flamegraph/palette.h"
#include "flamegraph/words.h"

enum { TOP_ROWS = 20 };

static int kind_of(const struct profile *p, uint32_t func, uint32_t flags)
{
    static const struct func nameless = { .kind = FUNC_UNKNOWN };
    return palette_kind_of(
        func == 0 ? &nameless : profile_func(p, (struct func_id){ func }), flags);
}

/* ---- table ---- */

static void add_cell(struct strbuf *out, uint64_t part, uint64_t whole)
{
    strbuf_adds(out, "<td align=\"right\">");
    words_percent(out, part, whole);
    strbuf_adds(out, "</td>");
}

void static_table(
    struct strbuf *out, const struct profile *p, const struct page_tree *t, const struct hottest *h)
{
    const uint64_t whole = t->nodes[0].total_weight;
    strbuf_adds(out, "<table><caption>Hottest functions</caption><thead><tr><th>Self</th>"
                     "<th>Total</th><th>Function</th><th>Where</th><th>Kind</th></tr></thead>"
                     "<tbody>\n");
    for (uint32_t i = 0; i < h->len && i < TOP_ROWS; i++) {
        const struct hot_func *f = &h->rows[i];
        strbuf_adds(out, "<tr>");
        add_cell(out, f->self_weight, whole);
        add_cell(out, f->total_weight, whole);
        strbuf_adds(out, "<td><code>");
        words_func_html(out, p, f->func);
        strbuf_adds(out, "</code></td><td>");
        words_place_html(out, p, f->func);
        strbuf_addf(
            out, "</td><td>%s</td></tr>\n", palette_kind(kind_of(p, f->func, f->flags))->title);
    }
    strbuf_adds(out, "</tbody></table>\n");
}

/* ---- picture ---- */

enum {
    SVG_WIDTH = 1200,
    SVG_ROW = 17,
    SVG_LABEL_MIN = 44, /* narrower boxes have no label */
    SVG_CHAR = 8,       /* width of a letter, rounded up */
};

const struct static_size STATIC_WHOLE = {
    .boxes = 700,
    .rows = 64,
    .labels = 220,
    .narrowest = 1,
    .words = "Flame graph, callers above callees; the table has the same functions",
};

const struct static_size STATIC_FOCUS = {
    .boxes = 240,
    .rows = 30,
    .labels = 110,
    .narrowest = 6,
    .words = "Flame graph of the guilty stacks, callers above callees",
};

struct box {
    uint32_t node;
    uint32_t x, width; /* in pixels */
};

struct picture {
    const struct profile *p;
    const struct page_tree *t;
    const struct static_size *size;
    uint32_t from; /* the node that is drawn as "all" */
    struct box *boxes;
    uint32_t len;
    uint32_t rows;
};

static uint32_t scale(const struct picture *pic, uint64_t weight)
{
    const uint64_t whole = pic->t->nodes[pic->from].total_weight;
    return (uint32_t)((double)weight / (double)whole * SVG_WIDTH);
}

/* Boxes at least min pixels wide, by a walk that leaves out what stands on a narrower one. */
static void collect_boxes(struct picture *pic, uint32_t min)
{
    const struct page_tree *t = pic->t;
    uint64_t *next = xcalloc((size_t)t->max_depth + 2, sizeof *next); /* where a child starts */
    const uint32_t top = t->nodes[pic->from].depth;
    pic->len = pic->rows = 0;
    for (uint32_t i = pic->from; i < t->nodes[pic->from].end;) {
        const struct page_node *n = &t->nodes[i];
        const uint64_t x = next[n->depth];
        next[n->depth] += n->total_weight;
        next[n->depth + 1] = x;
        const uint32_t left = scale(pic, x), right = scale(pic, x + n->total_weight);
        if (right - left < min || n->depth - top >= pic->size->rows) {
            i = n->end;
            continue;
        }
        if (pic->len < pic->size->boxes)
            pic->boxes[pic->len] = (struct box){ .node = i, .x = left, .width = right - left };
        pic->len++;
        if (n->depth - top >= pic->rows)
            pic->rows = n->depth - top + 1;
        i++;
    }
    free(next);
}

static uint32_t row_of(const struct picture *pic, const struct page_node *n)
{
    return n->depth - pic->t->nodes[pic->from].depth;
}

static void add_rectangles(struct strbuf *out, const struct picture *pic, int kind)
{
    const size_t before = out->len;
    strbuf_addf(out, "<path fill=\"%s\" d=\"", palette_kind(kind)->light);
    const size_t empty = out->len;
    for (uint32_t i = 1; i < pic->len; i++) {
        const struct box *b = &pic->boxes[i];
        const struct page_node *n = &pic->t->nodes[b->node];
        if (kind_of(pic->p, n->func, n->flags) == kind)
            strbuf_addf(out, "M%u %uh%uv%uh-%uz", b->x, row_of(pic, n) * SVG_ROW,
                b->width > 2 ? b->width - 1 : b->width, SVG_ROW - 1,
                b->width > 2 ? b->width - 1 : b->width);
    }
    if (out->len == empty)
        out->len = before;
    else
        strbuf_adds(out, "\"/>");
    out->ptr[out->len] = '\0';
}

static void add_label(struct strbuf *out, const struct picture *pic, const struct box *b)
{
    const struct page_node *n = &pic->t->nodes[b->node];
    PROF_CLEANUP(strbuf_done) struct strbuf all = STRBUF_INIT;
    strbuf_adds(&all, "all");
    if (pic->from > 0)
        strbuf_addf(&all, ", through %u callers that are not drawn", n->depth);
    const bool top = b->node == pic->from;
    const struct slice name =
        top ? strbuf_slice(&all)
        : n->func == 0
            ? slice_of("[no name]")
            : profile_string(pic->p, profile_func(pic->p, (struct func_id){ n->func })->name);
    strbuf_addf(out, "<text x=\"%u\" y=\"%u\">", b->x + 3, row_of(pic, n) * SVG_ROW + 12);
    const uint32_t room = (b->width - 6) / SVG_CHAR - 1; /* the cut's mark takes one */
    html_short(out, name, room);
    if (!top && n->repeat > 1 && name.len + 6 < room)
        strbuf_addf(out, " ×%u", n->repeat);
    strbuf_adds(out, "</text>");
}

void static_svg(struct strbuf *out, const struct profile *p, const struct page_tree *t,
    uint32_t from, const struct static_size *size)
{
    if (page_tree_empty(t))
        return;
    struct picture pic = {
        .p = p, .t = t, .from = from, .size = size, .boxes = xcalloc(size->boxes, sizeof *pic.boxes)
    };
    uint32_t min = size->narrowest;
    for (collect_boxes(&pic, min); pic.len > size->boxes; collect_boxes(&pic, min))
        min++;
    const uint32_t height = pic.rows * SVG_ROW;
    strbuf_addf(out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %u\" width=\"100%%\" "
        "role=\"img\" aria-label=\"%s\" "
        "font-family=\"sans-serif\" font-size=\"11\" fill=\"#1a1a1a\">\n",
        SVG_WIDTH, height, size->words);
    strbuf_addf(
        out, "<path fill=\"#d9dce0\" d=\"M0 0h%dv%uh-%dz\"/>", SVG_WIDTH, SVG_ROW - 1, SVG_WIDTH);
    for (int kind = 0; kind < PALETTE_KINDS; kind++)
        add_rectangles(out, &pic, kind);
    uint32_t labels = 0;
    for (uint32_t i = 0; i < pic.len && labels < size->labels; i++) {
        if (pic.boxes[i].width < SVG_LABEL_MIN)
            continue;
        add_label(out, &pic, &pic.boxes[i]);
        labels++;
    }
    strbuf_adds(out, "</svg>\n");
    free(pic.boxes);
}
