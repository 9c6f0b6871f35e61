// SPDX-License-Identifier: MIT
/*
 * load PORT [-c CONNECTIONS] [-s SECONDS] [-r RATE] [-p PATH] [-n]: HTTP requests to 127.0.0.1, one
 * under way on each kept connection, until the time is over or the server is gone. -r: so many
 * requests a second in all instead of as many as are answered. -n: a connection for each request.
 * Prints what wrk prints of the same run, so that a profiler which reads wrk reads this too.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 256, LATENCIES_MAX = 1 << 22, REFUSALS_MAX = 20 };

struct connection {
    int fd;
    uint64_t sent_ns, next_ns; /* when its request went out; not before when the next one may */
    size_t have;               /* bytes of the answer's head, or of its body */
    uint64_t body_left;
    bool in_body;
    char head[8192];
};

struct load {
    struct sockaddr_in address;
    int connections, seconds;
    double rate;
    const char *path;
    bool renew;
    char request[512];
    size_t request_len;
    uint64_t answers, errors, bytes, refusals;
    uint32_t *latencies_us;
};

static uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static bool open_connection(struct load *l, struct connection *c)
{
    int one = 1;

    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&l->address, sizeof l->address) != 0) {
        if (c->fd >= 0)
            close(c->fd);
        c->fd = -1;
        l->refusals++;
        return false;
    }
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return true;
}

static void drop(struct connection *c)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->sent_ns = 0;
}

static void ask(struct load *l, struct connection *c, uint64_t now)
{
    uint64_t every_ns = l->rate > 0 ? (uint64_t)(1e9 * l->connections / l->rate) : 0;

    if (c->fd < 0 && !open_connection(l, c)) {
        c->next_ns = now + 50000000;
        return;
    }
    if (send(c->fd, l->request, l->request_len, MSG_NOSIGNAL) != (ssize_t)l->request_len) {
        drop(c);
        l->errors++;
        c->next_ns = now + 50000000;
        return;
    }
    c->sent_ns = now;
    c->next_ns = now + every_ns;
    c->have = 0;
    c->in_body = false;
}

static void answered(struct load *l, struct connection *c, uint64_t now)
{
    if (l->answers < LATENCIES_MAX)
        l->latencies_us[l->answers] = (uint32_t)((now - c->sent_ns) / 1000);
    l->answers++;
    l->refusals = 0;
    c->sent_ns = 0;
    if (l->renew)
        drop(c);
}

/* Length of the body that the head announces; -1: the head is not whole. */
static int64_t body_length(struct connection *c, size_t *ret_head)
{
    c->head[c->have] = '\0';
    const char *end = strstr(c->head, "\r\n\r\n");
    const char *length = strcasestr(c->head, "\r\nContent-Length:");

    if (end == NULL)
        return -1;
    *ret_head = (size_t)(end - c->head) + 4;
    return length != NULL && length < end ? strtoll(length + 17, NULL, 10) : 0;
}

static void take(struct load *l, struct connection *c)
{
    char body[65536];
    bool head = !c->in_body;
    ssize_t got = head ? recv(c->fd, c->head + c->have, sizeof c->head - 1 - c->have, 0)
                       : recv(c->fd, body, sizeof body, 0);

    if (got <= 0 ||
        (head && c->have + (size_t)got >= sizeof c->head - 1 && !strstr(c->head, "\r\n\r\n"))) {
        if (got == 0 || errno != EINTR) {
            drop(c);
            l->errors++;
            c->next_ns = now_ns() + 20000000;
        }
        return;
    }
    l->bytes += (uint64_t)got;
    if (head) {
        size_t head_len = 0;
        c->have += (size_t)got;
        int64_t length = body_length(c, &head_len);
        if (length < 0)
            return;
        c->in_body = true;
        c->body_left = (uint64_t)length;
        got = (ssize_t)(c->have - head_len);
    }
    c->body_left -= (uint64_t)got < c->body_left ? (uint64_t)got : c->body_left;
    if (c->body_left == 0)
        answered(l, c, now_ns());
}

