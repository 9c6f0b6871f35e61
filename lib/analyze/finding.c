// SPDX-License-Identifier: MIT
#include "analyze/finding.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/rule.h"
#include "analyze/words.h"
#include "base/alloc.h"
#include "base/compiler.h"

#define MOST_PASSES 0.8   /* of what is blamed passes through a function that may be to blame */
#define DIRECT_DEPTH 1.5  /* of two functions, mean: hardly ever is another one between them */
#define NAMED_CALLERS 3   /* of a function without a name, at most */
#define OTHERS_LEAST 0.05 /* of what is blamed: must be outside of the runtime */

const char *severity_id(enum severity s)
{
    static const char *const ids[SEVERITIES] = {
        [SEVERITY_INFO] = "info",
        [SEVERITY_WARNING] = "warning",
        [SEVERITY_CRITICAL] = "critical",
    };
    return s < SEVERITIES ? ids[s] : "";
}

const char *confidence_id(enum confidence c)
{
    static const char *const ids[CONFIDENCES] = {
        [CONFIDENCE_POSSIBLE] = "possible",
        [CONFIDENCE_LIKELY] = "likely",
        [CONFIDENCE_CERTAIN] = "certain",
    };
    return c < CONFIDENCES ? ids[c] : "";
}

/* ---- filling ---- */

static PROF_PRINTF(1, 0) char *vtext(const char *format, va_list args)
{
    struct strbuf text = STRBUF_INIT;
    strbuf_vaddf(&text, format, args);
    return strbuf_take(&text);
}

void finding_say(char **field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = vtext(format, args);
    va_end(args);
    free(*field); /* last, so that the old text may be among the arguments */
    *field = text;
}

void finding_prove(struct finding *f, double value, double threshold, const char *unit, uint64_t n,
    const char *what, ...)
{
    va_list args;
    va_start(args, what);
    struct proof proof = {
        .what = vtext(what, args),
        .value = value,
        .threshold = threshold,
        .unit = unit,
        .n = n,
    };
    va_end(args);
    vec_push(&f->proofs, proof);
}

/* Names are looked for among the series, because a profile under analysis takes no new strings. */
void finding_chart_series(struct finding *f, const struct profile *p, const char *series,
    struct process_id process, struct thread_id thread, bool rate, double threshold,
    const char *title)
{
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        const struct series *row = profile_series(p, (struct series_id){ i });
        if (!slice_is(profile_string(p, row->name), series))
            continue;
        struct chart chart = {
            .kind = CHART_SERIES,
            .series = row->name,
            .process = process,
            .thread = thread,
            .rate = rate,
            .threshold = threshold,
            .title = xstrdup(title),
        };
        vec_push(&f->charts, chart);
        return;
    }
}

void finding_chart_spans(struct finding *f, enum span_kind kind, struct thread_id thread,
    double threshold_ns, const char *title)
{
    struct chart chart = {
        .kind = CHART_SPANS,
        .spans = kind,
        .thread = thread,
        .threshold = threshold_ns,
        .title = xstrdup(title),
    };
    vec_push(&f->charts, chart);
}

void finding_interval(struct finding *f, uint64_t from_ns, uint64_t to_ns)
{
    struct interval interval = { .from_ns = from_ns, .to_ns = to_ns };
    vec_push(&f->intervals, interval);
}

bool is_of_runtime(const struct observed *o, struct func_id func)
{
    enum func_kind kind = profile_func(o->profile, func)->kind;
    return kind == FUNC_RUNTIME || kind == FUNC_GC || kind == FUNC_MARKER;
}

/* A runtime's own threads (a collector's, a compiler's) have no function of the program on their
 * stacks, but work because of some. Where enough of those were seen they stand first. */
