// SPDX-License-Identifier: MIT
/*
 * The collector works too much. By its CPU time on all threads, from samples: its pauses by the
 * clock grow with everything else that runs on the machine, so they only add to the proof.
 */
#include <math.h>

#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"

enum { RUNNING_MOST = 2 };

#define MUCH_OF_REST 0.1 /* of the CPU time outside of the collector: as much is a function's */
#define LONG_PAUSE_NS UINT64_C(100000000)

static const struct share_rule collection = {
    .part = { .any_frame = TRAIT(GC) },
    .notice = 0.10,
    .warn = 0.15,
    .work = "garbage collection",
    .alternative = "A heap close to its limit is collected again and again: then memory-growth or a "
                   "higher limit is the answer, not fewer allocations.",
    .advice = {
        .any = "Allocate less in the functions named here: reuse objects and buffers, avoid copies "
               "and intermediate lists.",
        .node = "Allocate less in the functions named here: reuse objects and buffers, avoid "
                "spreading and intermediate arrays in hot code. If most objects die young, a larger "
                "young generation helps: NODE_OPTIONS=--max-semi-space-size=64.",
        .python = "Many objects that hold others make the cyclic collector work: fewer containers, "
                  "__slots__, or gc.freeze() after start-up and a higher gc.set_threshold().",
        .go = "Allocate less in the functions named here, or let the heap grow more between "
              "collections: GOGC=200, GOMEMLIMIT.",
        .jvm = "Allocate less in the functions named here, or give it a larger heap (-Xmx).",
    },
    .commands = {
        .any = "GODEBUG=gctrace=1 PROGRAM   # Go; -Xlog:gc for the JVM, --trace-gc for node",
        .node = "node --trace-gc PROGRAM",
        .go = "GODEBUG=gctrace=1 PROGRAM",
        .jvm = "java -Xlog:gc PROGRAM",
        .python = "import gc; gc.set_debug(gc.DEBUG_STATS)  # in the program",
    },
};

struct pauses {
    uint64_t count, count_long, longest_ns, sum_ns;
};

static struct pauses pauses_of(const struct observed *o)
{
    struct pauses pauses = { 0 };
    uint32_t count;
    const struct span *spans = profile_spans(o->profile, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (spans[i].kind != SPAN_GC || spans[i].start_ns < o->steady_from_ns)
            continue;
        pauses.count++;
        pauses.count_long += spans[i].duration_ns >= LONG_PAUSE_NS;
        pauses.sum_ns += spans[i].duration_ns;
        if (spans[i].duration_ns > pauses.longest_ns)
            pauses.longest_ns = spans[i].duration_ns;
    }
    return pauses;
}

static bool is_of_program(const struct observed *o, struct func_id func)
{
    const enum func_kind kind = profile_func(o->profile, func)->kind;
    return kind == FUNC_APP || kind == FUNC_DEPENDENCY;
}

/* A collector works in threads and tasks of its own, where no function of the program is on the
 * stack. Then the one that runs most of the rest of the time is likely to make the garbage. */
static void name_who_runs(const struct observed *o, struct finding *f)
{
    struct selection rest = { .process = f->process, .no_frame = TRAIT(GC), .steady = true };
    struct func_amounts rows;
    double whole = (double)observed_sum(o, &rest).weight;
    if (whole <= 0 || (f->guilty.len && is_of_program(o, f->guilty.ptr[0].func)))
        return;
    observed_functions(o, &rest, BLAME_OWN, &rows);
    struct guilty running[RUNNING_MOST];
    size_t count = 0;
    for (size_t i = 0; i < rows.len && count < RUNNING_MOST; i++) {
        const struct func_amount *row = &rows.ptr[i];
        const double share = (double)row->amount.weight / whole;
        if (is_of_program(o, row->func) && share >= MUCH_OF_REST)
            running[count++] = (struct guilty){
                .func = row->func, .line = row->line, .share = share, .calls = true
            };
    }
    for (size_t i = count; i-- > 0;)
        finding_put_first(f, &running[i]);
    finding_name_caller(f, o, &rest);
    if (count)
        finding_say(&f->detail,
            "The collector works in threads of its own; of the other CPU time %s is %s's.",
            words_share(running[0].share).text,
            profile_string(o->profile, profile_func(o->profile, running[0].func)->name).ptr);
    func_amounts_done(&rows);
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    enum answer answer = share_answer(o, &collection, ret_finding);
    struct pauses pauses = pauses_of(o);
    if (answer == ANSWER_FOUND)
        name_who_runs(o, ret_finding);
    if (answer != ANSWER_FOUND || pauses.count == 0)
        return answer;
    finding_prove(ret_finding, (double)pauses.longest_ns, LONG_PAUSE_NS, "ns", pauses.count,
        "longest pause, by the clock (%s of %s were as long as 100 ms)",
        words_count((double)pauses.count_long).text, words_count((double)pauses.count).text);
    finding_prove(
        ret_finding, (double)pauses.sum_ns, (double)NAN, "ns", pauses.count, "pauses, all told");
    finding_chart_spans(
        ret_finding, SPAN_GC, (struct thread_id){ 0 }, LONG_PAUSE_NS, "pauses of the collector");
    return answer;
}

const struct rule rule_gc_pressure = {
    .id = "gc-pressure",
    .title = "The garbage collector works too much",
    .role = RULE_VERDICT,
    .repeats = true,
    .look = look,
};
