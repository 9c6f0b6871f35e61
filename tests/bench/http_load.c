// SPDX-License-Identifier: MIT
/*
 * http_load PORT PATH REQUESTS [CONNECTIONS]: a fixed number of requests over kept connections, one
 * under way on each. Only 127.0.0.1. The answers must have the length of the first one.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256 };

static int open_connection(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("http_load");
        exit(1);
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Reads one answer by its Content-Length; returns its whole size. */
static size_t read_answer(int fd)
{
    char bytes[65536];
    size_t have = 0, wanted = 0;

    while (wanted == 0 || have < wanted) {
        ssize_t got = recv(fd, bytes + have, sizeof bytes - 1 - have, 0);
        if (got <= 0) {
            fprintf(stderr, "http_load: the server closed the connection\n");
            exit(1);
        }
        have += (size_t)got;
        bytes[have] = '\0';
        const char *end = strstr(bytes, "\r\n\r\n"), *length = strstr(bytes, "Content-Length: ");
        if (end != NULL && length != NULL)
            wanted = (size_t)(end + 4 - bytes) + (size_t)atoi(length + 16);
    }
    return have;
}

int main(int argc, char **argv)
{
    int port = argc > 3 ? atoi(argv[1]) : 0, connections = argc > 4 ? atoi(argv[4]) : 10;
    long requests = argc > 3 ? atol(argv[3]) : 0;
    int fds[CONNECTIONS_MAX];
    char request[512];

    if (port <= 0 || requests <= 0 || connections < 1 || connections > CONNECTIONS_MAX) {
        fprintf(stderr, "usage: http_load PORT PATH REQUESTS [CONNECTIONS]\n");
        return 2;
    }
    int len = snprintf(request, sizeof request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: keep-alive\r\n\r\n", argv[2]);
    for (int i = 0; i < connections; i++)
        fds[i] = open_connection(port);
    for (long done = 0; done < requests; done += connections) {
        for (int i = 0; i < connections; i++) {
            if (send(fds[i], request, (size_t)len, MSG_NOSIGNAL) != len)
                return 1;
        }
        for (int i = 0; i < connections; i++)
            read_answer(fds[i]);
    }
    return 0;
}
