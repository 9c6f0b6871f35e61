// SPDX-License-Identifier: MIT
#include "record/sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "record/socket_names.h"

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

/* ---- ends ---- */

static struct socket_end make_end(uint8_t family, const void *address, __be16 port)
{
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    struct socket_end end = { .family = family, .port = ntohs(port) };
    memcpy(end.address, address, family == AF_INET ? 4 : sizeof end.address);
    if (family != AF_INET6 || memcmp(end.address, mapped, sizeof mapped) != 0)
        return end;
    end.family = AF_INET;
    memmove(end.address, end.address + sizeof mapped, 4);
    memset(end.address + 4, 0, sizeof mapped);
    return end;
}

bool socket_end_equal(const struct socket_end *a, const struct socket_end *b)
{
    return a->family == b->family && a->port == b->port &&
           memcmp(a->address, b->address, sizeof a->address) == 0;
}

void socket_end_name(const struct socket_end *end, struct strbuf *out)
{
    struct sockaddr_storage any = { 0 };
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(end->port) };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(end->port) };
    memcpy(&in.sin_addr, end->address, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, end->address, sizeof in6.sin6_addr);
    if (end->family == AF_INET)
        memcpy(&any, &in, sizeof in);
    else
        memcpy(&any, &in6, sizeof in6);
    socket_name_of(&any, sizeof any, out);
}

/* ---- what was moved ---- */

/* Older kernels give less of it: what is missing is 0. False: too little to count exchanges (before
 * 4.6). */
static bool read_talk(const void *bytes, size_t len, struct socket_talk *ret)
{
    struct tcp_info info = { 0 };
    memcpy(&info, bytes, len < sizeof info ? len : sizeof info);
    *ret = (struct socket_talk){
        .segments_out = info.tcpi_data_segs_out,
        .segments_in = info.tcpi_data_segs_in,
        .bytes_in = info.tcpi_bytes_received,
        .busy_us = info.tcpi_busy_time,
        .sent_ms_ago = info.tcpi_last_data_sent,
        .received_ms_ago = info.tcpi_last_data_recv,
    };
    return len >= offsetof(struct tcp_info, tcpi_delivery_rate);
}

/* Attributes follow the row: length, type, value, each at a multiple of four. */
static bool find_talk(const char *at, size_t len, struct socket_talk *ret)
{
    struct nlattr head;
    while (len >= sizeof head) {
        memcpy(&head, at, sizeof head);
        if (head.nla_len < sizeof head || head.nla_len > len)
            return false;
        if (head.nla_type == INET_DIAG_INFO)
            return read_talk(at + sizeof head, head.nla_len - sizeof head, ret);
        const size_t step = NLA_ALIGN(head.nla_len);
        if (step >= len)
            return false;
        at += step;
        len -= step;
    }
    return false;
}

/* ---- dumps ---- */

static bool ask(int fd, uint8_t family, uint32_t states, bool talk)
{
    struct {
        struct nlmsghdr head;
        struct inet_diag_req_v2 body;
    } request = {
        .head = { .nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .body = { .sdiag_family = family,
            .sdiag_protocol = IPPROTO_TCP,
            .idiag_ext = talk ? 1u << (INET_DIAG_INFO - 1) : 0,
            .idiag_states = states },
    };
    return send(fd, &request, sizeof request, 0) == (ssize_t)sizeof request;
}

static struct socket_row read_row(const char *bytes, size_t len)
{
    struct inet_diag_msg row;
    memcpy(&row, bytes, sizeof row);
    struct socket_row found = {
        .inode = row.idiag_inode,
        .port = ntohs(row.id.idiag_sport),
        .state = row.idiag_state,
        .receive_queue = row.idiag_rqueue,
        .send_queue = row.idiag_wqueue,
        .local = make_end(row.idiag_family, row.id.idiag_src, row.id.idiag_sport),
        .peer = make_end(row.idiag_family, row.id.idiag_dst, row.id.idiag_dport),
        .timer_ms = row.idiag_expires,
    };
    const size_t attributes = NLMSG_ALIGN(sizeof row);
    if (len > attributes)
        found.has_talk = find_talk(bytes + attributes, len - attributes, &found.talk);
    return found;
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
        const struct socket_row found = read_row(at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
        seen(ctx, &found);
        const size_t step = NLMSG_ALIGN(head.nlmsg_len);
        at += step < len ? step : len;
        len -= step < len ? step : len;
    }
    return true;
}

static bool dump_family(int fd, uint8_t family, uint32_t states, bool talk,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx)
{
    PROF_CLEANUP(free_ptr) char *answer = xmalloc(ANSWER_BYTES);
    if (!ask(fd, family, states, talk))
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

bool sockets_dump(int fd, uint32_t states, bool talk,
    void (*seen)(void *ctx, const struct socket_row *row), void *ctx)
{
    /* A machine without IPv6 answers the second with an error; the first alone is an answer. */
    const bool ok = dump_family(fd, AF_INET, states, talk, seen, ctx);
    dump_family(fd, AF_INET6, states, talk, seen, ctx);
    return ok;
}

/* ---- one socket ---- */

static int copy_of(pid_t pid, int fd)
{
    PROF_CLEANUP(close_fd) int process = (int)syscall(SYS_pidfd_open, pid, 0);
    return process < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, process, fd, 0);
}

static struct socket_end end_of(const struct sockaddr_storage *address)
{
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET)
        return make_end(AF_INET, &in->sin_addr, in->sin_port);
    if (address->ss_family == AF_INET6)
        return make_end(AF_INET6, &in6->sin6_addr, in6->sin6_port);
    return (struct socket_end){ 0 };
}

bool sockets_ask(pid_t pid, int fd, struct socket_row *ret_row)
{
    PROF_CLEANUP(close_fd) int copy = copy_of(pid, fd);
    struct sockaddr_storage local = { 0 }, peer = { 0 };
    socklen_t local_len = sizeof local, peer_len = sizeof peer, info_len = sizeof(struct tcp_info);
    struct tcp_info info = { 0 };
    struct stat st;
    if (copy < 0 || fstat(copy, &st) != 0 || !S_ISSOCK(st.st_mode) ||
        getsockopt(copy, IPPROTO_TCP, TCP_INFO, &info, &info_len) != 0 ||
        getsockname(copy, (struct sockaddr *)&local, &local_len) != 0 ||
        getpeername(copy, (struct sockaddr *)&peer, &peer_len) != 0)
        return false;
    *ret_row = (struct socket_row){
        .inode = st.st_ino,
        .state = info.tcpi_state,
        .local = end_of(&local),
        .peer = end_of(&peer),
    };
    ret_row->port = ret_row->local.port;
    ret_row->has_talk = read_talk(&info, info_len, &ret_row->talk);
    return ret_row->local.family != 0 && ret_row->peer.family != 0;
}
