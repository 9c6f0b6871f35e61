// SPDX-License-Identifier: MIT
#include "record/cgroup.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/compiler.h"
#include "base/file.h"
#include "record/procfs_read.h"

enum { FILE_MAX = 64 << 10, MOUNTS_MAX = 4 << 20, LEVELS_MAX = 64 };

/* Version 1 says "no limit" with the largest multiple of a page that a signed number holds. */
#define BYTES_UNLIMITED (UINT64_C(1) << 60)

/* ---- where ---- */

static bool list_has(struct slice list, const char *word)
{
    struct slice part;
    while (slice_split(&list, ',', &part))
        if (slice_is(part, word))
            return true;
    return false;
}

/* A line of /proc/PID/cgroup: "number:controllers:/path"; version 2 has number 0 and no list. */
static bool find_path(
    struct slice membership, const char *controller, bool version2, struct slice *ret_path)
{
    struct slice line;
    while (slice_split(&membership, '\n', &line)) {
        struct slice number = { 0 }, list = { 0 };
        slice_split(&line, ':', &number);
        const size_t colon = slice_find(line, ':');
        list = (struct slice){ line.ptr, colon };
        const bool matches =
            version2 ? slice_is(number, "0") && list.len == 0 : list_has(list, controller);
        if (colon == line.len || !matches)
            continue;
        *ret_path = slice_skip(line, colon + 1);
        return true;
    }
    return false;
}

struct mount {
    struct slice root, folder;
};

/* proc_pid_mountinfo(5): "id parent major:minor root folder options ... - type source options". */
static bool find_mount(
    struct slice mounts, const char *controller, bool version2, struct mount *ret_mount)
{
    struct slice line;
    while (slice_split(&mounts, '\n', &line)) {
        struct slice word;
        for (int i = 0; i < 3; i++)
            slice_take_word(&line);
        const struct slice root = slice_take_word(&line), folder = slice_take_word(&line);
        do
            word = slice_take_word(&line);
        while (word.len > 0 && !slice_is(word, "-"));
        const struct slice type = slice_take_word(&line);
        slice_take_word(&line);
        const bool matches =
            version2 ? slice_is(type, "cgroup2")
                     : slice_is(type, "cgroup") && list_has(slice_take_word(&line), controller);
        if (!matches)
            continue;
        *ret_mount = (struct mount){ .root = root, .folder = folder };
        return true;
    }
    return false;
}

/* The path counts from the hierarchy's root, the mount may show a part of it only. A path that
 * begins with ".." lies outside of what this namespace sees. */
static bool join(const struct mount *m, struct slice path, struct strbuf *out)
{
    struct slice rest = path;
    if (slice_starts(path, "/.."))
        return false;
    if (!slice_is(m->root, "/")) {
        const bool inside = path.len >= m->root.len &&
                            memcmp(path.ptr, m->root.ptr, m->root.len) == 0 &&
                            (path.len == m->root.len || path.ptr[m->root.len] == '/');
        if (!inside)
            return false;
        rest = slice_skip(path, m->root.len);
    }
    strbuf_addslice(out, m->folder);
    if (!slice_is(rest, "/"))
        strbuf_addslice(out, rest);
    return true;
}

int cgroup_locate(struct slice membership, struct slice mounts, enum cgroup_controller controller,
    struct strbuf *ret_folder, struct strbuf *ret_mount)
{
    const char *name = controller == CGROUP_CPU ? "cpu" : "memory";
    for (int version = 1; version <= 2; version++) {
        struct slice path;
        struct mount mount;
        if (!find_path(membership, name, version == 2, &path) ||
            !find_mount(mounts, name, version == 2, &mount))
            continue;
        strbuf_clear(ret_folder);
        strbuf_clear(ret_mount);
        if (!join(&mount, path, ret_folder))
            continue;
        strbuf_addslice(ret_mount, mount.folder);
        return version;
    }
    return 0;
}

/* ---- numbers ---- */

double cgroup_parse_cpu_max(struct slice text)
{
    uint64_t quota, period;
    if (!slice_to_u64(slice_take_word(&text), 10, &quota) ||
        !slice_to_u64(slice_trim(text), 10, &period) || period == 0)
        return 0;
    return (double)quota / (double)period;
}

void cgroup_parse_cpu_stat(struct slice text, struct cgroup_usage *usage)
{
    struct slice line;
    while (slice_split(&text, '\n', &line)) {
        const struct slice key = slice_take_word(&line);
        uint64_t number;
        if (!slice_to_u64(slice_trim(line), 10, &number))
            continue;
        if (slice_is(key, "nr_periods"))
            usage->periods = number;
        else if (slice_is(key, "nr_throttled"))
            usage->throttled_periods = number;
        else if (slice_is(key, "throttled_time")) /* version 1 */
            usage->throttled_ns = number;
        else if (slice_is(key, "throttled_usec")) /* version 2 */
            usage->throttled_ns = number * NS_PER_US;
        else
            continue;
        usage->has_throttling = true;
    }
}

uint64_t cgroup_parse_bytes(struct slice text)
{
    uint64_t bytes;
    if (!slice_to_u64(slice_trim(text), 10, &bytes) || bytes >= BYTES_UNLIMITED)
        return 0;
    return bytes;
}

/* ---- reading ---- */

static bool read_in(const char *folder, const char *name, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "%s/%s", folder, name);
    strbuf_clear(out);
    return file_read(path.ptr, FILE_MAX, out, NULL);
}

