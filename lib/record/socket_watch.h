// SPDX-License-Identifier: MIT
/*
 * The TCP sockets of the processes under observation, over time: who listens where, how many
 * connections wait to be accepted, what is not sent yet, what the peer has closed and the target
 * has not, who is asked how often (socket_peers.h). Sockets are matched by the inodes of the
 * processes' descriptors.
 */
#ifndef PROF_RECORD_SOCKET_WATCH_H
#define PROF_RECORD_SOCKET_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "record/process_watch.h"
#include "record/socket_peers.h"

/* What the sockets of one process add up to. */
struct socket_sums {
    uint64_t backlog, send_queue, close_wait;
    bool listens, connected;
};

struct owned_socket {
    uint64_t inode;
    uint32_t process; /* index of the watch */
};

struct socket_watch {
    int fd; /* -1: cannot be asked */
    bool tried;
    uint64_t began_ns, next_listeners_ns, next_connections_ns;
    VEC(struct owned_socket) owned; /* by inode; made for each look */
    VEC(struct socket_sums) sums;
    VEC(uint16_t) listening; /* ports of this network, whoever listens */
    struct socket_peers *peers;
    uint64_t next_closed_ns, next_probe_ns;
    size_t next_probed; /* whose turn it is */
    struct process_watch *const *watches;
};

/* launched: as socket_peers_new() has it. */
void socket_watch_init(struct socket_watch *s, bool launched);
void socket_watch_done(struct socket_watch *s);

/* Looks when it is time and some watch has sockets. */
void socket_watch_beat(
    struct socket_watch *s, struct process_watch *const *watches, size_t count, uint64_t now_ns);

/* Between looks, often: connections that live for a moment. */
void socket_watch_probe(
    struct socket_watch *s, struct process_watch *const *watches, size_t count, uint64_t now_ns);

/* The recording ends: what was counted goes to the profile. */
void socket_watch_end(struct socket_watch *s, struct profile *p, uint64_t now_ns);

#endif
