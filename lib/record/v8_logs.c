// SPDX-License-Identifier: MIT
#include "record/v8_logs.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"

enum {
    FOLDERS_MAX = 64,
    ENDED_MAX = 65536,
    ENTRIES_MAX = 100000, /* a folder is not searched further than this */
    FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC,
};

pid_t v8_log_pid(struct slice name)
{
    static const char head[] = "isolate-0x", tail[] = "-v8.log";
    if (!slice_starts(name, head) || !slice_ends(name, tail))
        return 0;
    struct slice rest = slice_skip(name, sizeof head - 1);
    rest.len -= rest.len < sizeof tail - 1 ? rest.len : sizeof tail - 1;
    struct slice address;
    uint64_t number;
    if (!slice_split(&rest, '-', &address) || !slice_to_u64(address, 16, &number) ||
        !slice_to_u64(rest, 10, &number) || number > INT_MAX)
        return 0;
    return (pid_t)number;
}

static bool have_folder(const struct v8_logs *logs, const struct stat *st)
{
    for (size_t i = 0; i < logs->folders.len; i++) {
        struct stat have;
        if (fstat(logs->folders.ptr[i], &have) == 0 && have.st_dev == st->st_dev &&
            have.st_ino == st->st_ino)
            return true;
    }
    return false;
}

void v8_logs_look_in(struct v8_logs *logs, const char *folder)
{
    if (logs->folders.len >= FOLDERS_MAX)
        return;
    PROF_CLEANUP(close_fd) int fd = open(folder, FOLDER_FLAGS);
    struct stat st;
    if (fd >= 0 && fstat(fd, &st) == 0 && !have_folder(logs, &st))
        vec_push(&logs->folders, take_fd(&fd));
}

void v8_logs_seen(struct v8_logs *logs, pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/cwd", (int)pid);
    v8_logs_look_in(logs, path.ptr);
}

void v8_logs_ended(struct v8_logs *logs, pid_t pid)
{
    if (logs->ended.len < ENDED_MAX)
        vec_push(&logs->ended, pid);
}

static bool has_ended(const struct v8_logs *logs, pid_t pid)
{
    for (size_t i = 0; i < logs->ended.len; i++)
        if (logs->ended.ptr[i] == pid)
            return true;
    return false;
}

static void remove_from(const struct v8_logs *logs, const char *folder, int64_t since_s)
{
    DIR *dir = opendir(folder);
    if (!dir)
        return;
    const struct dirent *entry;
    for (int i = 0; i < ENTRIES_MAX && (entry = readdir(dir)) != NULL; i++) {
        const pid_t pid = v8_log_pid(slice_of(entry->d_name));
        struct stat st;
        if (pid && has_ended(logs, pid) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(st.st_mode) && st.st_mtime >= since_s)
            unlinkat(dirfd(dir), entry->d_name, 0);
    }
    closedir(dir);
}

void v8_logs_remove(const struct v8_logs *logs, int64_t since_s)
{
    if (logs->folders.len > 0)
        remove_from(logs, ".", since_s);
    for (size_t i = 0; i < logs->folders.len; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
        strbuf_addf(&path, "/proc/self/fd/%d", logs->folders.ptr[i]);
        remove_from(logs, path.ptr, since_s);
    }
}

void v8_logs_done(struct v8_logs *logs)
{
    for (size_t i = 0; i < logs->folders.len; i++)
        close_fd(&logs->folders.ptr[i]);
    vec_done(&logs->folders);
    vec_done(&logs->ended);
}