static void runtime_last(const struct observed *o, struct func_amounts *functions, uint64_t whole)
{
    struct func_amount *rows = functions->ptr;
    uint64_t others = 0;
    for (size_t i = 0; i < functions->len; i++)
        others += is_of_runtime(o, rows[i].func) ? 0 : rows[i].amount.weight;
    if ((double)others < OTHERS_LEAST * (double)whole)
        return;
    size_t front = 0;
    for (size_t i = 0; i < functions->len; i++) {
        if (is_of_runtime(o, rows[i].func))
            continue;
        struct func_amount row = rows[i];
        memmove(&rows[front + 1], &rows[front], (i - front) * sizeof *rows);
        rows[front++] = row;
    }
}

/* ---- interpreters that keep their programs' names to themselves ---- */

static struct process_id blamed_process(const struct observed *o, const struct selection *s)
{
    if (s->process.i)
        return s->process;
    if (s->thread.i)
        return observed_thread(o, s->thread)->process;
    return o->busiest ? o->busiest->process : (struct process_id){ 0 };
}

static const char *interpreted_language(enum runtime runtime)
{
    static const char *const languages[] = {
        [RUNTIME_PYTHON] = "Python",
        [RUNTIME_RUBY] = "Ruby",
        [RUNTIME_PHP] = "PHP",
    };
    return runtime < PROF_ARRAY_LEN(languages) ? languages[runtime] : NULL;
}

/* Of CPython, functions are known since 3.11, with their files. */
static bool has_script_names(const struct profile *p)
{
    for (uint32_t i = 1; i < profile_func_count(p); i++)
        if (slice_ends(profile_string(p, profile_func(p, (struct func_id){ i })->file), ".py"))
            return true;
    return false;
}

/* An extension module of one's own counts: it was called by what has no name, and has one. */
static bool blames_own_function(const struct finding *f, const struct profile *p)
{
    for (size_t i = 0; i < f->guilty.len; i++)
        if (profile_func(p, f->guilty.ptr[i].func)->kind == FUNC_APP)
            return true;
    return false;
}

/* The language whose functions should stand here instead; NULL: these are the right ones. */
static const char *nameless_language(
    const struct finding *f, const struct observed *o, const struct selection *s)
{
    const struct process_id process = blamed_process(o, s);
    const char *language =
        process.i ? interpreted_language(observed_process(o, process)->runtime) : NULL;
    if (!language || !f->guilty.len || blames_own_function(f, o->profile))
        return NULL;
    return has_script_names(o->profile) ? NULL : language;
}

/* ---- who makes others do it ---- */

static bool holds_most(const struct passage *row, uint64_t whole)
{
    return (double)row->amount.weight >= MOST_PASSES * (double)whole;
}

/* A runtime's own threads work because of what others do: theirs is not divided here. */
static uint64_t through_own_code(const struct passages *rows)
{
    uint64_t weight = 0;
    for (size_t i = 0; i < rows->len; i++)
        weight += rows->ptr[i].outermost;
    return weight;
}

/* main() and the first function of a thread hold everything, whatever is wrong. */
static bool is_entry(const struct passage *row)
{
    return row->outermost * 2 > row->amount.weight;
}

/* The next row from the first-th on that may be blamed for calling; len: none. */
static size_t next_caller(const struct passages *rows, size_t first, uint64_t whole)
{
    while (first < rows->len && (!holds_most(&rows->ptr[first], whole) ||
                                    (is_entry(&rows->ptr[first]) && rows->len > 1)))
        first++;
    return first;
}

static bool calls_directly(const struct passages *rows, size_t caller, size_t callee)
{
    return rows->ptr[caller].depth - rows->ptr[callee].depth < DIRECT_DEPTH;
}

/* The one function that makes another do nearly all of it; len: it has several such callers. */
static size_t caller_of(const struct passages *rows, size_t callee, uint64_t whole)
{
    const size_t i = next_caller(rows, callee + 1, whole);
    return i < rows->len && calls_directly(rows, i, callee) ? i : rows->len;
}

