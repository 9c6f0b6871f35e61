// SPDX-License-Identifier: MIT
#include "cmd/attach.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"

enum { CMDLINE_BYTES_MAX = 16 * 1024 * 1024, STATUS_BYTES_MAX = 64 * 1024 };

static void name_program(struct target_words *words, struct slice first)
{
    words->program = (struct strbuf)STRBUF_INIT;
    strbuf_addslice(&words->program, slice_basename(first));
}

void target_words_launch(struct target_words *words, char *const *argv, size_t count)
{
    *words = (struct target_words){ .bytes = STRBUF_INIT };
    for (size_t i = 0; i < count; i++)
        vec_push(&words->args, slice_of(argv[i]));
    name_program(words, slice_of(argv[0]));
}

/* A line "Name:\tvalue" of /proc/PID/status. */
static struct slice status_field(struct slice status, const char *name)
{
    struct slice line;
    while (slice_split(&status, '\n', &line))
        if (slice_starts(line, name))
            return slice_trim(slice_skip(line, strlen(name)));
    return slice_of(NULL);
}

static bool check_process(pid_t pid, struct err *e)
{
    if (kill(pid, 0) == 0)
        return true;
    if (errno != EPERM) {
        err_set(e, ERR_NOT_FOUND, "no process has the id %d", (int)pid);
        return err_hint(e, "'pgrep -l NAME' finds the ids of running programs");
    }
    err_set(e, ERR_PERMISSION, "cannot attach to process %d: it belongs to another user", (int)pid);
    return err_hint(e, "run prof as that user, or: sudo prof ... -p %d", (int)pid);
}

static bool check_status(struct slice status, pid_t pid, struct err *e)
{
    uint64_t group;
    struct slice state = status_field(status, "State:");
    uint64_t threads = 0; /* a main thread may end before the others */
    slice_to_u64(status_field(status, "Threads:"), 10, &threads);
    if (threads <= 1 && (slice_starts(state, "Z") || slice_starts(state, "X"))) {
        err_set(e, ERR_NOT_FOUND, "process %d has ended already", (int)pid);
        return err_hint(e, "its parent has not waited for it yet; there is nothing to sample");
    }
    if (!slice_to_u64(status_field(status, "Tgid:"), 10, &group) || group == (uint64_t)pid)
        return true;
    err_set(
        e, ERR_NOT_FOUND, "%d is a thread of process %llu", (int)pid, (unsigned long long)group);
    return err_hint(e, "prof records all threads of a process: -p %llu", (unsigned long long)group);
}

static void split_args(struct target_words *words)
{
    struct slice rest = strbuf_slice(&words->bytes);
    while (rest.len && rest.ptr[rest.len - 1] == '\0')
        rest.len--;
    struct slice arg;
    while (slice_split(&rest, '\0', &arg))
        vec_push(&words->args, arg);
}

bool target_words_attach(struct target_words *words, pid_t pid, struct err *e)
{
    *words = (struct target_words){ .bytes = STRBUF_INIT, .program = STRBUF_INIT };
    if (!check_process(pid, e))
        return false;
    PROF_CLEANUP(strbuf_done) struct strbuf status = STRBUF_INIT;
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (!file_read(path, STATUS_BYTES_MAX, &status, e) ||
        !check_status(strbuf_slice(&status), pid, e))
        return false;
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid);
    if (!file_read(path, CMDLINE_BYTES_MAX, &words->bytes, e))
        return false;
    split_args(words);
    if (words->args.len == 0) { /* a kernel thread, or a process that cleared its command line */
        strbuf_addslice(&words->bytes, status_field(strbuf_slice(&status), "Name:"));
        vec_push(&words->args, strbuf_slice(&words->bytes));
    }
    name_program(words, words->args.ptr[0]);
    return true;
}

void target_words_done(struct target_words *words)
{
    vec_done(&words->args);
    strbuf_done(&words->program);
    strbuf_done(&words->bytes);
}
