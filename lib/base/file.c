// SPDX-License-Identifier: MIT
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

#define TEMP_SUFFIX ".XXXXXX"

enum { READ_STEP_BYTES = 64 * 1024, OWN_PATH_BYTES = 32, NAME_ATTEMPTS = 100 };

void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

int take_fd(int *fd)
{
    int taken = *fd;
    *fd = -1;
    return taken;
}

bool file_read(const char *path, size_t limit_bytes, struct strbuf *out, struct err *e)
{
    PROF_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return err_sys(e, errno, "cannot open '%s'", path);
    return file_read_fd(fd, path, limit_bytes, out, e);
}

bool file_read_fd(int fd, const char *name, size_t limit_bytes, struct strbuf *out, struct err *e)
{
    size_t start = out->len;
    struct stat st;
    bool sized = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
    if (sized && (uint64_t)st.st_size <= limit_bytes)
        strbuf_reserve(out, (size_t)st.st_size + 1);
    for (;;) {
        size_t room = out->cap > out->len + 1 ? out->cap - out->len - 1 : 0;
        if (room == 0)
            room = READ_STEP_BYTES;
        ssize_t got = read(fd, strbuf_reserve(out, room), room);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_sys(e, errno, "cannot read '%s'", name);
        if (got == 0)
            return true;
        out->len += (size_t)got;
        out->ptr[out->len] = '\0';
        if (out->len - start > limit_bytes)
            return err_set(e, ERR_LIMIT, "'%s' is larger than %zu bytes", name, limit_bytes);
    }
}

bool file_write_all(int fd, const void *ptr, size_t len, struct err *e)
{
    const char *at = ptr;
    while (len) {
        ssize_t done = write(fd, at, len);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return err_sys(e, errno, "cannot write");
        at += done;
        len -= (size_t)done;
    }
    return true;
}

bool file_map_fd(int fd, const char *name, struct file_map *ret_map, struct err *e)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return err_sys(e, errno, "cannot stat '%s'", name);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_FORMAT, "'%s' is not a regular file", name);
    if (st.st_size == 0)
        return err_set(e, ERR_FORMAT, "'%s' is empty", name);
    void *ptr = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (ptr == MAP_FAILED)
        return err_sys(e, errno, "cannot map '%s'", name);
    *ret_map = (struct file_map){ .ptr = ptr, .len = (size_t)st.st_size };
    return true;
}

void file_map_done(struct file_map *m)
{
    if (m->ptr) {
        void *ptr;
        memcpy(&ptr, &m->ptr, sizeof ptr);
        munmap(ptr, m->len);
    }
    *m = (struct file_map){ 0 };
}

static const char *own_path(int fd, char text[static OWN_PATH_BYTES])
{
    snprintf(text, OWN_PATH_BYTES, "/proc/self/fd/%d", fd);
    return text;
}

/* A pipe, a device or a terminal cannot be renamed over: it is written directly. */
static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode);
}

static bool open_directly(struct file_out *f, const char *path, struct err *e)
{
    if (strcmp(path, "-") == 0)
        f->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    else
        f->fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (f->fd < 0)
        return err_sys(e, errno, "cannot write to '%s'", path);
    f->path = xstrdup(path);
    return true;
}

/*
 * A file without a name where the file system has such (open(2), O_TMPFILE), and where it can be
 * given one later: through /proc, by a name that is not too long. Else one that is there to see.
 */
static int open_aside(struct file_out *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    PROF_CLEANUP(strbuf_done) struct strbuf folder = STRBUF_INIT;
    strbuf_addslice(
        &folder, slash ? (struct slice){ path, (size_t)(slash - path) + 1 } : slice_of("."));
    if (strlen(slash ? slash + 1 : path) + strlen(TEMP_SUFFIX) <= NAME_MAX) {
        PROF_CLEANUP(close_fd) int fd = open(folder.ptr, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
        char own[OWN_PATH_BYTES];
        f->nameless = fd >= 0 && access(own_path(fd, own), F_OK) == 0;
        if (f->nameless)
            return take_fd(&fd);
    }
    return mkostemp(f->temp_path, O_CLOEXEC); /* O_EXCL, mode 0600 */
}

/* Gives the file a name that nobody has, from the pattern in temp_path. */
static bool name_it(struct file_out *f)
{
    char own[OWN_PATH_BYTES];
    char *const suffix = f->temp_path + strlen(f->temp_path) - strlen(TEMP_SUFFIX) + 1;
    for (int i = 0; i < NAME_ATTEMPTS; i++) {
        uint32_t number;
        if (getrandom(&number, sizeof number, 0) != sizeof number)
            return false;
        for (char *at = suffix; *at; at++, number /= 26)
            *at = (char)('a' + number % 26);
        if (linkat(AT_FDCWD, own_path(f->fd, own), AT_FDCWD, f->temp_path, AT_SYMLINK_FOLLOW) ==
            0) {
            f->nameless = false;
            return true;
        }
        if (errno != EEXIST)
            return false;
    }
    return false;
}

bool file_out_open(struct file_out *f, const char *path, struct err *e)
{
    *f = (struct file_out){ .fd = -1 };
    if (path[0] == '\0')
        return err_set(e, ERR_USAGE, "the output's name is empty");
    if (strcmp(path, "-") == 0 || is_special(path))
        return open_directly(f, path, e);
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return err_set(e, ERR_USAGE, "cannot write '%s': it is a folder", path);
    struct strbuf temp = STRBUF_INIT;
    strbuf_addf(&temp, "%s" TEMP_SUFFIX, path);
    f->temp_path = strbuf_take(&temp);
    f->fd = open_aside(f, path);
    if (f->fd < 0) {
        int errnum = errno;
        file_out_done(f);
        err_sys(e, errnum, "cannot write '%s'", path);
        return err_hint(e, "choose a folder that exists and that you may write to: -o DIR/NAME");
    }
    f->path = xstrdup(path);
    return true;
}

bool file_out_commit(struct file_out *f, struct err *e)
{
    if (f->nameless && !name_it(f))
        return err_sys(e, errno, "cannot name '%s'", f->path);
    if (close(take_fd(&f->fd)) != 0)
        return err_sys(e, errno, "cannot finish writing '%s'", f->path);
    if (!f->temp_path)
        return true;
    if (rename(f->temp_path, f->path) != 0)
        return err_sys(e, errno, "cannot rename '%s' to '%s'", f->temp_path, f->path);
    free(f->temp_path);
    f->temp_path = NULL;
    return true;
}

void file_out_done(struct file_out *f)
{
    int errnum = errno;
    if (f->fd >= 0 && f->path == NULL && f->temp_path == NULL)
        f->fd = -1;
    close_fd(&f->fd);
    if (f->temp_path && !f->nameless)
        unlink(f->temp_path);
    free(f->temp_path);
    free(f->path);
    *f = (struct file_out){ .fd = -1 };
    errno = errnum;
}