/* As above, and it may be the first of its stack: an async function that goes on is. */
static size_t any_caller_of(const struct passages *rows, size_t callee)
{
    size_t i = callee + 1;
    while (i < rows->len && !holds_most(&rows->ptr[i], rows->ptr[callee].amount.weight))
        i++;
    return i < rows->len && calls_directly(rows, i, callee) ? i : rows->len;
}

static bool is_anonymous(const struct observed *o, struct func_id func)
{
    static const char *const names[] = { "(anonymous)", "<lambda>", "<listcomp>", "<dictcomp>",
        "<setcomp>", "<genexpr>" };
    const struct slice name = profile_string(o->profile, profile_func(o->profile, func)->name);
    for (size_t i = 0; i < PROF_ARRAY_LEN(names); i++)
        if (slice_is(name, names[i]))
            return true;
    return false;
}

/* A callback without a name stands for the function that it is written in. */
static size_t find_repeater(const struct observed *o, const struct passages *rows, uint64_t whole)
{
    size_t i = next_caller(rows, 0, whole);
    while (i < rows->len &&
           (observed_is_shared(o, rows->ptr[i].func) || is_anonymous(o, rows->ptr[i].func))) {
        size_t caller = caller_of(rows, i, whole);
        if (caller == rows->len)
            caller = any_caller_of(rows, i);
        if (caller == rows->len)
            break;
        i = caller;
    }
    return i;
}

/* Puts a function before the others, unless it is among them: then it moves. */
static void blame_before(struct finding *f, size_t at, const struct passage *row, uint64_t whole)
{
    struct guilty guilty = {
        .func = row->func,
        .line = row->line,
        .on = f->guilty.len ? f->guilty.ptr[0].on : (struct string_id){ 0 },
        .share = fmin(1, (double)row->amount.weight / (double)whole),
        .calls = true,
    };
    size_t old = 0;
    while (old < f->guilty.len && f->guilty.ptr[old].func.i != row->func.i)
        old++;
    if (old < at)
        return;
    if (old < f->guilty.len)
        guilty.calls = false; /* it does some of it itself */
    else
        vec_push(&f->guilty, guilty);
    memmove(&f->guilty.ptr[at + 1], &f->guilty.ptr[at], (old - at) * sizeof guilty);
    f->guilty.ptr[at] = guilty;
}

/* A helper that is called for each row of a result does nothing wrong: its caller does. */
static void blame_callers(
    struct finding *f, const struct observed *o, const struct selection *s, uint64_t blamed)
{
    struct passages rows;
    observed_passages(o, s, &rows);
    const uint64_t whole = through_own_code(&rows);
    const size_t first = find_repeater(o, &rows, whole);
    if (first < rows.len && (double)whole >= OTHERS_LEAST * (double)blamed) {
        blame_before(f, 0, &rows.ptr[first], whole);
        const size_t caller = caller_of(&rows, first, whole);
        if (caller < rows.len)
            blame_before(f, 1, &rows.ptr[caller], whole);
    }
    passages_done(&rows);
}

/* Who calls a function without a name, and who calls that one when several do: each before the one
 * that it calls. */
static void blame_callers_of(
    struct finding *f, const struct observed *o, const struct passages *rows, size_t callee)
{
    const uint64_t whole = through_own_code(rows);
    for (size_t depth = 0; depth < NAMED_CALLERS; depth++) {
        const size_t caller = any_caller_of(rows, callee);
        if (caller == rows->len)
            return;
        blame_before(f, 1, &rows->ptr[caller], whole);
        if (!observed_is_shared(o, rows->ptr[caller].func))
            return;
        callee = caller;
    }
}

void finding_name_caller(struct finding *f, const struct observed *o, const struct selection *s)
{
    if (!f->guilty.len || !is_anonymous(o, f->guilty.ptr[0].func))
        return;
    struct passages rows;
    observed_passages(o, s, &rows);
    for (size_t i = 0; i < rows.len; i++) {
        if (rows.ptr[i].func.i != f->guilty.ptr[0].func.i)
            continue;
        blame_callers_of(f, o, &rows, i);
        break;
    }
    passages_done(&rows);
}

