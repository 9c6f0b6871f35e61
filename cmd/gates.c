// SPDX-License-Identifier: MIT
#include "cmd/gates.h"

#include "cmd/say.h"
#include "cmd/status.h"

bool gates_init(struct gates *gates, const struct settings *settings, struct err *e)
{
    for (size_t i = 0; i < settings->fail_on.len; i++) {
        struct gate *gate = gate_new(settings->fail_on.ptr[i], e);
        if (!gate)
            return false;
        vec_push(&gates->list, gate);
    }
    return true;
}

int gates_say(const struct gates *gates, const struct profile *p, const struct diagnosis *d)
{
    int status = STATUS_OK;
    for (size_t i = 0; i < gates->list.len; i++) {
        const struct gate *gate = gates->list.ptr[i];
        PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
        enum gate_answer answer = gate_ask(gate, p, d, &why);
        if (answer == GATE_HOLDS) {
            say("prof: --fail-on '%s' holds: %s", gate_text(gate), why.ptr);
            status = STATUS_TRIPPED;
        } else if (answer == GATE_UNKNOWN) {
            say("prof: --fail-on '%s' cannot be decided: %s", gate_text(gate), why.ptr);
            status = status == STATUS_OK ? STATUS_UNDECIDED : status;
        }
    }
    return status;
}

void gates_done(struct gates *gates)
{
    for (size_t i = 0; i < gates->list.len; i++)
        gate_free(gates->list.ptr[i]);
    vec_done(&gates->list);
}
