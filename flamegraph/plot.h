// SPDX-License-Identifier: MIT
/*
 * A chart of numbers over the time of a recording: gathered from series or spans, thinned to a
 * number of points that no recording can raise, and drawn as SVG that needs no script and no style.
 *
 *     plot_init, plot_add_series / plot_add_spans (any number), plot_finish, plot_svg, plot_done
 *
 * A plot has a line for each thread or process, the busiest ones when there are more than fit.
 */
#ifndef PROF_FLAMEGRAPH_PLOT_H
#define PROF_FLAMEGRAPH_PLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/finding.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "profile/profile.h"

enum { PLOT_LINES_MAX = 4, PLOT_POINTS_MAX = 600 };

/* The time axis that all charts of a page share; to is after from. */
struct run_time {
    uint64_t from_ns, to_ns;
};

struct run_time run_time_of(const struct profile *p);
double run_time_share(struct run_time run, uint64_t time_ns); /* 0..1, clamped */

struct plot_point {
    double at; /* 0..1 of the run */
    double value;
};

struct plot_line {
    struct strbuf label; /* plain text, "" for a chart of one line */
    VEC(struct plot_point) points;
    double mean, peak, peak_at, middle;
};

struct plot {
    const char *title; /* borrowed */
    const char *unit;  /* as in words_value() */
    double threshold;  /* NAN: none */
    bool bars;         /* spans: each point stands alone */
    VEC(struct plot_line) lines;
    uint32_t left_out; /* lines that did not fit */
    uint64_t count;    /* points before thinning */
    double top;        /* upper end of the scale */
};

struct plot_wish {
    const char *series;
    const char *label; /* of its line; NULL: the thread's or the process's */
    struct process_id process;
    struct thread_id thread;
    bool rate;
};

void plot_init(struct plot *pl, const char *title, double threshold);
void plot_done(struct plot *pl);
void plot_add_series(
    struct plot *pl, const struct profile *p, struct run_time run, const struct plot_wish *wish);
void plot_add_spans(struct plot *pl, const struct profile *p, struct run_time run,
    enum span_kind kind, struct thread_id thread);

/* After the last line: chooses, sums up, thins. False: there is nothing to draw. */
bool plot_finish(struct plot *pl);

/* The picture with the intervals marked, what it shows in words, and its points for the scripts. */
void plot_svg(struct strbuf *out, const struct plot *pl, struct run_time run,
    const struct interval *marked, size_t marked_len);
void plot_summary(struct strbuf *out, const struct plot *pl, struct run_time run);
void plot_legend(struct strbuf *out, const struct plot *pl);
void plot_json(struct json *j, const struct plot *pl);

/* The scale below a group of charts. */
void plot_axis(struct strbuf *out, struct run_time run);

#endif
