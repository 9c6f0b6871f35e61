// SPDX-License-Identifier: MIT
#include "record/syscall_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"

enum { FORMAT_BYTES_MAX = 64 << 10, NUMBER_BYTES = 8 };

/* ---- tracefs ---- */

static bool has_events(int dir)
{
    return dir >= 0 && faccessat(dir, "events/raw_syscalls/sys_enter/id", R_OK, 0) == 0;
}

/* fsmount(2), kernel 5.2. Nobody else sees it. */
static int mount_detached(void)
{
    PROF_CLEANUP(close_fd) int context = fsopen("tracefs", FSOPEN_CLOEXEC);
    if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) != 0)
        return -1;
    return fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
}

int tracefs_open(struct err *e)
{
    static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(places); i++) {
        PROF_CLEANUP(close_fd) int dir = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (has_events(dir))
            return take_fd(&dir);
    }
    PROF_CLEANUP(close_fd) int dir = mount_detached();
    const int error = errno;
    if (has_events(dir))
        return take_fd(&dir);
    err_sys(e, error, "cannot read tracefs, which has the numbers of tracepoints");
    err_hint(e, "run prof as root, or sudo mount -t tracefs -o mode=755 tracefs "
                "/sys/kernel/tracing");
    return -1;
}

/* ---- formats ---- */

static bool key_number(struct slice line, const char *key, uint16_t *ret_number)
{
    const char *at = memmem(line.ptr, line.len, key, strlen(key));
    if (!at)
        return false;
    const struct slice rest = slice_skip(line, (size_t)(at - line.ptr) + strlen(key));
    uint64_t number;
    if (!slice_to_u64((struct slice){ rest.ptr, slice_find(rest, ';') }, 10, &number) ||
        number > UINT16_MAX)
        return false;
    *ret_number = (uint16_t)number;
    return true;
}

/* "field:unsigned long args[6];" -> "args" */
static struct slice field_name(struct slice line)
{
    struct slice text = slice_skip(line, strlen("field:"));
    text.len = slice_find(text, ';');
    text.len = slice_find(text, '[');
    size_t from = text.len;
    while (from > 0 && text.ptr[from - 1] != ' ' && text.ptr[from - 1] != '*')
        from--;
    return slice_skip(text, from);
}

static void parse_field(struct slice line, struct tracepoint *tp)
{
    struct trace_field *field = &tp->fields[tp->field_count];
    const struct slice name = field_name(line);
    if (tp->field_count == TRACE_FIELDS_MAX || name.len == 0 || name.len >= sizeof field->name)
        return;
    if (!key_number(line, "offset:", &field->offset) || !key_number(line, "size:", &field->size))
        return;
    memcpy(field->name, name.ptr, name.len);
    field->name[name.len] = '\0';
    tp->field_count++;
}

bool tracepoint_parse(struct slice text, struct tracepoint *ret_tp)
{
    struct tracepoint tp = { 0 };
    struct slice rest = text, line;
    while (slice_split(&rest, '\n', &line)) {
        const struct slice trimmed = slice_trim(line);
        if (slice_starts(trimmed, "ID: "))
            slice_to_u64(slice_skip(trimmed, 4), 10, &tp.id);
        else if (slice_starts(trimmed, "field:"))
            parse_field(trimmed, &tp);
    }
    if (tp.id == 0)
        return false;
    *ret_tp = tp;
    return true;
}

bool tracepoint_find(int tracefs, const char *name, struct tracepoint *ret_tp, struct err *e)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&path, "events/%s/format", name);
    PROF_CLEANUP(close_fd) int fd = openat(tracefs, path.ptr, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, errno, "cannot open '%s' of tracefs", path.ptr);
    if (!file_read_fd(fd, path.ptr, FORMAT_BYTES_MAX, &text, e))
        return false;
    if (!tracepoint_parse(strbuf_slice(&text), ret_tp))
        return err_set(e, ERR_FORMAT, "'%s' of tracefs has no number", path.ptr);
    return true;
}

uint64_t tracepoint_number(
    const struct tracepoint *tp, const char *field, size_t index, struct slice raw)
{
    for (size_t i = 0; i < tp->field_count; i++) {
        const struct trace_field *f = &tp->fields[i];
        if (strcmp(f->name, field) != 0)
            continue;
        const size_t size = f->size < NUMBER_BYTES ? f->size : NUMBER_BYTES;
        const size_t at = f->offset + index * NUMBER_BYTES;
        uint64_t value = 0;
        if (at + size <= raw.len && at + size <= (size_t)f->offset + f->size)
            memcpy(&value, raw.ptr + at, size); /* little-endian, as all we run on */
        return value;
    }
    return 0;
}
