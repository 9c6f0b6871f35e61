// SPDX-License-Identifier: MIT
/*
 * TCP sockets of a network namespace with their queues, from the kernel's sock_diag(7). One dump
 * costs what the number of sockets in the wanted states costs, however many others there are: that
 * of listening ones is next to free, where /proc/net/tcp walks every bucket. Needs no rights.
 */
#ifndef PROF_RECORD_SOCKETS_H
#define PROF_RECORD_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Bits of states: 1u << TCP_LISTEN and so on (netinet/tcp.h). */
struct socket_row {
    uint64_t inode; /* as in /proc/PID/fd: "socket:[INODE]" */
    uint16_t port;  /* local */
    uint8_t state;
    uint32_t receive_queue; /* bytes; of a listener: connections that wait to be accepted */
    uint32_t send_queue;    /* bytes not acknowledged yet; of a listener: how many may wait */
};

/* A descriptor to ask in the namespace of a process; -1: not to be had. Another namespace than
 * prof's own needs the right to enter it. */
int sockets_open(pid_t pid);

/* Calls seen() for each socket in one of the states. False: the kernel does not answer. */
bool sockets_dump(
    int fd, uint32_t states, void (*seen)(void *ctx, const struct socket_row *row), void *ctx);

/* One answer of the kernel, as it comes from the socket. Returns false when there is no more to
 * come; a wrong message ends it too. Pure. */
bool sockets_parse(const void *bytes, size_t len,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx, bool *ret_ok);

#endif
