// SPDX-License-Identifier: MIT
#include "analyze/order.h"

#include <math.h>
#include <string.h>

#include "analyze/rule.h"
#include "analyze/words.h"

#define EXPLAINS_PART 1e-6 /* of weight, by which a cause stands before what it explains */
#define MOST_OF_IT 0.5     /* of the broader finding's samples: the exact one is its cause */
#define MUCH_OF_IT 0.3     /* likewise, where the broader one only says how much was used */
#define NEARLY_ALL 0.8     /* likewise: the broader one says nothing new */

/* ---- gates ---- */

/* Nothing is critical behind a gate, and no statistic more than possible; a count stays one. */
static void demote(const struct observed *o, struct diagnosis *d)
{
    if (!o->starved && !o->throttled && !o->under_driven)
        return;
    for (size_t i = 0; i < d->findings.len; i++) {
        struct finding *f = &d->findings.ptr[i];
        if (f->rule->role == RULE_GATE)
            continue;
        if (f->severity == SEVERITY_CRITICAL)
            f->severity = SEVERITY_WARNING;
        if (f->confidence == CONFIDENCE_LIKELY && (o->starved || o->throttled))
            f->confidence = CONFIDENCE_POSSIBLE;
    }
}

/* ---- exact before broad ---- */

static struct selection blamed_by(const struct finding *f)
{
    struct selection s = f->about;
    if (f->blames_within) {
        s.in = f->intervals.ptr;
        s.in_count = f->intervals.len;
    }
    return s;
}

/* The part of what the broad finding blames that the exact one blames too; 0: cannot be told.
 * Across channels the same code is meant (the file that is read faults in the pages), which takes
 * traits. */
static double part_of(
    const struct observed *o, const struct finding *exact, const struct finding *broad)
{
    struct selection whole = blamed_by(broad), part = blamed_by(exact);
    if (!exact->blames || !broad->blames)
        return 0;
    if (part.channel != whole.channel && !part.any_frame && !part.leaf)
        return 0;
    if (part.channel != whole.channel)
        part.wait_kinds = 0;
    whole.also = &part;
    uint64_t both = observed_sum(o, &whole).weight;
    whole.also = NULL;
    uint64_t all = observed_sum(o, &whole).weight;
    return all ? (double)both / (double)all : 0;
}

static bool is_said_to_explain(const struct finding *cause, const struct finding *f)
{
    return cause->explains && strcmp(cause->explains, f->id) == 0;
}

/* How much of it the cause explains; by its rule's word at least the most. */
static double explained(
    const struct observed *o, const struct finding *cause, const struct finding *broad)
{
    double part = 0;
    if (cause->rule->breadth < broad->rule->breadth)
        part = part_of(o, cause, broad);
    return is_said_to_explain(cause, broad) ? fmax(part, MOST_OF_IT) : part;
}

static void stand_before(struct finding *cause, const struct finding *broad)
{
    if (cause->severity < broad->severity)
        cause->severity = broad->severity;
    if (cause->weight <= broad->weight)
        cause->weight = broad->weight + EXPLAINS_PART;
    if (!cause->explains)
        cause->explains = broad->id;
}

static void step_back(struct finding *broad, const struct finding *cause, double part)
{
    broad->severity = SEVERITY_INFO;
    if (!broad->detail)
        finding_say(&broad->detail,
            "%s of this is the finding '%s': begin there, and see whether this is still true.",
            words_share(part).text, cause->rule->title);
}

/* The finding that explains enough of a broader one; NULL: none does. What is only a remark
 * explains no alarm. */
static struct finding *cause_of(
    const struct observed *o, struct diagnosis *d, const struct finding *broad, double *ret_part)
{
    struct finding *cause = NULL;
    const double least = broad->rule->breadth == BREADTH_USE ? MUCH_OF_IT : MOST_OF_IT;
    for (size_t i = 0; i < d->findings.len; i++) {
        struct finding *f = &d->findings.ptr[i];
        if (f == broad || f->severity == SEVERITY_INFO || f->rule->role == RULE_GATE)
            continue;
        double part = explained(o, f, broad);
        if (part < least || (cause && part <= *ret_part))
            continue;
        cause = f;
        *ret_part = part;
    }
    return cause;
}

/* The broadest first: what explains it may itself be explained by something more exact. */
static void exact_before_broad(const struct observed *o, struct diagnosis *d)
{
    for (int breadth = BREADTH_USE; breadth >= BREADTH_CAUSE; breadth--)
        for (size_t i = 0; i < d->findings.len; i++) {
            struct finding *broad = &d->findings.ptr[i];
            double part = 0;
            if ((int)broad->rule->breadth != breadth || broad->severity == SEVERITY_INFO)
                continue;
            struct finding *cause = cause_of(o, d, broad, &part);
            if (!cause)
                continue;
            stand_before(cause, broad);
            if (part >= NEARLY_ALL)
                step_back(broad, cause, part);
        }
}

/* ---- rank ---- */

static int by_rank(const void *left, const void *right)
{
    const struct finding *a = left, *b = right;
    if (a->rule->role != b->rule->role)
        return a->rule->role == RULE_GATE ? -1 : 1;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    const bool a_last = a->rule->breadth == BREADTH_USE, b_last = b->rule->breadth == BREADTH_USE;
    if (a_last != b_last)
        return a_last ? 1 : -1;
    if (a->weight < b->weight || a->weight > b->weight)
        return a->weight > b->weight ? -1 : 1;
    return strcmp(a->id, b->id);
}

static int by_start(const void *left, const void *right)
{
    const struct interval *a = left, *b = right;
    return (a->from_ns > b->from_ns) - (a->from_ns < b->from_ns);
}

static void merge_intervals(struct finding *f)
{
    size_t kept = 0;
    if (f->intervals.len)
        qsort(f->intervals.ptr, f->intervals.len, sizeof *f->intervals.ptr, by_start);
    for (size_t i = 0; i < f->intervals.len; i++) {
        struct interval now = f->intervals.ptr[i];
        struct interval *last = kept ? &f->intervals.ptr[kept - 1] : NULL;
        if (!last || now.from_ns > last->to_ns)
            f->intervals.ptr[kept++] = now;
        else if (now.to_ns > last->to_ns)
            last->to_ns = now.to_ns;
    }
    f->intervals.len = kept;
}

void findings_put_in_order(const struct observed *o, struct diagnosis *d)
{
    demote(o, d);
    for (size_t i = 0; i < d->findings.len; i++)
        merge_intervals(&d->findings.ptr[i]);
    exact_before_broad(o, d);
    if (d->findings.len)
        qsort(d->findings.ptr, d->findings.len, sizeof *d->findings.ptr, by_rank);
}
