// SPDX-License-Identifier: MIT
/*
 * An event loop computes for so long in one turn that everybody else waits. By the turns' time on
 * the CPU; the guilty are the functions sampled within those turns.
 *
 * Many events in one turn are load, not a slow handler: then the time of one event counts.
 */
#include <math.h>
#include <stdlib.h>

#include "analyze/answers.h"
#include "analyze/long_turns.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"
#include "base/alloc.h"

#define EVENT_NS 2e6    /* on average, in a turn with many events: handlers are short */
#define LEAST_BUSY 0.01 /* of the loop's time on the CPU */
#define CRITICAL_BUSY 0.05
#define MANY_EVENTS 8
#define COSTLY 4 /* times what an event costs in a short turn: some of them are not quick */
#define ONE_FUNCTION 0.25 /* of the time in inferred turns: below it, many short handlers */
#define NEVER_SLEEPS 0.95
#define MOSTLY 0.9 /* of the time */

enum { LEAST_TURNS = 5, CRITICAL_TURNS = 2, GUILTY_MOST = 5 };
enum { WITNESSES_DUE = 20 };              /* samples */
enum { LEAST_SEEN = 3, SURELY_MORE = 2 }; /* in bursts: times LEAST_TURNS, in the whole run */
enum { LEAST_WITNESSED = 2 };             /* likewise, where samples say that there were more */

struct blocked {
    const struct observed_thread *loop;
    struct long_turns turns;
    double busy_share; /* of the loop's time on the CPU after start-up */
    double looked;     /* part of the time in which turns were counted */
};

/* Costly turns are counted in bursts: what is seen stands for as much more. */
static double looked_part(const struct observed *o, const struct observed_thread *loop)
{
    PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
    strbuf_addf(&key, "turns_seen_ns.%d", (int)profile_thread(o->profile, loop->id)->tid);
    double ns = observed_fact_number(o, loop->process, key.ptr);
    return ns > 0 ? fmin(1, ns / (o->seconds * 1e9)) : 1;
}

static bool often_enough(const struct blocked *b)
{
    if (b->turns.count >= LEAST_TURNS || b->turns.count_100 >= CRITICAL_TURNS)
        return true;
    return b->turns.count >= LEAST_SEEN &&
           (double)b->turns.count >= SURELY_MORE * LEAST_TURNS * b->looked;
}

/* Two of them are few, and may have been the only ones. But when what they were spent in takes, by
 * samples of the whole run, as much time as many such turns, there were more. */
static bool goes_on(const struct observed *o, const struct blocked *b)
{
    const struct selection all = { .thread = b->loop->id, .steady = true };
    struct selection within = all;
    struct func_amounts in_turns, in_all;
    within.in = b->turns.intervals.ptr;
    within.in_count = b->turns.intervals.len;
    observed_functions(o, &within, BLAME_OWN, &in_turns);
    observed_functions(o, &all, BLAME_OWN, &in_all);
    double of_turn = 0, of_run = 0;
    if (in_turns.len)
        of_turn = (double)in_turns.ptr[0].amount.weight / (double)b->turns.count;
    for (size_t i = 0; in_turns.len && i < in_all.len; i++)
        if (in_all.ptr[i].func.i == in_turns.ptr[0].func.i)
            of_run = (double)in_all.ptr[i].amount.weight;
    func_amounts_done(&in_turns);
    func_amounts_done(&in_all);
    return of_turn >= LONG_TURN_NS / 2 && of_run >= SURELY_MORE * LEAST_TURNS * of_turn;
}

static bool few_but_more(const struct observed *o, const struct blocked *b)
{
    return b->turns.count >= LEAST_WITNESSED && b->looked < MOSTLY && goes_on(o, b);
}

static double steady_on_cpu_ns(const struct observed *o, const struct observed_thread *loop)
{
    double sum = 0;
    uint64_t from = (o->steady_from_ns - o->start_ns) / WINDOW_NS;
    for (uint64_t i = from; i < loop->window_count; i++)
        sum += (double)loop->on_cpu_share[i] * (double)WINDOW_NS;
    return sum > 0 ? sum : (double)loop->on_cpu_ns;
}

/* Many short handlers in one turn: the loop is loaded, and each event is quick. A slow one among
 * them hides in the average, unless it is compared with turns that had none. */
