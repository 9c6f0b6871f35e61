// SPDX-License-Identifier: MIT
/* Much of the CPU time goes into JSON. */
#include "analyze/rules.h"
#include "analyze/share_rule.h"

static enum answer look(const struct observed *o, struct finding *ret_finding)
{
    static const struct share_rule json = {
        .part = { .any_frame = TRAIT(JSON) },
        .notice = 0.10,
        .warn = 0.15,
        .work = "parsing and writing JSON",
        .alternative = "A program whose purpose is JSON spends its time there by right.",
        .advice = {
            .any = "Send and parse less: fewer fields, pages instead of whole lists, one parse for "
                   "each document. Keep what was written and write it again only when it changed.",
            .node = "JSON.parse and JSON.stringify hold the event loop for as long as they take: "
                    "send less (fields, pages), keep the text of answers that do not change, write "
                    "with a schema (fast-json-stringify), or move large documents to a worker "
                    "thread.",
            .python = "Send less, keep the text of answers that do not change, or parse and write "
                      "with orjson or msgspec, which take a fraction of the time of json.",
            .go = "Send less, keep the text of answers that do not change, or generate the coding "
                  "(easyjson, sonic) instead of reflection.",
        },
        .commands = { .any = "prof flame -p PID  # look for JSON in the search box" },
    };
    return share_answer(o, &json, ret_finding);
}

const struct rule rule_json_heavy = {
    .id = "json-heavy",
    .title = "Much CPU time goes into JSON",
    .role = RULE_VERDICT,
    .look = look,
};
