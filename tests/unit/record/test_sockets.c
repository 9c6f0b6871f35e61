// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/strbuf.h"
#include "record/fd_table.h"
#include "record/sockets.h"

struct wanted {
    uint64_t inode;
    struct socket_row found;
    int times;
};

static void seen(void *ctx, const struct socket_row *row)
{
    struct wanted *w = ctx;
    if (w->inode && row->inode != w->inode)
        return;
    w->found = *row;
    w->times++;
}

static uint64_t inode_of(int fd)
{
    struct stat st;
    cr_assert_eq(fstat(fd, &st), 0);
    return st.st_ino;
}

/* A listener on loopback with two connections that nobody accepts. */
static int listen_unattended(int ret_clients[2], uint16_t *ret_port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 8) == 0 &&
              getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    for (int i = 0; i < 2; i++) {
        ret_clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        cr_assert_eq(connect(ret_clients[i], (struct sockaddr *)&address, len), 0);
    }
    *ret_port = ntohs(address.sin_port);
    return fd;
}

Test(sockets, queues_of_listeners_and_connections_are_the_kernel_s)
{
    int clients[2];
    uint16_t port;
    const int listener = listen_unattended(clients, &port);
    const int fd = sockets_open(getpid());
    if (fd < 0)
        cr_skip_test("no sock_diag here");
    struct wanted waiting = { .inode = inode_of(listener) };
    if (!sockets_dump(fd, 1u << TCP_LISTEN, false, seen, &waiting))
        cr_skip_test("no sock_diag here");
    cr_assert_eq(waiting.times, 1);
    cr_expect_eq(waiting.found.port, port);
    cr_expect_eq(waiting.found.state, TCP_LISTEN);
    cr_expect_eq(waiting.found.receive_queue, 2);

    const int accepted = accept(listener, NULL, NULL);
    static char bytes[3000];
    cr_assert_eq(write(clients[0], bytes, sizeof bytes), (ssize_t)sizeof bytes);
    close(clients[1]);
    struct wanted connection = { .inode = inode_of(accepted) };
    sockets_dump(fd, 1u << TCP_ESTABLISHED, false, seen, &connection);
    cr_assert_eq(connection.times, 1);
    cr_expect_eq(connection.found.receive_queue, sizeof bytes);

    const int left = accept(listener, NULL, NULL);
    struct wanted half = { .inode = inode_of(left) };
    sockets_dump(fd, 1u << TCP_CLOSE_WAIT, false, seen, &half);
    cr_expect_eq(half.times, 1, "its peer has closed, we have not");
    close(left);
    close(accepted);
    close(clients[0]);
    close(listener);
    close(fd);
}

/* Both ends of a connection on loopback. */
static void connect_pair(int ret_ends[2], struct sockaddr_in *ret_address)
{
    socklen_t len = sizeof *ret_address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *ret_address =
        (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    ret_ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(listener >= 0 && bind(listener, (struct sockaddr *)ret_address, len) == 0 &&
              listen(listener, 1) == 0 &&
              getsockname(listener, (struct sockaddr *)ret_address, &len) == 0 &&
              connect(ret_ends[0], (struct sockaddr *)ret_address, len) == 0);
    ret_ends[1] = accept(listener, NULL, NULL);
    cr_assert(ret_ends[1] >= 0);
    close(listener);
}

static void exchange(const int ends[2], int times)
{
    char bytes[64] = { 0 };
    for (int i = 0; i < times; i++) {
        cr_assert(write(ends[0], bytes, 20) == 20 && read(ends[1], bytes, 64) == 20);
        cr_assert(write(ends[1], bytes, 40) == 40 && read(ends[0], bytes, 64) == 40);
    }
}

static void expect_exchanges(const struct socket_row *row, uint32_t times, uint16_t port)
{
    cr_expect(row->has_talk);
    cr_expect_eq(row->talk.segments_out, times);
    cr_expect_eq(row->talk.segments_in, times);
    cr_expect_eq(row->talk.bytes_in, 40 * times);
    cr_expect_eq(row->peer.port, port);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf wanted = STRBUF_INIT;
    socket_end_name(&row->peer, &name);
    strbuf_addf(&wanted, "127.0.0.1:%u", port);
    cr_expect_str_eq(name.ptr, wanted.ptr);
}

Test(sockets, what_a_connection_has_moved_is_counted_by_the_kernel)
{
    enum { TIMES = 25 };
    int ends[2];
    struct sockaddr_in address;
    struct socket_row row;
    connect_pair(ends, &address);
    exchange(ends, TIMES);
    if (!sockets_ask(getpid(), ends[0], &row))
        cr_skip_test("pidfd_getfd is refused here");
    expect_exchanges(&row, TIMES, ntohs(address.sin_port));
    cr_expect_eq(row.inode, inode_of(ends[0]));
    cr_expect_not(sockets_ask(getpid(), STDERR_FILENO, &row), "no socket");

    const int fd = sockets_open(getpid());
    struct wanted dumped = { .inode = inode_of(ends[0]) };
    if (fd < 0 || !sockets_dump(fd, 1u << TCP_ESTABLISHED, true, seen, &dumped))
        cr_skip_test("no sock_diag here");
    cr_assert_eq(dumped.times, 1);
    expect_exchanges(&dumped.found, TIMES, ntohs(address.sin_port));
    close(ends[0]);
    close(ends[1]);
    close(fd);
}

struct closed {
    uint16_t port;
    int times;
    uint32_t timer_ms;
};

static void seen_closed(void *ctx, const struct socket_row *row)
{
    struct closed *c = ctx;
    if (row->peer.port != c->port)
        return;
    c->times++;
    c->timer_ms = row->timer_ms;
}

Test(sockets, a_connection_that_was_closed_is_kept_for_a_minute)
{
    int ends[2];
    struct sockaddr_in address;
    connect_pair(ends, &address);
    close(ends[0]);
    close(ends[1]);
    const int fd = sockets_open(getpid());
    struct closed closed = { .port = ntohs(address.sin_port) };
    if (fd < 0 || !sockets_dump(fd, 1u << TCP_TIME_WAIT, false, seen_closed, &closed))
        cr_skip_test("no sock_diag here");
    cr_expect_eq(closed.times, 1);
    cr_expect(closed.timer_ms > 0 && closed.timer_ms <= 60000);
    close(fd);
}

Test(sockets, an_ipv4_address_within_ipv6_is_an_ipv4_address)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_msg body;
    } message = { .head = { .nlmsg_len = sizeof message, .nlmsg_type = SOCK_DIAG_BY_FAMILY },
        .body = { .idiag_family = AF_INET6, .id.idiag_dport = htons(80) } };
    const uint8_t mapped[16] = { [10] = 0xff, [11] = 0xff, [12] = 10, [15] = 7 };
    memcpy(message.body.id.idiag_dst, mapped, sizeof mapped);
    struct wanted any = { 0 };
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    bool ok;
    cr_assert(sockets_parse(&message, sizeof message, seen, &any, &ok) && ok);
    socket_end_name(&any.found.peer, &name);
    cr_expect_str_eq(name.ptr, "10.0.0.7:80");
}