static bool is_batch(const struct long_turns *t)
{
    if (t->count == 0 || t->events < MANY_EVENTS)
        return false;
    if (t->short_event_ns > 0 && t->event_ns > COSTLY * t->short_event_ns)
        return false;
    return t->on_cpu_ns / (double)t->count / t->events < EVENT_NS;
}

/* Of a delay only a part is computing, by estimate. No sample within them is a witness against it.
 */
static bool without_witness(const struct blocked *b, const struct finding *f)
{
    return b->turns.source == TURNS_DELAY && f->guilty.len == 0;
}

/* Inferred turns of a loop that never sleeps run together: only one function that fills them can
 * tell a slow handler from many quick ones. */
static bool may_be_many(const struct observed *o, const struct blocked *b, const struct finding *f)
{
    if (b->turns.source != TURNS_INFERRED)
        return false;
    double busy = steady_on_cpu_ns(o, b->loop) / (o->steady_seconds * 1e9);
    bool named = f->guilty.len && f->guilty.ptr[0].share >= ONE_FUNCTION;
    return busy >= NEVER_SLEEPS || !named;
}

static enum severity severity_of(const struct blocked *b)
{
    bool very_long = b->turns.count_100 >= CRITICAL_TURNS;
    return very_long && b->busy_share >= CRITICAL_BUSY ? SEVERITY_CRITICAL : SEVERITY_WARNING;
}

static void say(const struct observed *o, const struct blocked *b, struct finding *f)
{
    PROF_CLEANUP(free_ptr) char *culprit = finding_culprit(f, o);
    PROF_CLEANUP(strbuf_done) struct strbuf who = STRBUF_INIT;
    words_thread(o, b->loop, &who);
    const struct long_turns *t = &b->turns;
    PROF_CLEANUP(strbuf_done) struct strbuf how_often = STRBUF_INIT;
    if (t->source == TURNS_DELAY)
        strbuf_addf(&how_often, "in %s of %s quarter seconds", words_count((double)t->count).text,
            words_count((double)t->seen).text);
    else
        strbuf_addf(&how_often, "%s %s", words_count((double)t->count).text, words_times(t->count));
    finding_say(&f->summary,
        "The event loop of %s was blocked %s for more than %s by %s: %s at worst, %s of its busy "
        "time.",
        who.ptr, how_often.ptr, words_ns(LONG_TURN_NS).text, culprit, words_ns(t->longest_ns).text,
        words_share(b->busy_share).text);
    if (b->looked < MOSTLY)
        finding_say(&f->detail,
            "Its turns were looked at in bursts, %s of the time: about %s such in all of it.",
            words_share(b->looked).text, words_count((double)t->count / b->looked).text);
    static const struct advice advice = {
        .any = "Do the long computation in another thread, or in pieces that return to the loop.",
        .node = "Move the computation to a worker thread (worker_threads, piscina), cut it into "
                "pieces with setImmediate between them, or do it once and keep the result.",
        .python = "Run the computation in a process (asyncio.to_thread helps only code that "
                  "releases the GIL; loop.run_in_executor with ProcessPoolExecutor does for all).",
    };
    finding_say(&f->advice, "%s", advice_for(o, &advice));
    finding_say(
        &f->command, "prof flame -p %d", profile_process(o->profile, b->loop->process)->pid);
}

static void prove(const struct observed *o, const struct blocked *b, struct finding *f)
{
    const struct long_turns *t = &b->turns;
    finding_prove(f, (double)t->count, LEAST_TURNS, "count", t->seen,
        "turns with more than 10 ms on the CPU, after start-up");
    finding_prove(
        f, (double)t->count_100, (double)NAN, "count", t->seen, "of them, 100 ms or more");
    finding_prove(f, t->longest_ns, 100e6, "ns", t->count, "longest turn, its time on the CPU");
    finding_prove(
        f, b->busy_share, LEAST_BUSY, "share", t->count, "share of the loop's time on the CPU");
    if (b->loop->turn_on_cpu)
        finding_prove(f, (double)histogram_percentile_ns(b->loop->turn_on_cpu, 0.99), (double)NAN,
            "ns", b->loop->turn_on_cpu->count, "99 of 100 turns took less on the CPU than");
    finding_chart_spans(f, SPAN_TURN, b->loop->id, LONG_TURN_NS, "turns of the event loop");
    finding_chart_series(f, o->profile, "loop_delay_max", b->loop->process, (struct thread_id){ 0 },
        false, LONG_TURN_NS, "longest delay of the loop");
    finding_chart_series(f, o->profile, "thread_on_cpu", b->loop->process, b->loop->id, true,
        (double)NAN, "CPU of the loop's thread");
    for (size_t i = 0; i < t->intervals.len; i++)
        finding_interval(f, t->intervals.ptr[i].from_ns, t->intervals.ptr[i].to_ns);
}

