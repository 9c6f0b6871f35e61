// SPDX-License-Identifier: MIT
/*
 * The part of HTTP that the C servers of the truth suite need: a listening socket, one request read
 * whole, one answer written whole, and a loop over epoll that calls a handler for each request.
 */
#ifndef PROF_TESTS_TRUTH_DOCTOR_HTTP_H
#define PROF_TESTS_TRUTH_DOCTOR_HTTP_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static inline int http_listen(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 512) != 0) {
        perror("listen");
        exit(1);
    }
    getsockname(fd, (struct sockaddr *)&address, &len);
    fprintf(stderr, "listening on %d\n", ntohs(address.sin_port));
    return fd;
}

static inline int http_accept(int listener)
{
    int one = 1, fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static inline int http_connect(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Waits for one request without a body; false: the client has gone. */
static inline bool http_read(int fd)
{
    char bytes[4096];
    size_t have = 0;

    while (have < sizeof bytes - 1) {
        ssize_t got = recv(fd, bytes + have, sizeof bytes - 1 - have, 0);
        if (got <= 0)
            return false;
        have += (size_t)got;
        bytes[have] = '\0';
        if (strstr(bytes, "\r\n\r\n") != NULL)
            return true;
    }
    return false;
}

static inline bool http_write_all(int fd, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent < 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

static inline bool http_answer(int fd, const char *body, size_t len)
{
    char head[128];
    int n = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", len);

    return http_write_all(fd, head, (size_t)n) && http_write_all(fd, body, len);
}

/* Serves for ever on one thread; handle() answers one request on fd. */
static inline void http_serve_epoll(int listener, void (*handle)(int fd))
{
    int poll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = listener }, ready[64];

    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = epoll_wait(poll_fd, ready, 64, -1);
        for (int i = 0; i < n; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) {
                event = (struct epoll_event){ .events = EPOLLIN, .data.fd = http_accept(listener) };
                epoll_ctl(poll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
            } else if (http_read(fd)) {
                handle(fd);
            } else {
                close(fd);
            }
        }
    }
}

#endif
