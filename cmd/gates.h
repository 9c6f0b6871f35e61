// SPDX-License-Identifier: MIT
/* The conditions of --fail-on: read before there is a target, asked when the diagnosis is there. */
#ifndef PROF_CMD_GATES_H
#define PROF_CMD_GATES_H

#include <stdbool.h>

#include "analyze/gate_expression.h"
#include "base/vec.h"
#include "cmd/options.h"

struct gates {
    VEC(struct gate *) list;
};

bool gates_init(struct gates *gates, const struct settings *settings, struct err *e);

/* Says which hold or cannot be decided, and why. Returns STATUS_OK, STATUS_TRIPPED, or
 * STATUS_UNDECIDED when none holds. */
int gates_say(const struct gates *gates, const struct profile *p, const struct diagnosis *d);
void gates_done(struct gates *gates);

#endif
