// SPDX-License-Identifier: MIT
/* Which TCP port does a process listen on? From /proc/PID/net/tcp, tcp6 and its open files. */
#ifndef PROF_RECORD_PORT_H
#define PROF_RECORD_PORT_H

#include <stdint.h>

#include "base/slice.h"
#include "record/procfs_read.h"

struct listening {
    uint64_t inode;
    uint16_t port;
};

struct listening_list {
    struct listening *ptr;
    size_t len, cap;
};

/* Sockets in state LISTEN of a /proc/net/tcp text; other lines are passed over. */
void port_parse(struct slice text, struct listening_list *out);

/* The first port that any of these processes listens on; 0: none yet. */
uint16_t port_find(const struct pid_list *pids);

#endif
