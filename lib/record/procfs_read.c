// SPDX-License-Identifier: MIT
#include "record/procfs_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"

enum { SMALL_FILE_MAX = 64 << 10, PIDS_MAX = 1 << 20, SCHEDSTAT_BYTES = 96 };

bool procfs_setting(const char *name, int64_t *ret_value)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&path, "/proc/sys/%s", name);
    if (!file_read(path.ptr, SMALL_FILE_MAX, &text, NULL))
        return false;
    char *end;
    *ret_value = strtoll(text.ptr, &end, 10);
    return end != text.ptr;
}

bool procfs_read(pid_t pid, const char *name, size_t limit_bytes, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/%s", (int)pid, name);
    return file_read(path.ptr, limit_bytes, out, NULL);
}

bool procfs_link(pid_t pid, const char *name, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/%s", (int)pid, name);
    char *to = strbuf_reserve(out, PATH_MAX);
    const ssize_t len = readlink(path.ptr, to, PATH_MAX);
    if (len <= 0)
        return false;
    out->len += (size_t)len;
    out->ptr[out->len] = '\0';
    return true;
}

/* Names of a folder that are numbers. */
static bool list_numbers(const char *path, struct pid_list *out)
{
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    const struct dirent *entry;
    while ((entry = readdir(dir)) && out->len < PIDS_MAX) {
        uint64_t number;
        if (slice_to_u64(slice_of(entry->d_name), 10, &number) && number <= INT_MAX)
            vec_push(out, (pid_t)number);
    }
    closedir(dir);
    return true;
}

bool procfs_threads(pid_t pid, struct pid_list *ret_tids)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/task", (int)pid);
    return list_numbers(path.ptr, ret_tids) && ret_tids->len > 0;
}

void procfs_thread_name(pid_t pid, pid_t tid, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    strbuf_addf(&name, "task/%d/comm", (int)tid);
    if (procfs_read(pid, name.ptr, SMALL_FILE_MAX, out) && out->len > 0 &&
        out->ptr[out->len - 1] == '\n')
        out->ptr[--out->len] = '\0';
}

/* The numbers behind "Key:" in /proc/PID/status; the last one of them. */
static pid_t status_number(pid_t pid, const char *key)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (!procfs_read(pid, "status", SMALL_FILE_MAX, &text))
        return 0;
    struct slice rest = strbuf_slice(&text), line;
    while (slice_split(&rest, '\n', &line)) {
        if (!slice_starts(line, key))
            continue;
        const struct slice trimmed = slice_trim(slice_skip(line, strlen(key)));
        const size_t tab = slice_rfind(trimmed, '\t');
        uint64_t number = 0;
        slice_to_u64(tab == trimmed.len ? trimmed : slice_skip(trimmed, tab + 1), 10, &number);
        return number <= INT_MAX ? (pid_t)number : 0;
    }
    return 0;
}

pid_t procfs_parent(pid_t pid)
{
    return status_number(pid, "PPid:");
}

pid_t procfs_inner_pid(pid_t pid)
{
    const pid_t inner = status_number(pid, "NSpid:");
    return inner ? inner : pid;
}

static bool holds(const struct pid_list *pids, pid_t pid)
{
    for (size_t i = 0; i < pids->len; i++)
        if (pids->ptr[i] == pid)
            return true;
    return false;
}

void procfs_family(pid_t pid, pid_t except, struct pid_list *ret_pids)
{
    struct pid_list all = { 0 }, parents = { 0 };
    list_numbers("/proc", &all);
    for (size_t i = 0; i < all.len; i++)
        vec_push(&parents, procfs_parent(all.ptr[i]));
    vec_push(ret_pids, pid);
    for (size_t known = 0; known < ret_pids->len; known++) {
        for (size_t i = 0; i < all.len; i++) {
            if (parents.ptr[i] == ret_pids->ptr[known] && all.ptr[i] != except &&
                !holds(ret_pids, all.ptr[i]))
                vec_push(ret_pids, all.ptr[i]);
        }
    }
    vec_done(&all);
    vec_done(&parents);
}

static struct slice take_field(struct slice *rest)
{
    struct slice field = { rest->ptr, 0 };
    slice_split(rest, ' ', &field);
    return field;
}

