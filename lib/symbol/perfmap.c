// SPDX-License-Identifier: MIT
#include "symbol/perfmap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "profile/jit_name.h"

enum {
    READ_STEP_BYTES = 256 * 1024,
    LINE_MAX_BYTES = PERFMAP_NAME_MAX + 64, /* two numbers and the name */
};

bool perfmap_check(int fd, const char *name, int32_t owner_uid, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return err_sys(e, errno, "cannot read the perf map '%s'", name);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_PERMISSION, "the perf map '%s' is not a regular file", name);
    if (owner_uid >= 0 && st.st_uid != 0 && st.st_uid != (uid_t)owner_uid) {
        err_set(e, ERR_PERMISSION, "the perf map '%s' belongs to uid %u, not to the target's %d",
            name, st.st_uid, owner_uid);
        return err_hint(e, "remove the file and run the target again");
    }
    if ((uint64_t)st.st_size > (uint64_t)PERFMAP_FILE_MAX_MIB << 20)
        return err_set(
            e, ERR_LIMIT, "the perf map '%s' is larger than %d MiB", name, PERFMAP_FILE_MAX_MIB);
    return true;
}

int perfmap_open(const char *path, int32_t owner_uid, struct err *e)
{
    /* O_NONBLOCK: opening a fifo must not wait for a writer. */
    PROF_CLEANUP(close_fd)
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && errno == ELOOP)
        err_set(e, ERR_PERMISSION, "the perf map '%s' is a symbolic link", path);
    else if (fd < 0)
        err_sys(e, errno, "cannot open the perf map '%s'", path);
    if (fd < 0 || !perfmap_check(fd, path, owner_uid, e))
        return -1;
    return take_fd(&fd);
}

/* ---- lines ---- */

/* A hex number up to a space; 0x is accepted. */
static bool take_hex(struct slice *rest, uint64_t *ret_value)
{
    struct slice part;
    if (!slice_split(rest, ' ', &part))
        return false;
    if (slice_starts(part, "0x"))
        part = slice_skip(part, 2);
    return slice_to_u64(part, 16, ret_value);
}

/* names[i] is the text for address i; replaced in place when a later line covers it. */
static void match_line(struct slice line, struct lookup *l, struct slice *names)
{
    uint64_t start, size;
    if (!take_hex(&line, &start) || !take_hex(&line, &size))
        return;
    if (size == 0 || size > (uint64_t)PERFMAP_ENTRY_MAX_MIB << 20 || start > UINT64_MAX - size)
        return;
    uint32_t at;
    const uint32_t end = lookup_range(l, start, start + size, &at);
    if (at >= end)
        return;
    line = slice_trim(line);
    if (line.len > PERFMAP_NAME_MAX)
        line.len = PERFMAP_NAME_MAX;
    if (line.len == 0)
        return;
    const struct slice name = arena_copy(&l->arena, line);
    for (; at < end; at++)
        names[at] = name;
}

static void apply_names(struct lookup *l, const struct slice *names)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (names[i].len == 0)
            continue;
        const struct jit_name n = jit_name(&l->arena, names[i]);
        const struct found_line line = {
            .name = n.name,
            .system_name = n.system_name,
            .file = n.file,
            .func_line = n.line,
            .tier = n.tier,
        };
        lookup_add(l, i, &line);
    }
}

/* Takes whole lines out of text; *skipping: inside a line that was too long to keep. */
static size_t match_lines(struct slice text, bool *skipping, struct lookup *l, struct slice *names)
{
    size_t done = 0;
    while (done < text.len) {
        const struct slice rest = slice_skip(text, done);
        const size_t len = slice_find(rest, '\n');
        if (len == rest.len)
            break;
        if (!*skipping)
            match_line((struct slice){ rest.ptr, len }, l, names);
        *skipping = false;
        done += len + 1;
    }
    if (text.len - done > LINE_MAX_BYTES) {
        if (!*skipping)
            match_line((struct slice){ text.ptr + done, LINE_MAX_BYTES }, l, names);
        *skipping = true;
        done = text.len;
    }
    return done;
}

void perfmap_match_text(struct slice text, struct lookup *l)
{
    struct slice *names = xcalloc(l->count, sizeof *names);
    bool skipping = false;
    const size_t done = match_lines(text, &skipping, l, names);
    if (!skipping && done < text.len)
        match_line(slice_skip(text, done), l, names);
    apply_names(l, names);
    free(names);
}

/* Reads in steps rather than mapping the file: its owner may cut it while we look. */
bool perfmap_match(int fd, const char *name, struct lookup *l, struct err *e)
{
    struct slice *names PROF_CLEANUP(free_ptr) = xcalloc(l->count, sizeof *names);
    PROF_CLEANUP(strbuf_done) struct strbuf pending = STRBUF_INIT;
    bool skipping = false;
    for (uint64_t at = 0; at < (uint64_t)PERFMAP_FILE_MAX_MIB << 20;) {
        const ssize_t got =
            pread(fd, strbuf_reserve(&pending, READ_STEP_BYTES), READ_STEP_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(e, errno, "cannot read the perf map '%s'", name);
        if (got == 0)
            break;
        at += (uint64_t)got;
        pending.len += (size_t)got;
        const size_t done = match_lines(strbuf_slice(&pending), &skipping, l, names);
        memmove(pending.ptr, pending.ptr + done, pending.len - done);
        pending.len -= done;
    }
    if (!skipping)
        match_line(strbuf_slice(&pending), l, names);
    apply_names(l, names);
    return true;
}
