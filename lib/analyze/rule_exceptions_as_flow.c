// SPDX-License-Identifier: MIT
/* Exceptions are thrown so often that finding their handlers costs CPU time. */
#include "analyze/rules.h"
#include "analyze/share_rule.h"

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    static const struct share_rule exceptions = {
        .part = { .any_frame = TRAIT(EXCEPTION) },
        .notice = 0.05,
        .warn = 0.10,
        .work = "throwing exceptions and collecting their stacks",
        .alternative = "A storm of real errors looks the same: see the program's log first.",
        .advice = {
            .any = "Return what is expected (not found, end, invalid) as a value and keep "
                   "exceptions for what is not; test before the call that throws.",
            .node = "Do not make Error objects for what is expected: their stack traces are what "
                    "costs. Return a value, or set Error.stackTraceLimit = 0 around the place.",
            .jvm = "Return a value for what is expected, or override fillInStackTrace().",
        },
    };
    return share_answer(o, &exceptions, ret_finding);
}

const struct rule rule_exceptions_as_flow = {
    .id = "exceptions-as-flow",
    .title = "Exceptions are part of the normal flow",
    .role = RULE_VERDICT,
    .look = look,
};
