// SPDX-License-Identifier: MIT
/*
 * Code runs in an interpreter although its runtime has a compiler: V8 that never optimises, a JVM
 * with -Xint. CPython has none that would take over: nothing is
 * said of it.
 */
#include "analyze/answers.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"

#define WARMED_UP_S 10.0

static const struct share_rule interpreting = {
    .part = { .leaf = TRAIT(INTERPRETER) },
    .notice = 0.20,
    .warn = 0.30,
    .work = "interpreting code that was not compiled",
    .alternative = "Code that runs for a short time only is interpreted by right: the compiler "
                   "takes over what stays hot.",
    .advice = {
        .any = "Look for what keeps the compiler away.",
        .node = "See why the functions named here are not optimised (node --trace-opt --trace-deopt): "
                "changing types, eval and new Function, huge functions, --jitless or --no-opt.",
        .jvm = "Remove -Xint, and look for methods too large to compile (over 8,000 bytecodes).",
    },
    .commands = { .any = "node --trace-opt --trace-deopt PROGRAM" },
};

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    const struct observed_process *p = o->busiest ? observed_process(o, o->busiest->process) : NULL;
    if (!p || (p->runtime != RUNTIME_NODE && p->runtime != RUNTIME_JVM))
        return ANSWER_SILENT;
    if (o->steady_seconds < WARMED_UP_S)
        return ANSWER_SILENT; /* it would be the warm-up */
    return share_answer(o, &interpreting, ret_finding);
}

const struct rule rule_interpreter_bound = {
    .id = "interpreter-bound",
    .title = "Code is interpreted, not compiled",
    .role = RULE_VERDICT,
    .breadth = BREADTH_KIND,
    .look = look,
};
