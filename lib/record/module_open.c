// SPDX-License-Identifier: MIT
#include "record/module_open.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "record/fault_guard.h"

enum { OPEN_FLAGS = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY };

int open_in_root(pid_t pid, const char *path, int flags)
{
    PROF_CLEANUP(strbuf_done) struct strbuf root_path = STRBUF_INIT;
    strbuf_addf(&root_path, "/proc/%d/root", (int)pid);
    PROF_CLEANUP(close_fd) int root = open(root_path.ptr, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -1;
    /* Absolute links inside the target's root must not lead into ours: openat2 (kernel 5.6). */
    const struct open_how how = { .flags = (uint64_t)flags,
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
    return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static int open_map_file(pid_t pid, const struct perf_map *map)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, (int)pid, map->start,
        map->start + map->len);
    return open(path.ptr, OPEN_FLAGS);
}

static int open_executable(pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/exe", (int)pid);
    return open(path.ptr, OPEN_FLAGS);
}

/* Is this the file that was mapped? Device numbers differ on overlayfs and btrfs, so they are not
 * compared; without a build id the inode decides. */
static bool is_mapped_file(const struct perf_map *map, const struct stat *st, const struct elf *elf)
{
    if (map->build_id.len > 0)
        return slice_equal(map->build_id, elf_build_id(elf));
    return map->inode == 0 || map->inode == st->st_ino;
}

static bool read_elf(int fd, const struct perf_map *map, bool trusted, struct file_map *ret_bytes,
    struct elf **ret_elf)
{
    struct stat st;
    struct file_map bytes = { 0 };
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || !file_map_fd(fd, "module", &bytes, NULL))
        return false;
    fault_guard_add(bytes.ptr, bytes.len);
    struct elf *elf = elf_new(bytes.ptr, bytes.len, NULL);
    if (!elf || (!trusted && !is_mapped_file(map, &st, elf))) {
        elf_free(elf);
        fault_guard_remove(bytes.ptr);
        file_map_done(&bytes);
        return false;
    }
    *ret_bytes = bytes;
    *ret_elf = elf;
    return true;
}

/* The ways to the file, surest first. */
enum way {
    WAY_PATH_IN_ROOT,
    WAY_MAP_FILE, /* root only; exact even when the file is deleted */
    WAY_EXECUTABLE,
    WAY_PATH_HERE, /* the process has ended */
    WAYS,
};

static int open_way(enum way way, pid_t pid, const struct perf_map *map, const char *path)
{
    switch (way) {
    case WAY_PATH_IN_ROOT:
        return open_in_root(pid, path, OPEN_FLAGS);
    case WAY_MAP_FILE:
        return open_map_file(pid, map);
    case WAY_EXECUTABLE:
        return open_executable(pid);
    case WAY_PATH_HERE:
        return open(path, OPEN_FLAGS);
    case WAYS:
        break;
    }
    return -1;
}

int module_open(pid_t pid, const struct perf_map *map, struct file_map *ret_bytes,
    struct elf **ret_elf, bool *ret_deleted)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addslice(&path, map->path);
    const bool deleted = slice_ends(map->path, MODULE_DELETED_SUFFIX);
    for (enum way way = deleted ? WAY_MAP_FILE : WAY_PATH_IN_ROOT; way < WAYS; way++) {
        PROF_CLEANUP(close_fd) int fd = open_way(way, pid, map, path.ptr);
        if (fd >= 0 && read_elf(fd, map, way == WAY_MAP_FILE, ret_bytes, ret_elf)) {
            *ret_deleted = way == WAY_MAP_FILE || way == WAY_EXECUTABLE;
            return take_fd(&fd);
        }
    }
    *ret_deleted = true;
    return -1;
}
