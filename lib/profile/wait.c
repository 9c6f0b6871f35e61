// SPDX-License-Identifier: MIT
#include "profile/wait.h"

#include "base/compiler.h"

static const struct wait_info {
    const char *id;
    const char *phrase; /* for people, before the object */
} kinds[WAIT_KINDS] = {
    [WAIT_UNKNOWN] = { "unknown", "waiting, reason unknown" },
    [WAIT_QUEUE] = { "cpu", "waiting for a CPU" },
    [WAIT_LOOP] = { "loop", "waiting for events" },
    [WAIT_ACCEPT] = { "accept", "waiting for connections" },
    [WAIT_FUTEX] = { "lock", "waiting for a lock or condition" },
    [WAIT_FILE] = { "file", "waiting for file" },
    [WAIT_SYNC] = { "sync", "waiting for storage to have" },
    [WAIT_PIPE] = { "pipe", "waiting for a pipe" },
    [WAIT_TCP] = { "tcp", "waiting for TCP peer" },
    [WAIT_CLIENT] = { "client", "waiting for a client" },
    [WAIT_UDP] = { "udp", "waiting for UDP" },
    [WAIT_UNIX] = { "unix", "waiting for Unix socket" },
    [WAIT_TTY] = { "tty", "waiting for the terminal" },
    [WAIT_SLEEP] = { "sleep", "sleeping" },
    [WAIT_CHILD] = { "child", "waiting for a child process" },
    [WAIT_EVENT] = { "event", "waiting for an event" },
    [WAIT_FAULT] = { "fault", "waiting for a page of memory" },
};

const char *wait_kind_id(enum wait_kind kind)
{
    return kinds[kind < WAIT_KINDS ? kind : WAIT_UNKNOWN].id;
}

enum wait_kind wait_kind_of(struct slice id)
{
    for (int i = 0; i < WAIT_KINDS; i++) {
        if (slice_is(id, kinds[i].id))
            return (enum wait_kind)i;
    }
    return WAIT_UNKNOWN;
}

/* ---- the text form ---- */

/* One word: a blank would begin the next part. */
static struct slice operation_of(const struct wait *w)
{
    struct slice word = { .ptr = w->operation.ptr, .len = slice_find(w->operation, ' ') };
    return word.len ? word : slice_of("wait");
}

void wait_text(const struct wait *w, struct strbuf *out)
{
    strbuf_addslice(out, operation_of(w));
    strbuf_addc(out, ' ');
    strbuf_adds(out, wait_kind_id(w->kind));
    if (w->object.len == 0)
        return;
    strbuf_addc(out, ' ');
    strbuf_addslice(out, w->object);
}

struct wait wait_parse(struct slice text)
{
    struct wait w = { .object = text };
    struct slice kind = { 0 };
    slice_split(&w.object, ' ', &w.operation);
    slice_split(&w.object, ' ', &kind);
    w.kind = wait_kind_of(kind);
    return w;
}

/* ---- as a frame ---- */

/* "waiting for TCP peer 10.0.0.7:5432 (recvfrom)" */
static void add_readable(const struct wait *w, struct strbuf *out)
{
    strbuf_adds(out, kinds[w->kind < WAIT_KINDS ? w->kind : WAIT_UNKNOWN].phrase);
    if (w->object.len) {
        strbuf_addc(out, ' ');
        strbuf_addslice(out, w->object);
    }
    if (w->operation.len)
        strbuf_addf(out, " (%.*s)", SLICE_ARG(operation_of(w)));
}

struct frame_id wait_frame(struct profile *p, const struct wait *w)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf readable = STRBUF_INIT;
    wait_text(w, &text);
    add_readable(w, &readable);
    struct func func = {
        .name = profile_add_string(p, strbuf_slice(&readable)),
        .system_name = profile_add_string(p, strbuf_slice(&text)),
        .kind = FUNC_WAIT,
    };
    struct line line = { .func = profile_add_func(p, &func) };
    return profile_add_frame_lines(p, &line, 1);
}

bool wait_of_stack(const struct profile *p, struct stack_id stack, struct wait *ret_wait)
{
    struct frame_id frame = profile_stack(p, stack).frame;
    if (profile_frame(p, frame)->line_count != 1)
        return false;
    const struct line *line = profile_frame_lines(p, frame);
    const struct func *func = profile_func(p, line->func);
    if (func->kind != FUNC_WAIT)
        return false;
    *ret_wait = wait_parse(profile_string(p, func->system_name));
    return true;
}