static double read_quota(const char *folder, int version)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf both = STRBUF_INIT;
    if (version == 2)
        return read_in(folder, "cpu.max", &text) ? cgroup_parse_cpu_max(strbuf_slice(&text)) : 0;
    if (!read_in(folder, "cpu.cfs_quota_us", &text)) /* "-1": no limit */
        return 0;
    strbuf_addslice(&both, slice_trim(strbuf_slice(&text)));
    if (!read_in(folder, "cpu.cfs_period_us", &text))
        return 0;
    strbuf_addf(&both, " %s", text.ptr);
    return cgroup_parse_cpu_max(strbuf_slice(&both));
}

static uint64_t read_limit(const char *folder, int version)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    const char *name = version == 2 ? "memory.max" : "memory.limit_in_bytes";
    return read_in(folder, name, &text) ? cgroup_parse_bytes(strbuf_slice(&text)) : 0;
}

/* Leaves the last part of the path off. False: that would leave the mount. */
static bool go_up(struct strbuf *folder, size_t mount_len)
{
    if (folder->len <= mount_len)
        return false;
    const size_t slash = slice_rfind(strbuf_slice(folder), '/');
    if (slash < mount_len)
        return false;
    folder->len = slash;
    folder->ptr[slash] = '\0';
    return true;
}

static void find_cpu(struct cgroup *c, struct slice mounts)
{
    PROF_CLEANUP(strbuf_done) struct strbuf folder = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf mount = STRBUF_INIT;
    c->cpu.version = cgroup_locate(slice_of(c->membership), mounts, CGROUP_CPU, &folder, &mount);
    if (!c->cpu.version)
        return;
    c->cpu.path = xstrdup(folder.ptr);
    for (int i = 0; i < LEVELS_MAX; i++) {
        const double quota = read_quota(folder.ptr, c->cpu.version);
        if (quota > 0 && (c->quota_cpus <= 0 || quota < c->quota_cpus)) {
            c->quota_cpus = quota;
            free(c->cpu.path);
            c->cpu.path = xstrdup(folder.ptr);
        }
        if (!go_up(&folder, mount.len))
            break;
    }
}

static void find_memory(struct cgroup *c, struct slice mounts)
{
    PROF_CLEANUP(strbuf_done) struct strbuf folder = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf mount = STRBUF_INIT;
    c->memory.version =
        cgroup_locate(slice_of(c->membership), mounts, CGROUP_MEMORY, &folder, &mount);
    if (!c->memory.version)
        return;
    c->memory.path = xstrdup(folder.ptr);
    for (int i = 0; i < LEVELS_MAX; i++) {
        const uint64_t limit = read_limit(folder.ptr, c->memory.version);
        if (limit > 0 && (c->memory.limit_bytes == 0 || limit < c->memory.limit_bytes)) {
            c->memory.limit_bytes = limit;
            free(c->memory.path);
            c->memory.path = xstrdup(folder.ptr);
        }
        if (!go_up(&folder, mount.len))
            break;
    }
}

static int open_in(const char *folder, const char *name)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "%s/%s", folder, name);
    return open(path.ptr, O_RDONLY | O_CLOEXEC);
}

bool cgroup_open(struct cgroup *c, pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf membership = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf mounts = STRBUF_INIT;
    *c = (struct cgroup){ .cpu_stat_fd = -1, .memory_fd = -1 };
    if (!procfs_read(pid, "cgroup", FILE_MAX, &membership) ||
        !file_read("/proc/self/mountinfo", MOUNTS_MAX, &mounts, NULL))
        return false;
    c->membership = strbuf_take(&membership);
    find_cpu(c, strbuf_slice(&mounts));
    find_memory(c, strbuf_slice(&mounts));
    if (c->cpu.path)
        c->cpu_stat_fd = open_in(c->cpu.path, "cpu.stat");
    if (c->memory.path)
        c->memory_fd = open_in(
            c->memory.path, c->memory.version == 2 ? "memory.current" : "memory.usage_in_bytes");
    return c->cpu.path || c->memory.path;
}

bool cgroup_has_moved(const struct cgroup *c, pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    return procfs_read(pid, "cgroup", FILE_MAX, &text) && text.len > 0 &&
           (!c->membership || strcmp(text.ptr, c->membership) != 0);
}

void cgroup_read(const struct cgroup *c, struct cgroup_usage *ret_usage)
{
    char text[1024];
    *ret_usage = (struct cgroup_usage){ 0 };
    ssize_t got = c->cpu_stat_fd >= 0 ? pread(c->cpu_stat_fd, text, sizeof text, 0) : 0;
    if (got > 0)
        cgroup_parse_cpu_stat((struct slice){ text, (size_t)got }, ret_usage);
    got = c->memory_fd >= 0 ? pread(c->memory_fd, text, sizeof text, 0) : 0;
    ret_usage->has_memory = got > 0 && slice_to_u64(slice_trim((struct slice){ text, (size_t)got }),
                                           10, &ret_usage->memory_bytes);
}

void cgroup_done(struct cgroup *c)
{
    close_fd(&c->cpu_stat_fd);
    close_fd(&c->memory_fd);
    free(c->cpu.path);
    free(c->memory.path);
    free(c->membership);
    *c = (struct cgroup){ .cpu_stat_fd = -1, .memory_fd = -1 };
}
