// SPDX-License-Identifier: MIT
/*
 * The open descriptors of one process by what they are. What a number stands for is remembered from
 * the last look; new numbers are looked up, and of the others a part in turn, because a number may
 * have been closed and given to something else.
 */
#ifndef PROF_RECORD_FD_TABLE_H
#define PROF_RECORD_FD_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/vec.h"

enum fd_kind { FD_FILE, FD_SOCKET, FD_PIPE, FD_OTHER, FD_KINDS };

struct fd_entry {
    uint32_t number;
    enum fd_kind kind;
    uint64_t inode; /* sockets */
};

struct fd_table {
    VEC(struct fd_entry) entries; /* by rising number */
    uint64_t counts[FD_KINDS];
    uint32_t next_old; /* where the turn of known numbers goes on */
};

/* Looks at /proc/PID/fd. False: it may not be read. */
bool fd_table_read(struct fd_table *t, pid_t pid);
void fd_table_done(struct fd_table *t);

/* How many descriptors are open, without looking at them; 0: this kernel does not tell. */
uint64_t fd_count(pid_t pid);

/* Target of a link in /proc/PID/fd: "socket:[123]", "pipe:[5]", "/var/log/x", "anon_inode:[...]".
 */
enum fd_kind fd_kind_of(struct slice link, uint64_t *ret_inode);

#endif
