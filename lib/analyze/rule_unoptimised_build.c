// SPDX-License-Identifier: MIT
/*
 * The hot module was compiled without optimisation, by its debug data, or with instrumentation that
 * slows it down (sanitizers, the race detector). Weighed by the module's samples: what is cold may
 * be compiled as it likes.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/words.h"
#include "base/alloc.h"

#define HOT_SHARE 0.20
#define NOTICE_SHARE 0.10
#define FACT "optimised."

enum { LEAST_SAMPLES = 40, SURE_SAMPLES = 200, GUILTY_MOST = 5 };

struct hot {
    struct module_id module;
    const char *how; /* "without optimisation" */
    uint64_t weight, count;
};

/* ---- what modules were compiled with ---- */

static struct slice level_of(const struct observed *o, const struct module *m)
{
    struct slice path = profile_string(o->profile, m->path);
    PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
    strbuf_addf(&key, FACT "%.*s", SLICE_ARG(path));
    struct slice level = observed_fact(o, (struct process_id){ 0 }, key.ptr);
    if (level.len)
        return level;
    strbuf_clear(&key);
    strbuf_addf(&key, FACT "%.*s", SLICE_ARG(slice_basename(path)));
    return observed_fact(o, (struct process_id){ 0 }, key.ptr);
}

static const char *slow_by_level(struct slice level)
{
    if (slice_is(level, "O0"))
        return "without optimisation (-O0)";
    if (slice_is(level, "debug"))
        return "as a debug build";
    return NULL;
}

/* Calls that instrumentation puts into every function. */
static const char *slow_by_name(struct slice name)
{
    if (slice_starts(name, "__asan_") || slice_starts(name, "__interceptor_") ||
        slice_starts(name, "__ubsan_") || slice_starts(name, "__sanitizer"))
        return "with a sanitizer (-fsanitize)";
    if (slice_starts(name, "__tsan_") || slice_starts(name, "runtime.race") ||
        slice_starts(name, "runtime.tsan"))
        return "with the race detector";
    return NULL;
}

/* ---- weighing ---- */

struct weighing {
    struct hot worst, instrumented;
    uint64_t native, whole, count; /* native: of modules that are files */
    bool level_known;
};

static struct module_id leaf_module(const struct observed *o, struct func_id func)
{
    return profile_func(o->profile, func)->module;
}

/* All that is asked of the functions at once: by module, and by instrumentation. */
static void weigh(const struct observed *o, struct weighing *w)
{
    struct selection all = { .steady = true };
    struct func_amounts functions;
    observed_functions(o, &all, BLAME_SELF, &functions);
    struct amount *by_module = xcalloc(profile_module_count(o->profile), sizeof *by_module);
    for (size_t i = 0; i < functions.len; i++) {
        const struct func_amount *row = &functions.ptr[i];
        struct module_id module = leaf_module(o, row->func);
        by_module[module.i].weight += row->amount.weight;
        by_module[module.i].count += row->amount.count;
        w->whole += row->amount.weight;
        w->count += row->amount.count;
        const struct func *f = profile_func(o->profile, row->func);
        const char *how = slow_by_name(profile_string(o->profile, f->name));
        if (!how)
            continue;
        w->instrumented.how = how;
        w->instrumented.weight += row->amount.weight;
        w->instrumented.count += row->amount.count;
    }
    for (uint32_t i = 1; i < profile_module_count(o->profile); i++) {
        const struct module *m = profile_module(o->profile, (struct module_id){ i });
        if (m->kind != MODULE_ELF || by_module[i].weight == 0)
            continue;
        struct slice level = level_of(o, m);
        w->native += by_module[i].weight;
        w->level_known |= level.len > 0;
        const char *how = slow_by_level(level);
        if (how && by_module[i].weight > w->worst.weight)
            w->worst = (struct hot){ { i }, how, by_module[i].weight, by_module[i].count };
    }
    free(by_module);
    func_amounts_done(&functions);
}

/* ---- saying ---- */

/* Functions of that module alone: the others are not its fault. */
static void blame(const struct observed *o, const struct hot *hot, struct finding *f)
{
    struct selection all = { .steady = true };
    struct func_amounts functions;
    observed_functions(o, &all, hot->module.i ? BLAME_SELF : BLAME_OWN, &functions);
    for (size_t i = 0; i < functions.len && f->guilty.len < GUILTY_MOST; i++) {
        const struct func_amount *row = &functions.ptr[i];
        if (hot->module.i && leaf_module(o, row->func).i != hot->module.i)
            continue;
        struct guilty guilty = {
            .func = row->func,
            .line = row->line,
            .share = (double)row->amount.weight / (double)hot->weight,
        };
        guilty.share = fmin(guilty.share, 1);
        vec_push(&f->guilty, guilty);
    }
    func_amounts_done(&functions);
}

static enum answer found(
    const struct observed *o, const struct weighing *w, const struct hot *hot, struct finding *f)
{
    double share = (double)hot->weight / (double)w->whole;
    bool enough = w->count >= SURE_SAMPLES;
    f->severity = share >= HOT_SHARE ? SEVERITY_WARNING : SEVERITY_INFO;
    f->confidence = enough ? CONFIDENCE_CERTAIN : CONFIDENCE_POSSIBLE;
    f->weight = share;
    f->process = o->busiest ? o->busiest->process : (struct process_id){ 0 };
    blame(o, hot, f);
    PROF_CLEANUP(free_ptr) char *culprit = finding_culprit(f, o);
    struct slice path = profile_string(o->profile, profile_module(o->profile, hot->module)->path);
    struct slice name = hot->module.i ? slice_basename(path) : slice_of("The program");
    finding_say(&f->summary, "%.*s was compiled %s and takes %s of the CPU time, most in %s.",
        SLICE_ARG(name), hot->how, words_share(share).text, culprit);
    finding_say(&f->alternative,
        "A build that is meant for debugging is right for that; measure the one that users get.");
    finding_say(&f->advice,
        "Compile it with optimisation before looking for anything else: -O2 (cmake "
        "-DCMAKE_BUILD_TYPE=RelWithDebInfo, meson --buildtype=debugoptimized), cargo build "
        "--release, go build without -race and -gcflags=-N. Keep -g: prof needs it for lines.");
    finding_prove(f, share, HOT_SHARE, "share", w->count, "share of CPU time in that code");
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    if (o->cpu.count < LEAST_SAMPLES)
        return ANSWER_SILENT;
    struct weighing w = { 0 };
    weigh(o, &w);
    if (w.whole == 0)
        return ANSWER_SILENT;
    const struct hot *hot = w.instrumented.weight > w.worst.weight ? &w.instrumented : &w.worst;
    if ((double)hot->weight >= NOTICE_SHARE * (double)w.whole)
        return found(o, &w, hot, ret_finding);
    if ((double)w.native < HOT_SHARE * (double)w.whole)
        return ANSWER_SILENT; /* its own code is generated while it runs */
    if (!w.level_known)
        return answer_unseen(ret_finding, "how the hot code was compiled",
            "no hot module has debug data that tells its compiler's flags",
            "compile with -g, or install the packages with debug data");
    return answer_healthy(ret_finding, "the hot code was compiled with optimisation");
}

const struct rule rule_unoptimised_build = {
    .id = "unoptimised-build",
    .title = "The hot code is not optimised",
    .role = RULE_VERDICT,
    .look = look,
};
