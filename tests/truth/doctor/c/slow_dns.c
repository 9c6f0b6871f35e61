// SPDX-License-Identifier: MIT
/*
 * A server that sends every request's events to a host by name. With the defect the name is looked
 * up each time, at a resolver that takes its time; without it once.
 */
#include <netdb.h>
#include <resolv.h>

#include "http.h"
#include "program.h"

static struct program program;
static uint64_t requests;

/* The resolver of this thread becomes the one at program.peer. */
static void use_resolver(void)
{
    res_init();
    _res.nscount = 1;
    _res.nsaddr_list[0] = (struct sockaddr_in){ .sin_family = AF_INET,
        .sin_port = htons((uint16_t)program.peer),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

GUILTY(resolve_collector);
static void __attribute__((noinline)) resolve_collector(void)
{
    struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM }, *found = NULL;

    if (getaddrinfo("collector.internal.example", "443", &hints, &found) == 0)
        freeaddrinfo(found);
}

static void handle(int fd)
{
    if (program_has_defect(&program, requests++))
        resolve_collector();
    http_answer(fd, "queued\n", 7);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "slow-dns",
            .file = __FILE__,
            .expected = "dns-blocking",
            .acceptable = "loop-blocked-io,downstream-wait",
            BLAME(resolve_collector),
            .load = "-c 4 -r 100",
            .peer = "dns:15" });
    use_resolver();
    resolve_collector();
    http_serve_epoll(http_listen(program.port), handle);
    return 0;
}
