// SPDX-License-Identifier: MIT
/*
 * TCP sockets of a network namespace with their queues and what they have moved, from the kernel's
 * sock_diag(7). One dump costs what the number of sockets in the wanted states costs, however many
 * others there are: that of listening ones is next to free, where /proc/net/tcp walks every bucket.
 * Needs no rights.
 */
#ifndef PROF_RECORD_SOCKETS_H
#define PROF_RECORD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strbuf.h"

/* One end of a connection. An IPv4 address within IPv6 is an IPv4 address. */
struct socket_end {
    uint8_t family; /* AF_INET, AF_INET6; 0: none */
    uint16_t port;
    uint8_t address[16]; /* as on the wire; of AF_INET the first 4 */
};

/* What the kernel has counted on one connection: struct tcp_info, linux/tcp.h. */
struct socket_talk {
    uint32_t segments_out, segments_in; /* with data: what was asked, what was answered */
    uint64_t bytes_in;
    uint64_t busy_us; /* something was sent that the other side had not yet acknowledged */
    uint32_t sent_ms_ago, received_ms_ago; /* data, the last time */
};

/* Bits of states: 1u << TCP_LISTEN and so on (netinet/tcp.h). */
struct socket_row {
    uint64_t inode; /* as in /proc/PID/fd: "socket:[INODE]" */
    uint16_t port;  /* local */
    uint8_t state;
    uint32_t receive_queue; /* bytes; of a listener: connections that wait to be accepted */
    uint32_t send_queue;    /* bytes not acknowledged yet; of a listener: how many may wait */
    struct socket_end local, peer;
    uint32_t timer_ms; /* of TIME_WAIT: until it is forgotten */
    bool has_talk;
    struct socket_talk talk;
};

bool socket_end_equal(const struct socket_end *a, const struct socket_end *b);

/* "10.0.0.7:5432" */
void socket_end_name(const struct socket_end *end, struct strbuf *out);

/* A descriptor to ask in the namespace of a process; -1: not to be had. Another namespace than
 * prof's own needs the right to enter it. */
int sockets_open(pid_t pid);

/* Calls seen() for each socket in one of the states, with what it has moved if `talk` is set.
 * False: the kernel does not answer. */
bool sockets_dump(int fd, uint32_t states, bool talk,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx);

/* The same of one descriptor of a process, asked of the socket itself: it may be gone before a dump
 * is through. A socket that is no TCP connection is none, and so is one that may not be asked. */
bool sockets_ask(pid_t pid, int fd, struct socket_row *ret_row);

/* One answer of the kernel, as it comes from the socket. Returns false when there is no more to
 * come; a wrong message ends it too. Pure. */
bool sockets_parse(const void *bytes, size_t len,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx, bool *ret_ok);

#endif
