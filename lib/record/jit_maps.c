// SPDX-License-Identifier: MIT
#include "record/jit_maps.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "record/module_open.h"
#include "record/procfs_read.h"

enum {
    JIT_MAPS_MAX = 1024, /* descriptors are kept until names are resolved */
    MAP_FLAGS = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
};

static uid_t owner_of(pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    struct stat st;
    strbuf_addf(&path, "/proc/%d", (int)pid);
    return stat(path.ptr, &st) == 0 ? st.st_uid : (uid_t)-1;
}

static bool is_safe(const struct stat *st, uid_t uid)
{
    return S_ISREG(st->st_mode) && (st->st_uid == uid || st->st_uid == 0);
}

static void map_path(struct strbuf *out, pid_t pid)
{
    strbuf_addf(out, "/tmp/perf-%d.map", (int)pid);
}

static void try_open(struct jit_map *m)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    map_path(&path, m->inner_pid);
    PROF_CLEANUP(close_fd) int fd = open_in_root(m->pid, path.ptr, MAP_FLAGS);
    if (fd < 0 && m->pid == m->inner_pid)
        fd = open(path.ptr, MAP_FLAGS); /* the process has ended */
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && is_safe(&st, m->uid))
        m->fd = take_fd(&fd);
}

void jit_maps_started(struct jit_maps *maps, pid_t pid)
{
    if (maps->ours)
        v8_logs_seen(&maps->v8_logs, pid);
}

void jit_maps_add(struct jit_maps *maps, pid_t pid, struct module_id module)
{
    if (maps->list.len >= JIT_MAPS_MAX)
        return;
    struct jit_map m = {
        .pid = pid,
        .inner_pid = procfs_inner_pid(pid),
        .module = module,
        .fd = -1,
        .uid = owner_of(pid),
    };
    try_open(&m);
    vec_push(&maps->list, m);
}

void jit_maps_retry(struct jit_maps *maps)
{
    for (size_t i = 0; i < maps->list.len; i++)
        if (maps->list.ptr[i].fd < 0)
            try_open(&maps->list.ptr[i]);
}

/* Only what was written since we began, by the way we asked for. */
static void remove_ours(const struct jit_maps *maps, pid_t pid, uid_t uid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    struct stat st;
    map_path(&path, pid);
    if (lstat(path.ptr, &st) != 0 || !S_ISREG(st.st_mode))
        return;
    const bool its_own = uid == (uid_t)-1 || is_safe(&st, uid);
    if (its_own && st.st_mtime >= maps->since_s)
        unlink(path.ptr);
}

void jit_maps_end(struct jit_maps *maps, pid_t pid)
{
    uid_t uid = owner_of(pid);
    for (size_t i = 0; i < maps->list.len; i++) {
        struct jit_map *m = &maps->list.ptr[i];
        if (m->pid != pid)
            continue;
        uid = m->uid;
        if (m->fd < 0)
            try_open(m);
    }
    if (!maps->ours)
        return;
    remove_ours(maps, pid, uid);
    v8_logs_ended(&maps->v8_logs, pid);
}

void jit_maps_add_sources(const struct jit_maps *maps, struct symbol_source_list *out)
{
    for (size_t i = 0; i < maps->list.len; i++) {
        const struct jit_map *m = &maps->list.ptr[i];
        const struct symbol_source source = {
            .module = m->module, .fd = m->fd, .owner_uid = (int32_t)m->uid
        };
        if (m->fd >= 0)
            vec_push(out, source);
    }
}

uint32_t jit_maps_missing(const struct jit_maps *maps)
{
    uint32_t missing = 0;
    for (size_t i = 0; i < maps->list.len; i++)
        missing += maps->list.ptr[i].fd < 0;
    return missing;
}

void jit_maps_done(struct jit_maps *maps)
{
    for (size_t i = 0; i < maps->list.len; i++)
        close_fd(&maps->list.ptr[i].fd);
    vec_done(&maps->list);
    v8_logs_remove(&maps->v8_logs, maps->since_s);
    v8_logs_done(&maps->v8_logs);
}
