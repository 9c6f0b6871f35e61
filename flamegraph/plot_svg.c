// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "flamegraph/html.h"
#include "flamegraph/plot.h"
#include "flamegraph/words.h"

/* The picture is as wide as its place, so widths are in thousandths and heights in pixels; text
 * stands outside of the part that is stretched. */
enum {
    WIDTH = 1000,
    HEIGHT = 56,
    HEAD = 15, /* above it: the ends of the scale in words */
    TICKS_MAX = 6,
    MARK_MIN = 4, /* thousandths: a short interval is still seen */
    LABEL_MAX = 40,
};

/* Shown without our style sheet; with it, by classes. Told apart by dashes as well. */
static const struct {
    const char *colour, *dashes;
} looks[PLOT_LINES_MAX] = {
    { "#2f6fd0", "" },
    { "#b4500a", "7 3" },
    { "#0b7f75", "2 2" },
    { "#8b3fb8", "8 3 2 3" },
};

static double height_of(const struct plot *pl, double value)
{
    const double share = value / pl->top;
    return HEIGHT * (1.0 - (share < 0.0 ? 0.0 : share > 1.0 ? 1.0 : share));
}

/* ---- lines ---- */

/* Up to one digit behind the point, none when it is 0. */
static void add_number(struct strbuf *out, double value)
{
    const double tenths = floor(value * 10.0 + 0.5);
    if (fmod(tenths, 10.0) == 0.0)
        strbuf_addf(out, "%.0f", tenths / 10.0);
    else
        strbuf_addf(out, "%.1f", tenths / 10.0);
}

static void add_points(struct strbuf *out, const struct plot *pl, const struct plot_line *line)
{
    for (size_t i = 0; i < line->points.len; i++) {
        strbuf_addc(out, i == 0 ? 'M' : 'L');
        add_number(out, line->points.ptr[i].at * WIDTH);
        strbuf_addc(out, ' ');
        add_number(out, height_of(pl, line->points.ptr[i].value));
    }
}

static void add_line(struct strbuf *out, const struct plot *pl, size_t index)
{
    const struct plot_line *line = &pl->lines.ptr[index];
    if (pl->lines.len == 1) {
        strbuf_adds(out, "<path class=\"under\" fill=\"#2f6fd0\" fill-opacity=\".14\" d=\"");
        add_points(out, pl, line);
        strbuf_adds(out, "L");
        add_number(out, line->points.ptr[line->points.len - 1].at * WIDTH);
        strbuf_addf(out, " %dL", HEIGHT);
        add_number(out, line->points.ptr[0].at * WIDTH);
        strbuf_addf(out, " %dz\"/>", HEIGHT);
    }
    strbuf_addf(out,
        "<path class=\"line l%zu\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\" "
        "stroke-dasharray=\"%s\" vector-effect=\"non-scaling-stroke\" d=\"",
        index, looks[index].colour, looks[index].dashes);
    add_points(out, pl, line);
    strbuf_adds(out, "\"/>");
}

static void add_bars(struct strbuf *out, const struct plot *pl)
{
    const struct plot_line *line = &pl->lines.ptr[0];
    strbuf_adds(out, "<path class=\"line l0\" fill=\"none\" stroke=\"#2f6fd0\" "
                     "stroke-width=\"2\" vector-effect=\"non-scaling-stroke\" d=\"");
    for (size_t i = 0; i < line->points.len; i++) {
        strbuf_addc(out, 'M');
        add_number(out, line->points.ptr[i].at * WIDTH);
        strbuf_addf(out, " %dV", HEIGHT);
        add_number(out, height_of(pl, line->points.ptr[i].value));
    }
    strbuf_adds(out, "\"/>");
}

/* ---- time ---- */

/* Ticks at 1, 2 or 5 times a power of ten seconds, or at whole minutes. */
static double tick_of(double seconds)
{
    static const double steps[] = { 1.0, 2.0, 5.0, 10.0 };
    if (seconds > 120.0) {
        double step = 60.0;
        for (int i = 0; seconds / step > TICKS_MAX; i++)
            step *= i % 2 == 0 ? 5.0 : 2.0;
        return step;
    }
    const double power = pow(10.0, floor(log10(seconds / TICKS_MAX)));
    for (size_t i = 0; i < PROF_ARRAY_LEN(steps); i++) {
        if (seconds / (steps[i] * power) <= TICKS_MAX)
            return steps[i] * power;
    }
    return 10.0 * power;
}