Test(sockets, answers_that_are_cut_or_wrong_end_the_dump)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_msg body;
    } message = { .head = { .nlmsg_len = sizeof message, .nlmsg_type = SOCK_DIAG_BY_FAMILY },
        .body = { .idiag_inode = 7 } };
    struct wanted any = { 0 };
    bool ok;
    cr_expect(sockets_parse(&message, sizeof message, seen, &any, &ok) && ok && any.times == 1);
    for (size_t len = sizeof message.head; len < sizeof message; len++)
        cr_expect(!sockets_parse(&message, len, seen, &any, &ok) && !ok, "%zu", len);
    message.head.nlmsg_len = 4;
    cr_expect(!sockets_parse(&message, sizeof message, seen, &any, &ok) && !ok);
    message.head.nlmsg_len = UINT32_MAX;
    cr_expect(!sockets_parse(&message, sizeof message, seen, &any, &ok) && !ok);
    message.head.nlmsg_type = NLMSG_ERROR;
    message.head.nlmsg_len = sizeof message;
    cr_expect(!sockets_parse(&message, sizeof message, seen, &any, &ok) && !ok);
    message.head.nlmsg_type = NLMSG_DONE;
    cr_expect(!sockets_parse(&message, sizeof message, seen, &any, &ok) && ok);
    cr_expect_eq(any.times, 1);
}

Test(fd_table, links_tell_what_a_descriptor_is)
{
    static const struct {
        const char *link;
        enum fd_kind kind;
        uint64_t inode;
    } rows[] = { { "socket:[123]", FD_SOCKET, 123 }, { "pipe:[9]", FD_PIPE, 0 },
        { "/var/log/x", FD_FILE, 0 }, { "/dev/null", FD_OTHER, 0 },
        { "anon_inode:[eventpoll]", FD_OTHER, 0 }, { "socket:[", FD_SOCKET, 0 },
        { "", FD_OTHER, 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint64_t inode;
        cr_expect_eq(fd_kind_of(slice_of(rows[i].link), &inode), rows[i].kind, "%s", rows[i].link);
        cr_expect_eq(inode, rows[i].inode, "%s", rows[i].link);
    }
}

Test(fd_table, a_number_that_stands_for_something_else_is_seen_in_its_turn)
{
    struct fd_table t = { 0 };
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    cr_assert(fd_table_read(&t, getpid()));
    const uint64_t sockets = t.counts[FD_SOCKET], files = t.counts[FD_FILE];
    cr_expect_geq(sockets, 1);
    const int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    cr_assert_eq(dup3(file, fd, O_CLOEXEC), fd);
    close(file);
    cr_assert(fd_table_read(&t, getpid()));
    cr_expect_eq(t.counts[FD_SOCKET], sockets - 1);
    cr_expect_eq(t.counts[FD_FILE], files + 1);
    const uint64_t count = fd_count(getpid());
    cr_expect(count == 0 || count == t.entries.len - 1 || count == t.entries.len,
        "the folder's own descriptor is among them while it is read");
    close(fd);
    fd_table_done(&t);
}

Test(fd_table, thousands_are_counted_and_turned_through)
{
    enum { MANY = 700 };
    int fds[MANY];
    struct fd_table t = { 0 };
    for (int i = 0; i < MANY; i++)
        fds[i] = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    cr_assert(fd_table_read(&t, getpid()));
    const uint64_t files = t.counts[FD_FILE];
    cr_expect_geq(files, MANY);
    const int pipes = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < MANY; i++)
        dup3(pipes, fds[i], O_CLOEXEC);
    for (int look = 0; look < MANY / 256 + 2; look++)
        cr_assert(fd_table_read(&t, getpid()));
    cr_expect_eq(t.counts[FD_FILE], files - MANY, "all of them have had their turn");
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
    close(pipes);
    fd_table_done(&t);
}
