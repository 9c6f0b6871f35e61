// SPDX-License-Identifier: MIT
/*
 * load PORT [SECONDS]: asks the bundled server for one user after the other, for a few seconds.
 * Status 1 when the server does not answer.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int ask(int port, int user)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    char bytes[4096];
    ssize_t got, all = 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return 0;
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0) {
        int len =
            snprintf(bytes, sizeof bytes, "GET /user/%d HTTP/1.1\r\nHost: demo\r\n\r\n", user);
        if (send(fd, bytes, (size_t)len, MSG_NOSIGNAL) == len) {
            while ((got = recv(fd, bytes, sizeof bytes, 0)) > 0)
                all += got;
        }
    }
    close(fd);
    return all > 0;
}

int main(int argc, char **argv)
{
    int port = argc > 1 ? atoi(argv[1]) : 0, answers = 0;
    time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 4);

    if (port <= 0 || port > 65535) {
        fprintf(stderr, "usage: load PORT [SECONDS]\n");
        return 2;
    }
    while (time(NULL) < end) {
        if (!ask(port, answers * 37 % 4000)) {
            fprintf(stderr, "load: no answer on port %d after %d answers\n", port, answers);
            return 1;
        }
        answers++;
    }
    printf("load: %d answers\n", answers);
    return 0;
}
