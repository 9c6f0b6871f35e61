// SPDX-License-Identifier: MIT
#include "record/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/file.h"
#include "base/strbuf.h"

enum { ANSWER_BYTES = 64 << 10, ANSWERS_MAX = 4096, PATIENCE_US = 200000 };

static int open_namespace(const char *process)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%s/ns/net", process);
    return open(path.ptr, O_RDONLY | O_CLOEXEC);
}

static bool same_file(int a, int b)
{
    struct stat first, second;
    return fstat(a, &first) == 0 && fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino;
}

static int open_here(void)
{
    const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    const struct timeval patience = { .tv_usec = PATIENCE_US };
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return fd;
}

int sockets_open(pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf process = STRBUF_INIT;
    strbuf_addf(&process, "%d", (int)pid);
    PROF_CLEANUP(close_fd) int own = open_namespace("self");
    PROF_CLEANUP(close_fd) int theirs = open_namespace(process.ptr);
    if (own < 0 || theirs < 0 || same_file(own, theirs))
        return open_here();
    if (setns(theirs, CLONE_NEWNET) != 0)
        return -1; /* asking here would show other programs' sockets */
    const int fd = open_here();
    if (setns(own, CLONE_NEWNET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool ask(int fd, uint8_t family, uint32_t states)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } request = {
        .head = { .nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .body = { .sdiag_family = family, .sdiag_protocol = IPPROTO_TCP, .idiag_states = states },
    };
    return send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request;
}

bool sockets_parse(const void *bytes, size_t len,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx, bool *ret_ok)
{
    const char *at = bytes;
    *ret_ok = true;
    while (len >= sizeof(struct nlmsghdr)) {
        struct nlmsghdr head;
        memcpy(&head, at, sizeof head);
        if (head.nlmsg_type == NLMSG_DONE)
            return false;
        *ret_ok = head.nlmsg_type == SOCK_DIAG_BY_FAMILY && head.nlmsg_len <= len &&
                  head.nlmsg_len >= NLMSG_HDRLEN + sizeof(struct inet_diag_msg);
        if (!*ret_ok)
            return false;
        struct inet_diag_msg row;
        memcpy(&row, at + NLMSG_HDRLEN, sizeof row);
        const struct socket_row found = {
            .inode = row.idiag_inode,
            .port = ntohs(row.id.idiag_sport),
            .state = row.idiag_state,
            .receive_queue = row.idiag_rqueue,
            .send_queue = row.idiag_wqueue,
        };
        seen(ctx, &found);
        const size_t step = NLMSG_ALIGN(head.nlmsg_len);
        at += step < len ? step : len;
        len -= step < len ? step : len;
    }
    return true;
}

static bool dump_family(int fd, uint8_t family, uint32_t states,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx)
{
    PROF_CLEANUP(free_ptr) char *answer = xmalloc(ANSWER_BYTES);
    if (!ask(fd, family, states))
        return false;
    bool ok = true;
    for (int i = 0; i < ANSWERS_MAX; i++) {
        ssize_t got;
        do
            got = recv(fd, answer, ANSWER_BYTES, 0);
        while (got < 0 && errno == EINTR);
        if (got <= 0)
            return false;
        if (!sockets_parse(answer, (size_t)got, seen, ctx, &ok))
            break;
    }
    return ok;
}

bool sockets_dump(
    int fd, uint32_t states, void (*seen)(void *ctx, const struct socket_row *row), void *ctx)
{
    /* A machine without IPv6 answers the second with an error; the first alone is an answer. */
    const bool ok = dump_family(fd, AF_INET, states, seen, ctx);
    dump_family(fd, AF_INET6, states, seen, ctx);
    return ok;
}
