// SPDX-License-Identifier: MIT
/*
 * The program runs in a mode made for developing: by the options and variables that the recorder
 * looks at, nothing else of the environment. Only what was said outright, or what a framework in
 * the samples is known to read, counts: a NODE_ENV that is not set means nothing to most programs.
 */
#include <math.h>
#include <string.h>

#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/words.h"

#define FRAMEWORK_SHARE 0.05
#define LEAST_WEIGHT 0.05

/* One sign of a mode for developing. */
struct sign {
    const char *fact, *value; /* value NULL: any but "" and "0" */
    bool costs;               /* it makes the program slower by itself */
    const char *said;
    const char *advice;
};

static const struct sign signs[] = {
    { "env.NODE_ENV", "development", true, "NODE_ENV is development",
        "Set NODE_ENV=production: frameworks then cache templates and leave checks out." },
    { "env.NODE_ENV", "dev", true, "NODE_ENV is dev",
        "Set NODE_ENV=production: frameworks then cache templates and leave checks out." },
    { "env.PYTHONDEVMODE", NULL, true, "PYTHONDEVMODE is set",
        "Unset PYTHONDEVMODE: it checks every allocation." },
};

/* Words of the fact "flags" that make a program slower, or open it to a debugger. */
static const struct sign flags[] = {
    { "-X dev", NULL, true, "Python runs with -X dev", "Leave -X dev out." },
    { "-Xint", NULL, true, "the JVM runs with -Xint, without its compilers", "Leave -Xint out." },
    { "--jitless", NULL, true, "node runs with --jitless, without its compilers",
        "Leave --jitless out." },
    { "--no-opt", NULL, true, "node runs with --no-opt, without its optimising compiler",
        "Leave --no-opt out." },
    { "--inspect", NULL, false, "node's inspector is open (--inspect)",
        "Leave --inspect out where others can reach the port." },
    { "-agentlib:jdwp", NULL, false, "the JVM's debugger port is open (jdwp)",
        "Leave the jdwp agent out." },
};

/* Frameworks that read NODE_ENV and take anything but "production" for development. */
static const char *const frameworks[] = { "/node_modules/express/", "/node_modules/react-dom/",
    "/node_modules/react/", "/node_modules/next/", "/node_modules/vue/", "/node_modules/pug/" };

static const struct sign no_production = { "env.NODE_ENV", "", true,
    "NODE_ENV is not production while a framework that reads it is at work",
    "Set NODE_ENV=production: it then caches templates and leaves checks and warnings out." };

static bool has_flag(struct slice all, const char *flag)
{
    return all.len && strstr(all.ptr, flag) != NULL; /* facts are zero-terminated */
}

static bool is_set(struct slice value, const char *wanted)
{
    if (wanted)
        return slice_is(value, wanted);
    return value.len && !slice_is(value, "0");
}

static double framework_share(const struct observed *o, struct process_id process)
{
    struct selection all = { .process = process, .steady = true };
    struct func_amounts functions;
    observed_functions(o, &all, BLAME_SELF, &functions);
    uint64_t inside = 0, whole = 0;
    for (size_t i = 0; i < functions.len; i++) {
        const struct func *f = profile_func(o->profile, functions.ptr[i].func);
        struct slice file = profile_string(o->profile, f->file);
        whole += functions.ptr[i].amount.weight;
        bool found = false;
        for (size_t k = 0; k < PROF_ARRAY_LEN(frameworks) && file.len && !found; k++)
            found = strstr(file.ptr, frameworks[k]) != NULL;
        inside += found ? functions.ptr[i].amount.weight : 0;
    }
    func_amounts_done(&functions);
    return whole ? (double)inside / (double)whole : 0;
}

static const struct sign *sign_of(const struct observed *o, const struct observed_process *p)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(signs); i++)
        if (is_set(observed_fact(o, p->id, signs[i].fact), signs[i].value))
            return &signs[i];
    struct slice words = observed_fact(o, p->id, "flags");
    for (size_t i = 0; i < PROF_ARRAY_LEN(flags); i++)
        if (has_flag(words, flags[i].fact))
            return &flags[i];
    bool production = slice_is(observed_fact(o, p->id, "env.NODE_ENV"), "production");
    if (p->runtime == RUNTIME_NODE && !production && framework_share(o, p->id) >= FRAMEWORK_SHARE)
        return &no_production;
    return NULL;
}

/* What the mode costs is not known; what it is known for, compiling anew (templates, code), is. */
static double cost_of(const struct observed *o, struct process_id process)
{
    struct selection all = { .process = process, .steady = true };
    struct selection again = all;
    again.any_frame = TRAIT(COMPILER) | TRAIT(TEMPLATE);
    return fmax(observed_share(o, &again, &all).value, LEAST_WEIGHT);
}

static enum answer found(const struct observed *o, const struct observed_process *p,
    const struct sign *sign, struct finding *f)
{
    struct selection all = { .process = p->id, .steady = true };
    finding_blame(f, o, &all, 3);
    bool framework = sign == &no_production;
    f->severity = sign->costs && p->serves ? SEVERITY_WARNING : SEVERITY_INFO;
    f->confidence = framework ? CONFIDENCE_POSSIBLE : CONFIDENCE_CERTAIN;
    f->weight = sign->costs ? cost_of(o, p->id) : 0;
    f->process = p->id;
    PROF_CLEANUP(strbuf_done) struct strbuf who = STRBUF_INIT;
    words_process(o, p->id, &who);
    finding_say(&f->summary, "%s runs as if it were being developed: %s.", who.ptr, sign->said);
    finding_say(&f->alternative,
        "Right while developing; figures measured so are not those of production.");
    finding_say(&f->advice, "%s", sign->advice);
    return ANSWER_FOUND;
}

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    bool any_facts = false;
    for (uint32_t i = 0; i < o->process_count; i++) {
        const struct observed_process *p = &o->processes[i];
        any_facts |= observed_fact(o, p->id, "runtime").len > 0;
        const struct sign *sign = sign_of(o, p);
        if (sign)
            return found(o, p, sign, ret_finding);
    }
    if (!any_facts)
        return ANSWER_SILENT; /* no word of the target's environment was recorded */
    return answer_healthy(ret_finding, "no option or variable for developing is set");
}

const struct rule rule_dev_mode = {
    .id = "dev-mode",
    .title = "The program runs in a mode for developing",
    .role = RULE_VERDICT,
    .look = look,
};
