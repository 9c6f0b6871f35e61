// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "record/port.h"

Test(port, listening_sockets_are_found_in_the_kernel_s_table)
{
    static const char text[] =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "
        "timeout "
        "inode\n"
        "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "4242 1 0 100 0 0 10 0\n"
        "   1: 0100007F:1F91 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "4243 1 0 100 0 0 10 0\n"
        "   2: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A "
        "00000000:00000000 00:00000000 00000000 0 0 77 1 0\n"
        "junk\n\n   3: zz 00 0A\n";
    struct listening_list list = { 0 };
    port_parse(slice_of(text), &list);
    cr_assert_eq(list.len, 2);
    cr_expect_eq(list.ptr[0].port, 8080);
    cr_expect_eq(list.ptr[0].inode, 4242);
    cr_expect_eq(list.ptr[1].port, 80);
    cr_expect_eq(list.ptr[1].inode, 77);
    vec_done(&list);
}

static uint16_t listen_on(int *ret_fd, bool listening)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    *ret_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    for (uint16_t port = 21000; port < 21100; port++) {
        address.sin_port = htons(port);
        if (bind(*ret_fd, (struct sockaddr *)&address, len) == 0)
            break;
    }
    if (listening)
        listen(*ret_fd, 1);
    cr_assert_eq(getsockname(*ret_fd, (struct sockaddr *)&address, &len), 0);
    return ntohs(address.sin_port);
}

Test(port, a_process_s_own_socket_is_found_once_it_listens)
{
    struct pid_list pids = { 0 };
    vec_push(&pids, getpid());
    cr_expect_eq(port_find(&pids), 0);
    int bound, fd;
    listen_on(&bound, false);
    cr_expect_eq(port_find(&pids), 0, "bound is not listening");
    const uint16_t port = listen_on(&fd, true);
    cr_expect_eq(port_find(&pids), port);
    close(fd);
    close(bound);
    vec_done(&pids);
}
