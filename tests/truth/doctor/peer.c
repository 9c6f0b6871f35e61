// SPDX-License-Identifier: MIT
/*
 * peer KIND PORT DELAY_MS: what a program under test talks to, outside of what is
 * profiled. Every answer takes DELAY_MS without using the CPU.
 *     http   any request is answered by a small JSON document, over kept connections
 *     lines  a database of a sort: each line "GET a,b,c" is answered by one line of rows
 *     dns    any A question over UDP is answered by 127.0.0.1
 * One thread for each connection: the peer is slow, never saturated. Ends with its parent.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long delay_ms;

static void think(void)
{
    struct timespec t = { delay_ms / 1000, delay_ms % 1000 * 1000000 };

    nanosleep(&t, NULL);
}

static void answer_http(FILE *in, FILE *out)
{
    char line[4096];

    while (fgets(line, sizeof line, in) != NULL) {
        if (strcmp(line, "\r\n") != 0)
            continue;
        think();
        fputs("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 27\r\n\r\n"
              "{\"price\": 1290, \"stock\": 3}",
            out);
        if (fflush(out) != 0)
            return;
    }
}

static void answer_lines(FILE *in, FILE *out)
{
    char line[8192];

    while (fgets(line, sizeof line, in) != NULL) {
        think();
        for (const char *key = strtok(line, " ,\r\n"); key; key = strtok(NULL, " ,\r\n"))
            fprintf(out, "%s=%zu;", key, strlen(key) * 37);
        fputc('\n', out);
        if (fflush(out) != 0)
            return;
    }
}

static void (*answer)(FILE *in, FILE *out);

static void *serve(void *fd_as_pointer)
{
    int fd = (int)(intptr_t)fd_as_pointer, one = 1;
    FILE *in = fdopen(fd, "r"), *out = fdopen(dup(fd), "w");

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (in != NULL && out != NULL)
        answer(in, out);
    if (in != NULL)
        fclose(in);
    if (out != NULL)
        fclose(out);
    return NULL;
}

static int bound(int type, int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        perror("peer: bind");
        exit(1);
    }
    return fd;
}

static void answer_names(int fd)
{
    unsigned char packet[512];
    static const unsigned char record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1 };
    struct sockaddr_in from;
    socklen_t from_len = sizeof from;
    ssize_t got;

    while ((got = recvfrom(fd, packet, sizeof packet - sizeof record, 0, (struct sockaddr *)&from,
                &from_len)) > 12) {
        unsigned char *type = packet + 12;
        while (type < packet + got && *type != 0)
            type += *type + 1;
        int is_address = type + 2 < packet + got && type[2] == 1;
        think();
        packet[2] = 0x81;
        packet[3] = 0x80;
        packet[7] = (unsigned char)is_address;
        memset(packet + 8, 0, 4);
        size_t len = (size_t)(type - packet) + 5;
        if (is_address) {
            memcpy(packet + len, record, sizeof record);
            len += sizeof record;
        }
        sendto(fd, packet, len, 0, (struct sockaddr *)&from, from_len);
    }
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: peer http|lines|dns PORT DELAY_MS\n");
        return 2;
    }
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    delay_ms = atol(argv[3]);
    if (strcmp(argv[1], "dns") == 0) {
        answer_names(bound(SOCK_DGRAM, atoi(argv[2])));
        return 0;
    }
    answer = strcmp(argv[1], "http") == 0 ? answer_http : answer_lines;
    int listener = bound(SOCK_STREAM, atoi(argv[2])), fd;
    if (listen(listener, 256) != 0)
        return 1;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
    return 0;
}
