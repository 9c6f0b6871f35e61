// SPDX-License-Identifier: MIT
#include "record/wall_read.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"

enum { TEXT_MAX = 256 };

static bool take_number(struct slice *rest, uint64_t *ret_value)
{
    const struct slice word = slice_take_word(rest);
    return slice_starts(word, "0x") && slice_to_u64(slice_skip(word, 2), 16, ret_value);
}

enum wall_state wall_parse(struct slice text, struct wall_place *ret_place)
{
    struct wall_place place = { 0 };
    struct slice rest = slice_trim(text);
    const struct slice first = slice_take_word(&rest);
    if (slice_is(first, "running"))
        return WALL_RUNNING;
    place.in_call = !slice_is(first, "-1");
    if (place.in_call && !slice_to_u64(first, 10, &place.number))
        return WALL_GONE;
    for (size_t i = 0; i < CALL_ARGS && place.in_call; i++)
        if (!take_number(&rest, &place.args[i]))
            return WALL_GONE;
    if (!take_number(&rest, &place.sp) || !take_number(&rest, &place.pc))
        return WALL_GONE;
    *ret_place = place;
    return WALL_BLOCKED;
}

int wall_open(pid_t pid, pid_t tid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/task/%d/syscall", (int)pid, (int)tid);
    return open(path.ptr, O_RDONLY | O_CLOEXEC);
}

enum wall_state wall_read(pid_t pid, pid_t tid, int fd, struct wall_place *ret_place)
{
    char text[TEXT_MAX];
    PROF_CLEANUP(close_fd) int opened = fd >= 0 ? -1 : wall_open(pid, tid);
    const ssize_t got = pread(fd >= 0 ? fd : opened, text, sizeof text, 0);
    if (got <= 0)
        return WALL_GONE;
    return wall_parse((struct slice){ text, (size_t)got }, ret_place);
}

bool wall_same_place(const struct wall_place *a, const struct wall_place *b)
{
    return a->in_call == b->in_call && a->number == b->number && a->sp == b->sp && a->pc == b->pc &&
           memcmp(a->args, b->args, sizeof a->args) == 0;
}