void finding_put_first(struct finding *f, const struct guilty *guilty)
{
    vec_push(&f->guilty, *guilty);
    memmove(f->guilty.ptr + 1, f->guilty.ptr, (f->guilty.len - 1) * sizeof *f->guilty.ptr);
    f->guilty.ptr[0] = *guilty;
}

void finding_blame(
    struct finding *f, const struct observed *o, const struct selection *s, uint32_t most)
{
    struct func_amounts functions;
    observed_functions(o, s, BLAME_OWN, &functions);
    uint64_t whole = 0;
    for (size_t i = 0; i < functions.len; i++)
        whole += functions.ptr[i].amount.weight;
    runtime_last(o, &functions, whole);
    for (size_t i = 0; i < functions.len && i < most && whole; i++) {
        const struct func_amount *row = &functions.ptr[i];
        struct guilty guilty = {
            .func = row->func,
            .line = row->line,
            .on = row->on,
            .share = (double)row->amount.weight / (double)whole,
        };
        vec_push(&f->guilty, guilty);
    }
    if (f->rule && f->rule->repeats)
        blame_callers(f, o, s, whole);
    finding_name_caller(f, o, s);
    f->nameless = nameless_language(f, o, s);
    f->channel = s->channel;
    f->about = *s;
    f->about.in = NULL; /* the rule's own, and gone when rules are compared */
    f->about.in_count = 0;
    f->about.also = NULL;
    f->blames = true;
    f->blames_within = s->in != NULL;
    func_amounts_done(&functions);
}

char *finding_culprit(const struct finding *f, const struct observed *o)
{
    struct strbuf text = STRBUF_INIT;
    if (f->nameless)
        strbuf_addf(&text, "%s code without names", f->nameless);
    else if (f->guilty.len)
        words_func(o, f->guilty.ptr[0].func, f->guilty.ptr[0].line, &text);
    else
        strbuf_adds(&text, "code without a name");
    return strbuf_take(&text);
}

bool diagnosis_is_remark(const struct diagnosis *d, const struct finding *f)
{
    return f->rule && f->rule->role == RULE_GATE && strcmp(f->id, d->verdict) != 0;
}

/* ---- release ---- */

void finding_done(struct finding *f)
{
    free(f->summary);
    free(f->detail);
    free(f->alternative);
    free(f->advice);
    free(f->command);
    for (size_t i = 0; i < f->proofs.len; i++)
        free(f->proofs.ptr[i].what);
    for (size_t i = 0; i < f->charts.len; i++)
        free(f->charts.ptr[i].title);
    vec_done(&f->guilty);
    vec_done(&f->proofs);
    vec_done(&f->charts);
    vec_done(&f->intervals);
    *f = (struct finding){ 0 };
}

void diagnosis_forget_healthy(struct diagnosis *d)
{
    for (size_t i = 0; i < d->healthy.len; i++)
        free(d->healthy.ptr[i].said);
    d->healthy.len = 0;
}

void diagnosis_forget_not_seen(struct diagnosis *d)
{
    for (size_t i = 0; i < d->not_seen.len; i++) {
        free(d->not_seen.ptr[i].what);
        free(d->not_seen.ptr[i].why);
        free(d->not_seen.ptr[i].how);
    }
    d->not_seen.len = 0;
}

void diagnosis_done(struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++)
        finding_done(&d->findings.ptr[i]);
    diagnosis_forget_healthy(d);
    diagnosis_forget_not_seen(d);
    vec_done(&d->findings);
    vec_done(&d->healthy);
    vec_done(&d->not_seen);
    vec_done(&d->unseen);
    free(d->sentence);
    *d = (struct diagnosis){ 0 };
}
