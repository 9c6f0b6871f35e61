// SPDX-License-Identifier: MIT
#include "record/node_leftovers.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "record/procfs_read.h"

enum {
    FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
    ENTRIES_MAX = 100000,
    REMOVED_MAX = 16, /* at a time: each asks every process */
    NEW_S = 60,       /* made just now, perhaps not locked yet */
    ENVIRON_BYTES_MAX = 1 << 20,
    SUFFIX_LEN = 6, /* mkdtemp(3) */
};

bool node_leftovers_lock(int folder_fd)
{
    return flock(folder_fd, LOCK_EX | LOCK_NB) == 0;
}

static bool has_our_name(struct slice name)
{
    static const char head[] = "prof-";
    return slice_starts(name, head) && name.len == sizeof head - 1 + SUFFIX_LEN;
}

/* Ours, not new, not locked, and made by a node channel. */
static bool is_left(int fd)
{
    struct stat folder, data;
    return fstat(fd, &folder) == 0 && folder.st_uid == geteuid() &&
           folder.st_mtime < time(NULL) - NEW_S &&
           fstatat(fd, NODE_CHANNEL_DATA, &data, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(data.st_mode) && data.st_uid == folder.st_uid && node_leftovers_lock(fd);
}

/* Some process may yet start Node.js with the script. One that cannot be read is not of this user.
 */
static bool is_needed(const char *path)
{
    DIR *proc = opendir("/proc");
    bool needed = !proc;
    const struct dirent *entry;
    while (!needed && (entry = readdir(proc))) {
        const int pid = atoi(entry->d_name);
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        if (pid > 0 && procfs_read(pid, "environ", ENVIRON_BYTES_MAX, &text))
            needed = memmem(text.ptr, text.len, path, strlen(path)) != NULL;
    }
    if (proc)
        closedir(proc);
    return needed;
}

static void remove_entries(int data_fd)
{
    DIR *dir = data_fd >= 0 ? fdopendir(data_fd) : NULL;
    const struct dirent *entry;
    for (int i = 0; dir && i < ENTRIES_MAX && (entry = readdir(dir)); i++)
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(dir), entry->d_name, 0);
    if (dir)
        closedir(dir);
}

static bool remove_one(const char *path)
{
    PROF_CLEANUP(close_fd) int fd = open(path, FOLDER_FLAGS);
    if (fd < 0 || !is_left(fd) || is_needed(path))
        return false;
    remove_entries(openat(fd, NODE_CHANNEL_DATA, FOLDER_FLAGS));
    unlinkat(fd, NODE_CHANNEL_DATA, AT_REMOVEDIR);
    unlinkat(fd, NODE_CHANNEL_SCRIPT, 0);
    return rmdir(path) == 0;
}

void node_leftovers_remove(const char *place)
{
    DIR *dir = opendir(place);
    const struct dirent *entry;
    int removed = 0;
    for (int i = 0; dir && i < ENTRIES_MAX && removed < REMOVED_MAX && (entry = readdir(dir));
         i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
        if (!has_our_name(slice_of(entry->d_name)))
            continue;
        strbuf_addf(&path, "%s/%s", place, entry->d_name);
        removed += remove_one(path.ptr);
    }
    if (dir)
        closedir(dir);
}
