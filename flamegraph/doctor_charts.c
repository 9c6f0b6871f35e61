// SPDX-License-Identifier: MIT
#include <math.h>

#include "base/compiler.h"
#include "flamegraph/doctor_page.h"
#include "flamegraph/html.h"
#include "flamegraph/words.h"

enum { CHARTS_OF_FINDING = 6 };

static void add_chart(struct strbuf *out, struct doctor_page *pg, const struct plot *pl,
    const struct interval *marked, size_t marked_len)
{
    strbuf_addf(
        out, "<figure class=\"chart\" data-chart=\"%u\"><figcaption><b>", pg->chart_count++);
    html_short(out, slice_of(pl->title), HTML_SHORT_MAX);
    strbuf_adds(out, "</b> <span class=\"sum\">");
    plot_summary(out, pl, pg->run);
    strbuf_adds(out, "</span>");
    plot_legend(out, pl);
    strbuf_adds(out, "</figcaption><div class=\"area\">");
    plot_svg(out, pl, pg->run, marked, marked_len);
    strbuf_adds(out, "</div></figure>\n");
    plot_json(&pg->charts, pl);
}

static void begin_charts(struct strbuf *out)
{
    strbuf_adds(out, "<div class=\"charts\">");
}

static void end_charts(struct strbuf *out, const struct doctor_page *pg)
{
    strbuf_adds(out, "<div class=\"axis-row\">");
    plot_axis(out, pg->run);
    strbuf_adds(out, "</div></div>\n");
}

/* ---- of a finding ---- */

static void gather(struct plot *pl, const struct doctor_page *pg, const struct chart *c)
{
    plot_init(pl, c->title ? c->title : "", c->threshold);
    switch (c->kind) {
    case CHART_SERIES:
        plot_add_series(pl, pg->p, pg->run,
            &(struct plot_wish){ .series = profile_string(pg->p, c->series).ptr,
                .process = c->process,
                .thread = c->thread,
                .rate = c->rate });
        break;
    case CHART_SPANS:
        plot_add_spans(pl, pg->p, pg->run, c->spans, c->thread);
        break;
    }
}

void doctor_charts(struct strbuf *out, struct doctor_page *pg, const struct finding *f)
{
    bool any = false;
    for (size_t i = 0; i < f->charts.len && i < CHARTS_OF_FINDING; i++) {
        struct plot pl;
        gather(&pl, pg, &f->charts.ptr[i]);
        if (plot_finish(&pl)) {
            if (!any) {
                strbuf_adds(out, "<section class=\"evidence\"><h4>When");
                if (f->intervals.len > 0)
                    strbuf_adds(out,
                        " <small><i class=\"swatch\"></i>marked: the times that this is "
                        "about</small>");
                strbuf_adds(out, "</h4>\n");
                begin_charts(out);
            }
            any = true;
            add_chart(out, pg, &pl, f->intervals.ptr, f->intervals.len);
        }
        plot_done(&pl);
    }
    if (!any)
        return;
    end_charts(out, pg);
    strbuf_adds(out, "</section>\n");
}

/* ---- of the whole run ---- */

enum { SERIES_OF_ROW = 3 };

/* In the order of the page. Each with the first of its alternatives that was recorded. */
static const struct run_row {
    const char *title;
    struct {
        const char *series, *label;
    } series[SERIES_OF_ROW];
    bool rate, spans;
    bool several; /* of one process, the row before says the same */
    enum span_kind kind;
} run_rows[] = {
    { .title = "CPU by thread", .series = { { "thread_on_cpu", NULL } }, .rate = true },
    { .title = "CPU by process", .series = { { "cpu", NULL } }, .rate = true, .several = true },
    { .title = "Waiting for a CPU", .series = { { "thread_queued", NULL } }, .rate = true },
    { .title = "CPU of other programs", .series = { { "host_others", "" } }, .rate = true },
    { .title = "Throttled by the cgroup", .series = { { "cgroup_throttled", "" } }, .rate = true },
    { .title = "Turns of the event loop", .spans = true, .kind = SPAN_TURN },
    { .title = "Delay of the event loop", .series = { { "loop_delay_max", NULL } } },
    { .title = "Requests",
        .series = { { "requests", "answered" }, { "request_errors", "failed" } },
        .rate = true },
    { .title = "Memory",
        .series = { { "rss", "resident" }, { "heap_used", "heap" },
            { "heap_after_gc", "heap after collection" } } },
    { .title = "Pauses of the collector", .spans = true, .kind = SPAN_GC },
    { .title = "Page faults",
        .series = { { "faults_minor", "minor" }, { "faults_major", "major" } },
        .rate = true },
    { .title = "Open descriptors",
        .series = { { "fds", "all" }, { "fds_socket", "sockets" }, { "fds_file", "files" } } },
    { .title = "Storage",
        .series = { { "io_read", "read" }, { "io_write", "written" } },
        .rate = true },
    { .title = "Context switches",
        .series = { { "switches_voluntary", "waited" }, { "switches_forced", "were made to" } },
        .rate = true },
    { .title = "Threads", .series = { { "threads", NULL } } },
};

static bool all_zero(const struct plot *pl)
{
    for (size_t i = 0; i < pl->lines.len; i++) {
        if (pl->lines.ptr[i].peak > 0.0)
            return false;
    }
    return true;
}

/* The process that used the most CPU speaks for the run, so that lines stay few. */
static struct process_id main_process(const struct profile *p)
{
    struct process_id best = { 0 };
    double most = -1.0;
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        const struct series *s = profile_series(p, (struct series_id){ i });
        uint32_t n = 0;
        const struct series_point *points = profile_points(p, (struct series_id){ i }, &n);
        if (n < 2 || s->process.i == 0 || !slice_is(profile_string(p, s->name), "cpu"))
            continue;
        if (points[n - 1].value - points[0].value > most) {
            most = points[n - 1].value - points[0].value;
            best = s->process;
        }
    }
    return best;
}

static void gather_row(struct plot *pl, const struct doctor_page *pg, const struct run_row *row,
    struct process_id busiest)
{
    plot_init(pl, row->title, (double)NAN);
    if (row->spans)
        plot_add_spans(pl, pg->p, pg->run, row->kind, (struct thread_id){ 0 });
    for (int i = 0; i < SERIES_OF_ROW && row->series[i].series; i++) {
        struct plot_wish wish = {
            .series = row->series[i].series, .label = row->series[i].label, .rate = row->rate
        };
        if (wish.label && wish.label[0] != '\0')
            wish.process = busiest;
        plot_add_series(pl, pg->p, pg->run, &wish);
    }
}

void doctor_run_charts(struct strbuf *out, struct doctor_page *pg)
{
    const struct process_id busiest = main_process(pg->p);
    bool any = false;
    for (size_t i = 0; i < PROF_ARRAY_LEN(run_rows); i++) {
        struct plot pl;
        gather_row(&pl, pg, &run_rows[i], busiest);
        if (plot_finish(&pl) && !all_zero(&pl) &&
            !(run_rows[i].several && any && pl.lines.len == 1)) {
            if (!any)
                begin_charts(out);
            any = true;
            add_chart(out, pg, &pl, pg->marked.ptr, pg->marked.len);
        }
        plot_done(&pl);
    }
    if (any)
        end_charts(out, pg);
}