static void blame(const struct observed *o, const struct blocked *b, struct finding *f)
{
    struct selection within = {
        .thread = b->loop->id,
        .in = b->turns.intervals.ptr,
        .in_count = b->turns.intervals.len,
        .steady = true,
    };
    finding_blame(f, o, &within, GUILTY_MOST);
}

static enum confidence confidence_of(const struct observed *o, const struct blocked *b, bool batch)
{
    const bool counted = b->turns.source == TURNS_COUNTED;
    if (b->turns.source == TURNS_INFERRED || (counted && batch))
        return CONFIDENCE_POSSIBLE;
    return counted && often_enough(b) ? CONFIDENCE_CERTAIN : confidence_by(o, true);
}

static enum answer found(const struct observed *o, const struct blocked *b, struct finding *f)
{
    blame(o, b, f);
    bool batch = is_batch(&b->turns), many = may_be_many(o, b, f) || without_witness(b, f);
    f->severity = batch || many ? SEVERITY_INFO : severity_of(b);
    f->confidence = confidence_of(o, b, batch);
    f->weight = fmin(b->busy_share, 1);
    f->explains = "single-core"; /* a loop that is full of long turns; short ones may fill it too */
    f->thread = b->loop->id;
    f->process = b->loop->process;
    say(o, b, f);
    prove(o, b, f);
    if (batch)
        finding_say(&f->alternative,
            "These turns handled %s events each (median), %s for one: the loop has much to do, and "
            "no single handler is slow.",
            words_count(b->turns.events).text,
            words_ns(b->turns.on_cpu_ns / (double)b->turns.count / b->turns.events).text);
    else if (b->turns.source == TURNS_INFERRED)
        finding_say(&f->alternative,
            "Turns were inferred from the times that the loop slept: many short handlers without a "
            "sleep between them look like one long turn. Recorded as root, turns are counted.");
    else
        finding_say(&f->alternative,
            "Start-up is left out, and so is time without a CPU; a burst of one-time work (a "
            "cache that is built) would show as few turns close together.");
    return ANSWER_FOUND;
}

/* Then the host had the CPU for a part of the others too: they prove nothing. */
static bool mostly_stolen(const struct blocked *b)
{
    return b->turns.stolen >= LEAST_TURNS && b->turns.stolen > b->turns.count;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    if (!o->loop)
        return ANSWER_SILENT;
    struct blocked b = { .loop = o->loop };
    long_turns_of(o, b.loop, LONG_TURN_NS, &b.turns);
    double busy_ns = steady_on_cpu_ns(o, b.loop);
    b.looked = b.turns.source == TURNS_COUNTED ? looked_part(o, b.loop) : 1;
    b.busy_share = busy_ns > 0 ? fmin(b.turns.on_cpu_ns / (busy_ns * b.looked), 1) : 0;
    enum answer answer;
    if (b.turns.source == TURNS_NONE)
        answer = answer_unseen(ret_finding, "how long the event loop's turns took",
            "turns were not recorded", "record with prof doctor, as root for exact turns");
    else if (mostly_stolen(&b))
        answer = answer_unseen(ret_finding, "how long the event loop's turns computed",
            "long ones have hardly any samples: another guest of the host had the CPU meanwhile, "
            "or records were lost",
            "repeat it while the machine is quiet");
    else if ((often_enough(&b) || few_but_more(o, &b)) && b.busy_share >= LEAST_BUSY)
        answer = found(o, &b, ret_finding);
    else
        answer = answer_healthy(ret_finding,
            "%s of %s turns of the loop took more than 10 ms on the CPU",
            words_count((double)b.turns.count).text, words_count((double)b.turns.seen).text);
    long_turns_done(&b.turns);
    return answer;
}

const struct rule rule_loop_blocked_cpu = {
    .id = "loop-blocked-cpu",
    .title = "The event loop is blocked by computation",
    .role = RULE_VERDICT,
    .breadth = BREADTH_SYMPTOM,
    .look = look,
};
