// SPDX-License-Identifier: MIT
/*
 * What a socket of another process is: the peer it talks to, and which side has called the other.
 * Asked once for each socket, of the socket itself (pidfd_getfd(2), 5.6); where that is refused, of
 * the kernel's list of all sockets (sock_diag(7)), which is read once a second at most. /proc/net
 * takes ten milliseconds a read on a busy machine and is used for other network namespaces only.
 */
#ifndef PROF_RECORD_SOCKET_NAMES_H
#define PROF_RECORD_SOCKET_NAMES_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/strbuf.h"
#include "profile/wait.h"

struct socket_names;

struct socket_names *socket_names_new(void);
void socket_names_free(struct socket_names *s);

/* Of the process's descriptor fd, whose link says "socket:[inode]". The name is appended:
 * "10.0.0.7:5432" of a peer, ":8080" of a listening socket and of what it has accepted, a path.
 * False: it could not be found out, at least not now. */
bool socket_names_find(struct socket_names *s, pid_t pid, int fd, uint64_t inode, uint64_t now_ns,
    enum wait_kind *ret_kind, struct strbuf *out);

/* Address as people write it, "10.0.0.7:5432", "[::1]:80", "/run/x.sock", "@abstract". False: of no
 * known family, or the length contradicts it. */
bool socket_name_of(const struct sockaddr_storage *address, socklen_t len, struct strbuf *out);

/* The port of an internet address; 0: none. */
uint16_t socket_port_of(const struct sockaddr_storage *address);

#endif