static double seconds_of(struct run_time run)
{
    return (double)(run.to_ns - run.from_ns) / (double)NS_PER_S;
}

static void add_grid(struct strbuf *out, struct run_time run)
{
    const double seconds = seconds_of(run), tick = tick_of(seconds);
    strbuf_addf(out,
        "<path class=\"grid\" stroke=\"#dfe3e8\" fill=\"none\" "
        "vector-effect=\"non-scaling-stroke\" d=\"M0 %dH%d",
        HEIGHT, WIDTH);
    for (double at = tick; at < seconds; at += tick) {
        strbuf_adds(out, "M");
        add_number(out, at / seconds * WIDTH);
        strbuf_addf(out, " 0V%d", HEIGHT);
    }
    strbuf_adds(out, "\"/>");
}

static void add_tick_label(struct strbuf *out, double seconds, double tick)
{
    if (tick >= 60.0)
        strbuf_addf(out, "%.0f min", seconds / 60.0);
    else if (tick >= 1.0)
        strbuf_addf(out, "%.0f s", seconds);
    else
        strbuf_addf(out, "%.*f s", tick >= 0.1 ? 1 : tick >= 0.01 ? 2 : 3, seconds);
}

void plot_axis(struct strbuf *out, struct run_time run)
{
    const double seconds = seconds_of(run), tick = tick_of(seconds);
    strbuf_adds(out, "<svg class=\"axis\" width=\"100%\" height=\"16\" font-size=\"11\" "
                     "fill=\"#5c6570\" aria-hidden=\"true\">");
    for (int i = 0; i * tick <= seconds; i++) {
        const double share = i * tick / seconds;
        strbuf_addf(out, "<text y=\"12\" x=\"%.2f%%\" text-anchor=\"%s\">", 100.0 * share,
            i == 0         ? "start"
            : share > 0.96 ? "end"
                           : "middle");
        add_tick_label(out, i * tick, tick);
        strbuf_adds(out, "</text>");
    }
    strbuf_adds(out, "</svg>");
}

/* ---- what is marked ---- */

/* Marks that would touch are drawn as one, so that their number stays small. */
static void add_marks(
    struct strbuf *out, struct run_time run, const struct interval *marked, size_t len)
{
    PROF_CLEANUP(strbuf_done) struct strbuf tops = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf bodies = STRBUF_INIT;
    for (size_t i = 0, end; i < len; i = end) {
        const double from = run_time_share(run, marked[i].from_ns) * WIDTH;
        double to = run_time_share(run, marked[i].to_ns) * WIDTH;
        for (end = i + 1; end < len; end++) {
            if (run_time_share(run, marked[end].from_ns) * WIDTH > to + MARK_MIN / 2.0)
                break;
            const double next = run_time_share(run, marked[end].to_ns) * WIDTH;
            to = next > to ? next : to;
        }
        const double width = to - from < MARK_MIN ? MARK_MIN : to - from;
        strbuf_addf(&bodies, "M%.1f 0h%.1fv%dh-%.1fz", from, width, HEIGHT, width);
        strbuf_addf(&tops, "M%.1f 0h%.1fv3h-%.1fz", from, width, width);
    }
    if (len > 0)
        strbuf_addf(out,
            "<path class=\"mark\" fill=\"#d65418\" fill-opacity=\".16\" d=\"%s\"/>"
            "<path class=\"mark-top\" fill=\"#d65418\" d=\"%s\"/>",
            bodies.ptr, tops.ptr);
}

static void add_threshold(struct strbuf *out, const struct plot *pl)
{
    if (!isfinite(pl->threshold))
        return;
    strbuf_adds(out, "<path class=\"limit\" fill=\"none\" stroke=\"#a2361a\" "
                     "stroke-dasharray=\"4 3\" vector-effect=\"non-scaling-stroke\" d=\"M0 ");
    add_number(out, height_of(pl, pl->threshold));
    strbuf_addf(out, "H%d\"/>", WIDTH);
}

/* ---- the whole ---- */

static void add_scale(struct strbuf *out, const struct plot *pl)
{
    strbuf_adds(out, "<text x=\"0\" y=\"11\">");
    words_value(out, pl->top, pl->unit);
    strbuf_adds(out, "</text>");
    if (!isfinite(pl->threshold))
        return;
    strbuf_adds(out, "<text class=\"limit-text\" x=\"100%\" y=\"11\" text-anchor=\"end\">┄ limit ");
    words_value(out, pl->threshold, pl->unit);
    strbuf_adds(out, "</text>");
}