/* One round: asks where an answer is there, waits for the next event. */
static void turn(struct load *l, struct connection *all)
{
    struct pollfd polls[CONNECTIONS_MAX];
    uint64_t now = now_ns(), next = now + 100000000;

    for (int i = 0; i < l->connections; i++) {
        struct connection *c = &all[i];
        if (c->sent_ns == 0 && now >= c->next_ns)
            ask(l, c, now);
        if (c->sent_ns == 0 && c->next_ns < next)
            next = c->next_ns;
        polls[i] = (struct pollfd){ .fd = c->sent_ns ? c->fd : -1, .events = POLLIN };
    }
    struct timespec wait = { .tv_nsec = next > now ? (long)(next - now) : 0 };
    if (ppoll(polls, (nfds_t)l->connections, &wait, NULL) <= 0)
        return;
    for (int i = 0; i < l->connections; i++) {
        if (polls[i].revents != 0)
            take(l, &all[i]);
    }
}

static int by_value(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

static void print_summary(struct load *l, double seconds)
{
    size_t n = l->answers < LATENCIES_MAX ? l->answers : LATENCIES_MAX;
    double sum = 0;
    static const int percents[] = { 50, 75, 90, 99 };

    qsort(l->latencies_us, n, sizeof *l->latencies_us, by_value);
    for (size_t i = 0; i < n; i++)
        sum += l->latencies_us[i];
    printf("Running %ds test @ http://127.0.0.1:%d%s\n  1 threads and %d connections\n", l->seconds,
        ntohs(l->address.sin_port), l->path, l->connections);
    printf("  Thread Stats   Avg      Stdev     Max   +/- Stdev\n");
    printf("    Latency %8.2fms    0.00us %8.2fms   50.00%%\n", n ? sum / (double)n / 1e3 : 0,
        n ? l->latencies_us[n - 1] / 1e3 : 0);
    printf("  Latency Distribution\n");
    for (size_t i = 0; i < sizeof percents / sizeof *percents && n > 0; i++)
        printf("     %d%% %8.2fms\n", percents[i],
            l->latencies_us[(n - 1) * (size_t)percents[i] / 100] / 1e3);
    printf("  %llu requests in %.2fs, %.2fMB read\n", (unsigned long long)l->answers, seconds,
        (double)l->bytes / 1048576);
    if (l->errors > 0)
        printf("  Socket errors: connect 0, read %llu, write 0, timeout 0\n",
            (unsigned long long)l->errors);
    printf("Requests/sec: %10.2f\nTransfer/sec: %8.2fMB\n", (double)l->answers / seconds,
        (double)l->bytes / 1048576 / seconds);
}

static void read_options(struct load *l, int argc, char **argv)
{
    int option, port;

    while ((option = getopt(argc, argv, "c:s:r:p:n")) != -1) {
        switch (option) {
        case 'c':
            l->connections = atoi(optarg);
            break;
        case 's':
            l->seconds = atoi(optarg);
            break;
        case 'r':
            l->rate = atof(optarg);
            break;
        case 'p':
            l->path = optarg;
            break;
        case 'n':
            l->renew = true;
            break;
        default:
            exit(2);
        }
    }
    port = optind < argc ? atoi(argv[optind]) : 0;
    if (port <= 0 || port > 65535 || l->connections < 1 || l->connections > CONNECTIONS_MAX) {
        fprintf(stderr, "usage: load PORT [-c 1..256] [-s SECONDS] [-r RATE] [-p PATH] [-n]\n");
        exit(2);
    }
    l->address = (struct sockaddr_in){ .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    l->request_len = (size_t)snprintf(l->request, sizeof l->request,
        "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n%s\r\n", l->path,
        l->renew ? "Connection: close\r\n" : "");
}

int main(int argc, char **argv)
{
    static struct connection all[CONNECTIONS_MAX];
    struct load l = { .connections = 8, .seconds = 10, .path = "/" };

    read_options(&l, argc, argv);
    l.latencies_us = calloc(LATENCIES_MAX, sizeof *l.latencies_us);
    if (l.latencies_us == NULL)
        return 1;
    for (int i = 0; i < CONNECTIONS_MAX; i++)
        all[i].fd = -1;
    uint64_t start = now_ns(), end = start + (uint64_t)l.seconds * 1000000000u;
    for (int i = 0; i < l.connections && l.rate > 0; i++)
        all[i].next_ns = start + (uint64_t)(1e9 / l.rate * i);
    while (now_ns() < end && l.refusals < REFUSALS_MAX)
        turn(&l, all);
    print_summary(&l, (double)(now_ns() - start) / 1e9);
    return l.answers > 0 ? 0 : 1;
}
