// SPDX-License-Identifier: MIT
/*
 * Files: whole reads with a limit, and output that appears complete or not at all. Any thread, one
 * object per thread.
 */
#ifndef PROF_BASE_FILE_H
#define PROF_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/err.h"
#include "base/strbuf.h"

/* For PROF_CLEANUP(close_fd) on an int; -1 is ignored. */
void close_fd(int *fd);

/* Returns *fd and sets it to -1: ownership moves on. */
int take_fd(int *fd);

/* Appends the file's bytes to out. More than limit_bytes is ERR_LIMIT. Works on /proc files. */
bool file_read(const char *path, size_t limit_bytes, struct strbuf *out, struct err *e);
bool file_read_fd(int fd, const char *name, size_t limit_bytes, struct strbuf *out, struct err *e);

/* Writes all bytes; EINTR and short writes are handled. */
bool file_write_all(int fd, const void *ptr, size_t len, struct err *e);

/* A read-only mapping of a regular file. */
struct file_map {
    const uint8_t *ptr;
    size_t len;
};

bool file_map_fd(int fd, const char *name, struct file_map *ret_map, struct err *e);
void file_map_done(struct file_map *m);

/*
 * Output written aside and renamed: mode 0600, in the destination's folder, never following a link.
 * Path "-" is standard output. file_out_open() already fails when the folder is missing or not
 * writable, so call it before the work that would be lost.
 */
struct file_out {
    int fd;
    char *path;
    char *temp_path; /* NULL when path is a pipe, a device or "-" */
    bool nameless;   /* temp_path is still a pattern: a process that dies leaves nothing behind */
};

bool file_out_open(struct file_out *f, const char *path, struct err *e);
bool file_out_commit(struct file_out *f, struct err *e); /* fsync-free; renames over path */
void file_out_done(struct file_out *f);                  /* removes what was not committed */

#endif