bool procfs_parse_stat(struct slice text, struct procfs_stat *ret_stat)
{
    /* proc(5): "pid (name) state ppid ..."; numbers of fields as there. */
    enum {
        FIELD_STATE = 3,
        FIELD_PARENT = 4,
        FIELD_MINOR_FAULTS = 10,
        FIELD_MAJOR_FAULTS = 12,
        FIELD_USER = 14,
        FIELD_KERNEL = 15,
        FIELD_CHILDREN_USER = 16,
        FIELD_CHILDREN_KERNEL = 17,
        FIELD_THREADS = 20,
        FIELD_RSS = 24,
    };
    const size_t name_end = slice_rfind(text, ')');
    if (name_end == text.len || name_end + 2 >= text.len)
        return false;
    const uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
    struct slice rest = slice_trim(slice_skip(text, name_end + 2));
    uint64_t fields[FIELD_RSS + 1] = { 0 };
    char state = 0;
    for (int i = FIELD_STATE; i <= FIELD_RSS; i++) {
        const struct slice field = take_field(&rest);
        if (field.len == 0)
            return false;
        if (i == FIELD_STATE)
            state = field.ptr[0];
        else
            slice_to_u64(field, 10, &fields[i]); /* negative ones, as tpgid, are of no use here */
    }
    *ret_stat = (struct procfs_stat){
        .state = state,
        .parent = (pid_t)fields[FIELD_PARENT],
        .user_ns = fields[FIELD_USER] * tick_ns,
        .kernel_ns = fields[FIELD_KERNEL] * tick_ns,
        .children_user_ns = fields[FIELD_CHILDREN_USER] * tick_ns,
        .children_kernel_ns = fields[FIELD_CHILDREN_KERNEL] * tick_ns,
        .rss_bytes = fields[FIELD_RSS] * (uint64_t)sysconf(_SC_PAGESIZE),
        .minor_faults = fields[FIELD_MINOR_FAULTS],
        .major_faults = fields[FIELD_MAJOR_FAULTS],
        .threads = fields[FIELD_THREADS],
    };
    return true;
}

bool procfs_stat(pid_t pid, pid_t tid, struct procfs_stat *ret_stat)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (tid)
        strbuf_addf(&name, "task/%d/stat", (int)tid);
    else
        strbuf_adds(&name, "stat");
    return procfs_read(pid, name.ptr, SMALL_FILE_MAX, &text) &&
           procfs_parse_stat(strbuf_slice(&text), ret_stat);
}

int procfs_open_thread(pid_t pid, pid_t tid, const char *name)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
    return open(path.ptr, O_RDONLY | O_CLOEXEC);
}

/* "on-CPU ns, queued ns, slices". A kernel without CONFIG_SCHED_INFO has zeros. */
bool procfs_schedstat(int fd, uint64_t *ret_on_cpu_ns, uint64_t *ret_queued_ns)
{
    char text[SCHEDSTAT_BYTES];
    const ssize_t len = pread(fd, text, sizeof text, 0);
    struct slice rest = { text, len > 0 ? (size_t)len : 0 }, word;
    uint64_t numbers[2];
    for (size_t i = 0; i < PROF_ARRAY_LEN(numbers); i++)
        if (!slice_split(&rest, ' ', &word) || !slice_to_u64(word, 10, &numbers[i]))
            return false;
    *ret_on_cpu_ns = numbers[0];
    *ret_queued_ns = numbers[1];
    return numbers[0] > 0;
}

bool procfs_parse_status(struct slice text, const char *key, uint64_t *ret_number)
{
    struct slice line;
    const size_t len = strlen(key);
    while (slice_split(&text, '\n', &line)) {
        if (!slice_starts(line, key) || line.len <= len || line.ptr[len] != ':')
            continue;
        struct slice rest = slice_trim(slice_skip(line, len + 1));
        return slice_to_u64(slice_take_word(&rest), 10, ret_number);
    }
    return false;
}

bool procfs_parse_io(struct slice text, struct procfs_io *ret_io)
{
    struct procfs_io io;
    const bool ok = procfs_parse_status(text, "rchar", &io.read_chars) &&
                    procfs_parse_status(text, "wchar", &io.write_chars) &&
                    procfs_parse_status(text, "syscr", &io.read_calls) &&
                    procfs_parse_status(text, "syscw", &io.write_calls) &&
                    procfs_parse_status(text, "read_bytes", &io.read_bytes) &&
                    procfs_parse_status(text, "write_bytes", &io.write_bytes);
    if (ok)
        *ret_io = io;
    return ok;
}
