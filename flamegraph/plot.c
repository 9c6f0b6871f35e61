// SPDX-License-Identifier: MIT
#include "flamegraph/plot.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/stats.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"

/* ---- time ---- */

static void cover(struct run_time *run, uint64_t time_ns)
{
    if (time_ns == 0)
        return;
    if (run->from_ns == 0 || time_ns < run->from_ns)
        run->from_ns = time_ns;
    if (time_ns > run->to_ns)
        run->to_ns = time_ns;
}

/* As the recorder noted it; for an import without such times, what its points span. */
struct run_time run_time_of(const struct profile *p)
{
    const struct profile_meta *m = profile_meta_get(p);
    struct run_time run = { m->start_ns, m->end_ns };
    for (uint32_t i = 0; run.to_ns <= run.from_ns && i < profile_series_count(p); i++) {
        uint32_t n = 0;
        const struct series_point *points = profile_points(p, (struct series_id){ i }, &n);
        if (n > 0) {
            cover(&run, points[0].time_ns);
            cover(&run, points[n - 1].time_ns);
        }
    }
    if (run.to_ns <= run.from_ns)
        run.to_ns = run.from_ns + 1;
    return run;
}

double run_time_share(struct run_time run, uint64_t time_ns)
{
    if (time_ns <= run.from_ns)
        return 0.0;
    return time_ns >= run.to_ns
               ? 1.0
               : (double)(time_ns - run.from_ns) / (double)(run.to_ns - run.from_ns);
}

/* ---- gathering ---- */

void plot_init(struct plot *pl, const char *title, double threshold)
{
    *pl = (struct plot){ .title = title, .unit = "count", .threshold = threshold };
}

void plot_done(struct plot *pl)
{
    for (size_t i = 0; i < pl->lines.len; i++) {
        strbuf_done(&pl->lines.ptr[i].label);
        vec_done(&pl->lines.ptr[i].points);
    }
    vec_done(&pl->lines);
}

static const char *unit_of(struct slice unit, bool rate)
{
    if (slice_is(unit, "ns"))
        return rate ? "share" : "ns"; /* time per time: 1 is a whole CPU */
    if (slice_is(unit, "bytes"))
        return rate ? "bytes/s" : "bytes";
    if (slice_is(unit, "share"))
        return "share";
    return rate ? "1/s" : "count";
}

static bool wished(const struct profile *p, const struct series *s, const struct plot_wish *wish)
{
    if (!slice_is(profile_string(p, s->name), wish->series))
        return false;
    if (wish->thread.i != 0 && s->thread.i != wish->thread.i)
        return false;
    if (wish->process.i == 0)
        return true;
    const uint32_t process =
        s->thread.i != 0 ? profile_thread(p, s->thread)->process.i : s->process.i;
    return process == wish->process.i;
}

static void add_label(struct strbuf *out, const struct profile *p, const struct series *s,
    const struct plot_wish *wish)
{
    if (wish->label) {
        strbuf_adds(out, wish->label);
    } else if (s->thread.i != 0) {
        const struct thread *t = profile_thread(p, s->thread);
        strbuf_addslice(out, profile_string(p, t->name));
        strbuf_addf(out, " %d", t->tid);
    } else if (s->process.i != 0) {
        const struct process *process = profile_process(p, s->process);
        strbuf_addslice(out, profile_string(p, process->name));
        strbuf_addf(out, " %d", process->pid);
    }
}

/* A running total becomes its increase per second; where it fell, it began anew. */
static void add_rates(struct plot_line *line, const struct series_point *points, uint32_t n,
    struct run_time run, double scale)
{
    for (uint32_t i = 1; i < n; i++) {
        const double seconds =
            (double)(points[i].time_ns - points[i - 1].time_ns) / (double)NS_PER_S;
        const double more = points[i].value - points[i - 1].value;
        if (points[i].time_ns <= points[i - 1].time_ns)
            continue;
        vec_push(&line->points, ((struct plot_point){ run_time_share(run, points[i].time_ns),
                                    more > 0.0 ? more * scale / seconds : 0.0 }));
    }
}

static void add_levels(
    struct plot_line *line, const struct series_point *points, uint32_t n, struct run_time run)
{
    for (uint32_t i = 0; i < n; i++)
        vec_push(&line->points,
            ((struct plot_point){ run_time_share(run, points[i].time_ns), points[i].value }));
}

void plot_add_series(
    struct plot *pl, const struct profile *p, struct run_time run, const struct plot_wish *wish)
{
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        const struct series *s = profile_series(p, (struct series_id){ i });
        uint32_t n = 0;
        const struct series_point *points = profile_points(p, (struct series_id){ i }, &n);
        if (n < 2 || !wished(p, s, wish))
            continue;
        struct plot_line line = { .label = STRBUF_INIT };
        add_label(&line.label, p, s, wish);
        pl->unit = unit_of(profile_string(p, s->unit), wish->rate);
        if (wish->rate)
            add_rates(&line, points, n, run, strcmp(pl->unit, "share") == 0 ? 1.0 / NS_PER_S : 1.0);
        else
            add_levels(&line, points, n, run);
        vec_push(&pl->lines, line);
    }
}