void plot_svg(struct strbuf *out, const struct plot *pl, struct run_time run,
    const struct interval *marked, size_t marked_len)
{
    PROF_CLEANUP(strbuf_done) struct strbuf words = STRBUF_INIT;
    plot_summary(&words, pl, run);
    strbuf_addf(out,
        "<svg class=\"plot\" width=\"100%%\" height=\"%d\" font-size=\"11\" fill=\"#5c6570\" "
        "role=\"img\" aria-label=\"",
        HEAD + HEIGHT + 1);
    html_short(out, slice_of(pl->title), HTML_SHORT_MAX);
    strbuf_addf(out,
        ": %s\"><svg y=\"%d\" width=\"100%%\" height=\"%d\" viewBox=\"0 0 %d %d\" "
        "preserveAspectRatio=\"none\">",
        words.ptr, HEAD, HEIGHT + 1, WIDTH, HEIGHT + 1);
    add_grid(out, run);
    add_marks(out, run, marked, marked_len);
    for (size_t i = pl->bars ? 0 : pl->lines.len; i-- > 0;)
        add_line(out, pl, i);
    if (pl->bars)
        add_bars(out, pl);
    add_threshold(out, pl);
    strbuf_adds(out, "</svg>");
    add_scale(out, pl);
    strbuf_adds(out, "</svg>");
}

/* The busiest line in words; of spans how many there are. */
void plot_summary(struct strbuf *out, const struct plot *pl, struct run_time run)
{
    const struct plot_line *line = &pl->lines.ptr[0];
    if (pl->bars) {
        words_add_count(out, pl->count);
        strbuf_adds(out, pl->count == 1 ? " of " : ", highest ");
    } else {
        strbuf_adds(out, "median ");
        words_value(out, line->middle, pl->unit);
        strbuf_adds(out, ", highest ");
    }
    words_value(out, line->peak, pl->unit);
    strbuf_adds(out, " at ");
    const double seconds = line->peak_at * seconds_of(run);
    strbuf_addf(out, seconds < 120.0 ? "%.1f s" : "%.0f s", seconds);
}

void plot_legend(struct strbuf *out, const struct plot *pl)
{
    if (pl->lines.len < 2 && pl->left_out == 0)
        return;
    strbuf_adds(out, "<ul class=\"legend\">");
    for (size_t i = 0; i < pl->lines.len; i++) {
        strbuf_addf(out,
            "<li><svg width=\"20\" height=\"8\" aria-hidden=\"true\"><path class=\"line l%zu\" "
            "d=\"M0 4H20\" fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
            "stroke-dasharray=\"%s\"/></svg> ",
            i, looks[i].colour, looks[i].dashes);
        html_short(out, strbuf_slice(&pl->lines.ptr[i].label), LABEL_MAX);
        strbuf_adds(out, "</li>");
    }
    if (pl->left_out > 0)
        strbuf_addf(out, "<li>and %" PRIu32 " quieter</li>", pl->left_out);
    strbuf_adds(out, "</ul>");
}

/* What is read off a chart needs no more. */
static double five_digits(double value)
{
    char text[32];
    snprintf(text, sizeof text, "%.5g", value);
    return strtod(text, NULL);
}

void plot_json(struct json *j, const struct plot *pl)
{
    json_object(j);
    json_key(j, "unit");
    json_text(j, pl->unit);
    json_key(j, "bars");
    json_bool(j, pl->bars);
    json_key(j, "lines");
    json_array(j);
    for (size_t i = 0; i < pl->lines.len; i++) {
        const struct plot_line *line = &pl->lines.ptr[i];
        PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
        text_middle(&clean, strbuf_slice(&line->label), LABEL_MAX);
        json_object(j);
        json_key(j, "label");
        json_string(j, strbuf_slice(&clean));
        json_key(j, "at"); /* in millionths of the run */
        json_array(j);
        for (size_t k = 0; k < line->points.len; k++)
            json_u64(j, (uint64_t)(line->points.ptr[k].at * 1e6));
        json_array_end(j);
        json_key(j, "value");
        json_array(j);
        for (size_t k = 0; k < line->points.len; k++)
            json_double(j, five_digits(line->points.ptr[k].value));
        json_array_end(j);
        json_object_end(j);
    }
    json_array_end(j);
    json_object_end(j);
}
