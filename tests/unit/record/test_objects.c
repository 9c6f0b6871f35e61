// SPDX-License-Identifier: MIT
/* The test program's own descriptors. */
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "record/objects.h"

static struct wait of_call(struct objects *o, uint64_t number, uint64_t a0, uint64_t a1)
{
    const struct call call = { .pid = getpid(), .number = number, .args = { a0, a1 } };
    return objects_of_call(o, &call, clock_monotonic_ns());
}

static void expect_wait(
    struct wait w, enum wait_kind kind, const char *operation, const char *object)
{
    cr_expect_eq(
        w.kind, kind, "%s %s: kind %d, wanted %d", operation, object, (int)w.kind, (int)kind);
    cr_expect(slice_is(w.operation, operation), "%.*s", SLICE_ARG(w.operation));
    cr_expect(slice_is(w.object, object), "'%.*s', wanted '%s'", SLICE_ARG(w.object), object);
}

static int listen_on(uint16_t *ret_port)
{
    struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof a;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 8) == 0);
    cr_assert_eq(getsockname(fd, (struct sockaddr *)&a, &len), 0);
    *ret_port = ntohs(a.sin_port);
    return fd;
}

static int connect_to(uint16_t port)
{
    const struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)
    };
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(fd >= 0 && connect(fd, (const struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

Test(objects, both_ends_of_a_connection_know_who_has_called)
{
    uint16_t port;
    char service[16], peer[32];
    struct objects *o = objects_new();
    const int listening = listen_on(&port), called = connect_to(port);
    const int accepted = accept(listening, NULL, NULL);
    snprintf(service, sizeof service, ":%u", (unsigned)port);
    snprintf(peer, sizeof peer, "127.0.0.1:%u", (unsigned)port);
    expect_wait(of_call(o, SYS_accept4, (uint64_t)listening, 0), WAIT_ACCEPT, "accept4", service);
    expect_wait(of_call(o, SYS_recvfrom, (uint64_t)called, 0), WAIT_TCP, "recvfrom", peer);
    expect_wait(of_call(o, SYS_read, (uint64_t)accepted, 0), WAIT_CLIENT, "read", service);
    objects_free(o);
}

Test(objects, descriptors_that_come_back_are_looked_up_anew)
{
    uint16_t port;
    char peer[32];
    int ends[2];
    struct objects *o = objects_new();
    const int listening = listen_on(&port), called = connect_to(port);
    snprintf(peer, sizeof peer, "127.0.0.1:%u", (unsigned)port);
    expect_wait(of_call(o, SYS_read, (uint64_t)called, 0), WAIT_TCP, "read", peer);
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(dup2(ends[0], called), called);
    cr_expect_eq(of_call(o, SYS_read, (uint64_t)called, 0).kind, WAIT_PIPE);
    close(listening);
    objects_free(o);
}

Test(objects, every_kind_of_descriptor_has_its_word)
{
    struct objects *o = objects_new();
    char path[] = "/tmp/prof-objects-XXXXXX";
    const int file = mkstemp(path);
    const int event = eventfd(0, 0), epoll = epoll_create1(0);
    const int timer = timerfd_create(CLOCK_MONOTONIC, 0);
    expect_wait(of_call(o, SYS_pread64, (uint64_t)file, 0), WAIT_FILE, "pread64", path);
    expect_wait(of_call(o, SYS_fdatasync, (uint64_t)file, 0), WAIT_SYNC, "fdatasync", path);
    expect_wait(of_call(o, SYS_read, (uint64_t)event, 0), WAIT_EVENT, "read", "eventfd");
    expect_wait(of_call(o, SYS_read, (uint64_t)timer, 0), WAIT_SLEEP, "read", "timerfd");
    expect_wait(of_call(o, SYS_epoll_wait, (uint64_t)epoll, 0), WAIT_LOOP, "epoll_wait", "");
    expect_wait(of_call(o, SYS_futex, 0xabc0, 0), WAIT_FUTEX, "futex", "0xabc0");
    expect_wait(of_call(o, SYS_wait4, 0, 0), WAIT_CHILD, "wait4", "");
    expect_wait(of_call(o, SYS_clock_nanosleep, 0, 0), WAIT_SLEEP, "clock_nanosleep", "");
    expect_wait(of_call(o, SYS_read, 9999, 0), WAIT_UNKNOWN, "read", "");
    expect_wait(of_call(o, SYS_read, UINT64_MAX, 0), WAIT_UNKNOWN, "read", "");
    expect_wait(of_call(o, 100000, 0, 0), WAIT_UNKNOWN, "syscall_100000", "");
    expect_wait(of_call(o, SYS_openat, 0, (uint64_t)(uintptr_t)path), WAIT_FILE, "openat", path);
    expect_wait(of_call(o, SYS_openat, 0, 8), WAIT_FILE, "openat", "");
    unlink(path);
    objects_free(o);
}

Test(objects, polling_one_descriptor_is_waiting_for_it)
{
    int a[2], b[2];
    struct objects *o = objects_new();
    cr_assert(pipe(a) == 0 && pipe(b) == 0);
    struct pollfd fds[] = { { .fd = -1 }, { .fd = a[0] }, { .fd = b[0] } };
    const uint64_t at = (uint64_t)(uintptr_t)fds;
    cr_expect_eq(of_call(o, SYS_poll, at, 0).kind, WAIT_SLEEP);
    cr_expect_eq(of_call(o, SYS_poll, at, 1).kind, WAIT_SLEEP, "a negative one is left out");
    cr_expect_eq(of_call(o, SYS_poll, at, 2).kind, WAIT_PIPE);
    cr_expect_eq(of_call(o, SYS_poll, at, 3).kind, WAIT_LOOP);
    cr_expect_eq(of_call(o, SYS_poll, at, UINT64_MAX).kind, WAIT_LOOP);
    cr_expect_eq(of_call(o, SYS_poll, 8, 2).kind, WAIT_LOOP, "memory that is not there");
    objects_free(o);
}

Test(objects, selecting_one_descriptor_is_waiting_for_it)
{
    int ends[2];
    fd_set set;
    struct objects *o = objects_new();
    cr_assert_eq(pipe(ends), 0);
    FD_ZERO(&set);
    FD_SET(ends[0], &set);
    const uint64_t count = (uint64_t)ends[1] + 1, at = (uint64_t)(uintptr_t)&set;
    cr_expect_eq(of_call(o, SYS_select, count, at).kind, WAIT_PIPE);
    cr_expect_eq(of_call(o, SYS_select, count, 0).kind, WAIT_SLEEP);
    FD_SET(ends[1], &set);
    cr_expect_eq(of_call(o, SYS_select, count, at).kind, WAIT_LOOP);
    cr_expect_eq(of_call(o, SYS_select, UINT64_MAX, at).kind, WAIT_LOOP);
    objects_free(o);
}

Test(objects, local_sockets_are_known_by_their_path)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    struct objects *o = objects_new();
    snprintf(a.sun_path, sizeof a.sun_path, "/tmp/prof-objects-%d.sock", (int)getpid());
    const int listening = socket(AF_UNIX, SOCK_STREAM, 0);
    const int called = socket(AF_UNIX, SOCK_STREAM, 0);
    cr_assert(bind(listening, (struct sockaddr *)&a, sizeof a) == 0 && listen(listening, 1) == 0);
    cr_assert_eq(connect(called, (struct sockaddr *)&a, sizeof a), 0);
    const int accepted = accept(listening, NULL, NULL);
    expect_wait(of_call(o, SYS_read, (uint64_t)called, 0), WAIT_UNIX, "read", a.sun_path);
    expect_wait(of_call(o, SYS_read, (uint64_t)accepted, 0), WAIT_CLIENT, "read", a.sun_path);
    expect_wait(of_call(o, SYS_accept, (uint64_t)listening, 0), WAIT_ACCEPT, "accept", a.sun_path);
    unlink(a.sun_path);
    objects_free(o);
}

Test(objects, what_is_remembered_in_a_burst_ends_with_it)
{
    int ends[2];
    struct objects *o = objects_new();
    cr_assert_eq(pipe(ends), 0);
    const uint64_t now_ns = clock_monotonic_ns();
    cr_expect_eq(objects_of_fd(o, getpid(), ends[0], true, now_ns).kind, WAIT_PIPE);
    close(ends[0]);
    cr_expect_eq(objects_of_fd(o, getpid(), ends[0], true, now_ns).kind, WAIT_PIPE);
    objects_doubt(o);
    cr_expect_eq(objects_of_fd(o, getpid(), ends[0], true, now_ns).kind, WAIT_UNKNOWN);
    objects_free(o);
}