static int by_time(const void *a, const void *b)
{
    const struct plot_point *x = a, *y = b;
    return x->at < y->at ? -1 : x->at > y->at;
}

void plot_add_spans(struct plot *pl, const struct profile *p, struct run_time run,
    enum span_kind kind, struct thread_id thread)
{
    uint32_t n = 0;
    const struct span *spans = profile_spans(p, &n);
    struct plot_line line = { .label = STRBUF_INIT };
    for (uint32_t i = 0; i < n; i++) {
        if (spans[i].kind != kind || (thread.i != 0 && spans[i].thread.i != thread.i))
            continue;
        vec_push(&line.points, ((struct plot_point){ run_time_share(run, spans[i].start_ns),
                                   (double)spans[i].duration_ns }));
    }
    if (line.points.len > 1)
        qsort(line.points.ptr, line.points.len, sizeof *line.points.ptr, by_time);
    pl->unit = "ns";
    pl->bars = true;
    vec_push(&pl->lines, line);
}

/* ---- choosing, summing up, thinning ---- */

static void sum_up(struct plot_line *line)
{
    const size_t n = line->points.len;
    double *values = xcalloc(n, sizeof *values);
    double sum = 0.0;
    line->peak = -(double)INFINITY;
    for (size_t i = 0; i < n; i++) {
        const struct plot_point *point = &line->points.ptr[i];
        values[i] = point->value;
        sum += point->value;
        if (point->value > line->peak) {
            line->peak = point->value;
            line->peak_at = point->at;
        }
    }
    line->mean = sum / (double)n;
    line->middle = median(values, n);
    free(values);
}

static int by_falling_mean(const void *a, const void *b)
{
    const struct plot_line *x = a, *y = b;
    if (x->mean < y->mean || x->mean > y->mean)
        return x->mean < y->mean ? 1 : -1;
    return strcmp(x->label.ptr ? x->label.ptr : "", y->label.ptr ? y->label.ptr : "");
}

/* The smallest and the largest of each of room / 2 equal parts of the run, in their order: a spike
 * is never lost. Of spans only the largest. */
static void thin_line(struct plot_line *line, size_t room, bool bars)
{
    struct plot_point *at = line->points.ptr;
    const size_t n = line->points.len, parts = bars ? room : room / 2;
    if (n <= room)
        return;
    size_t kept = 0;
    for (size_t i = 0, end; i < n; i = end) {
        const size_t part = (size_t)(at[i].at * (double)parts * 0.999999);
        size_t low = i, high = i;
        for (end = i + 1; end < n; end++) {
            if ((size_t)(at[end].at * (double)parts * 0.999999) != part)
                break;
            low = at[end].value < at[low].value ? end : low;
            high = at[end].value > at[high].value ? end : high;
        }
        const struct plot_point first = at[low < high ? low : high],
                                second = at[low < high ? high : low], most = at[high];
        at[kept++] = bars ? most : first;
        if (!bars && low != high)
            at[kept++] = second;
    }
    line->points.len = kept;
}

/* The next round number: 1, 2, 2.5 or 5 times a power of ten, of bytes in steps of 1024. */
static double round_up(double value, const char *unit)
{
    static const double steps[] = { 1.0, 2.0, 2.5, 5.0, 10.0 };
    if (value <= 0.0)
        return 1.0;
    double base = 1.0;
    if (strncmp(unit, "bytes", strlen("bytes")) == 0)
        base = pow(1024.0, floor(log2(value) / 10.0));
    const double power = base * pow(10.0, floor(log10(value / base)));
    for (size_t i = 0; i < PROF_ARRAY_LEN(steps); i++) {
        if (steps[i] * power >= value * 0.999)
            return base > 1.0 && steps[i] * power >= 1000.0 * base ? 1024.0 * base
                                                                   : steps[i] * power;
    }
    return 10.0 * power;
}

static void drop_line(struct plot *pl, size_t i)
{
    strbuf_done(&pl->lines.ptr[i].label);
    vec_done(&pl->lines.ptr[i].points);
    memmove(
        &pl->lines.ptr[i], &pl->lines.ptr[i + 1], (pl->lines.len - i - 1) * sizeof *pl->lines.ptr);
    pl->lines.len--;
}

bool plot_finish(struct plot *pl)
{
    for (size_t i = pl->lines.len; i-- > 0;) {
        if (pl->lines.ptr[i].points.len == 0)
            drop_line(pl, i);
        else
            sum_up(&pl->lines.ptr[i]);
    }
    if (pl->lines.len == 0)
        return false;
    qsort(pl->lines.ptr, pl->lines.len, sizeof *pl->lines.ptr, by_falling_mean);
    for (; pl->lines.len > PLOT_LINES_MAX; pl->left_out++)
        drop_line(pl, pl->lines.len - 1);
    double highest = isfinite(pl->threshold) ? pl->threshold : 0.0;
    for (size_t i = 0; i < pl->lines.len; i++) {
        struct plot_line *line = &pl->lines.ptr[i];
        highest = line->peak > highest ? line->peak : highest;
        pl->count += line->points.len;
        thin_line(line, PLOT_POINTS_MAX / pl->lines.len, pl->bars);
    }
    pl->top = round_up(highest, pl->unit);
    return true;
}
