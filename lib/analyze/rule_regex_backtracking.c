// SPDX-License-Identifier: MIT
/*
 * Most of the CPU time goes into matching regular expressions. That a pattern backtracks shows in
 * turns of the loop: single events that take tens of milliseconds. Without such turns it may be
 * much text, and is only possible.
 */
#include <math.h>

#include "analyze/long_turns.h"
#include "analyze/rules.h"
#include "analyze/share_rule.h"
#include "analyze/words.h"

#define SLOW_MATCH_NS 50e6

static const struct share_rule matching = {
    .part = { .any_frame = TRAIT(REGEX) },
    .notice = 0.15,
    .warn = 0.30,
    .work = "matching regular expressions",
    .alternative = "A long text can take as long with a harmless pattern: if the time grows in step "
                   "with the text, and not much faster, it is that.",
    .advice = {
        .any = "Rewrite the pattern so that no two parts can match the same text (no (a+)+, no .*.* "
               "in a row, anchors and possessive parts), bound the length of the input, or use an "
               "engine that never backtracks (RE2). Where it is compiling: compile each pattern "
               "once, not for each call.",
        .go = "Compile each pattern once, in a package variable, not for each call; Go's own "
              "engine never backtracks, so a long time in matching is long text.",
        .node = "Rewrite the pattern so that no two parts can match the same text (no (a+)+, no "
                ".*.* in a row), check the length of the input first, or use the re2 package. The "
                "pattern itself stands in the flame graph as RegExp:PATTERN.",
        .python = "Rewrite the pattern so that no two parts can match the same text, bound the "
                  "input's length, or use google-re2.",
    },
};

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    enum answer answer = share_answer(o, &matching, ret_finding);
    if (answer != ANSWER_FOUND || !o->loop)
        return answer;
    struct long_turns turns;
    long_turns_of(o, o->loop, SLOW_MATCH_NS, &turns);
    if (turns.count)
        finding_prove(ret_finding, turns.longest_ns, SLOW_MATCH_NS, "ns", turns.count,
            "longest turn of the loop on the CPU");
    else
        ret_finding->confidence = CONFIDENCE_POSSIBLE;
    long_turns_done(&turns);
    return answer;
}

const struct rule rule_regex_backtracking = {
    .id = "regex-backtracking",
    .title = "A regular expression takes most of the CPU time",
    .role = RULE_VERDICT,
    .look = look,
};
