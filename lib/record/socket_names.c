// SPDX-License-Identifier: MIT
#include "record/socket_names.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/vec.h"
#include "record/port.h"
#include "record/procfs_read.h"

enum {
    TCP_STATE_LISTEN = 10, /* include/net/tcp_states.h */
    ROWS_MAX = 1 << 16,
    DUMP_BYTES = 32 << 10,
    NET_FILE_MAX = 16 << 20,
};

#define LISTENING_AGE_NS (250 * NS_PER_MS)    /* some tens of us a read */
#define EVERYTHING_AGE_NS NS_PER_S            /* some ms a read where there are thousands */
#define OTHER_NAMESPACE_AGE_NS (5 * NS_PER_S) /* see the header */

/* One row of the kernel's list. */
struct row {
    uint64_t inode;
    struct sockaddr_storage local, peer;
    uint8_t protocol;
    bool listens;
};

struct rows {
    struct row *ptr;
    size_t len, cap;
    uint64_t read_ns; /* 0: never */
};

struct socket_names {
    int netlink; /* -1: refused */
    struct rows listening, everything;
    struct listening_list foreign; /* of the last process in another network namespace */
    pid_t foreign_pid;
    uint64_t foreign_ns;
    ino_t own_namespace;
    uint16_t ephemeral_low, ephemeral_high; /* ports that the kernel gives to outgoing sockets */
};

/* ---- addresses ---- */

static bool name_inet6(const struct sockaddr_in6 *a, struct strbuf *out)
{
    char text[INET6_ADDRSTRLEN];
    if (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr)) {
        inet_ntop(AF_INET, &a->sin6_addr.s6_addr[12], text, sizeof text);
        strbuf_addf(out, "%s:%u", text, (unsigned)ntohs(a->sin6_port));
        return true;
    }
    inet_ntop(AF_INET6, &a->sin6_addr, text, sizeof text);
    strbuf_addf(out, "[%s]:%u", text, (unsigned)ntohs(a->sin6_port));
    return true;
}

static bool name_unix(const struct sockaddr_un *a, size_t len, struct strbuf *out)
{
    const size_t before = offsetof(struct sockaddr_un, sun_path);
    if (len <= before || len > sizeof *a)
        return false;
    size_t path_len = len - before;
    const bool abstract = a->sun_path[0] == '\0';
    if (abstract) {
        strbuf_addc(out, '@');
        strbuf_add(out, a->sun_path + 1, path_len - 1);
        return path_len > 1;
    }
    path_len = strnlen(a->sun_path, path_len);
    strbuf_add(out, a->sun_path, path_len);
    return true;
}

bool socket_name_of(const struct sockaddr_storage *address, socklen_t len, struct strbuf *out)
{
    char text[INET_ADDRSTRLEN];
    const struct sockaddr_in *in = (const struct sockaddr_in *)address;
    switch (address->ss_family) {
    case AF_INET:
        if (len < sizeof *in)
            return false;
        inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
        strbuf_addf(out, "%s:%u", text, (unsigned)ntohs(in->sin_port));
        return true;
    case AF_INET6:
        return len >= offsetof(struct sockaddr_in6, sin6_scope_id) &&
               name_inet6((const struct sockaddr_in6 *)address, out);
    case AF_UNIX:
        return name_unix((const struct sockaddr_un *)address, len, out);
    default:
        return false;
    }
}

uint16_t socket_port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return 0;
}

/* ---- the kernel's list ---- */

static void fill_address(
    struct sockaddr_storage *ret, uint8_t family, const __be32 *words, __be16 port)
{
    struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = port };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = port };
    memset(ret, 0, sizeof *ret);
    memcpy(&in.sin_addr, words, sizeof in.sin_addr);
    memcpy(&in6.sin6_addr, words, sizeof in6.sin6_addr);
    if (family == AF_INET)
        memcpy(ret, &in, sizeof in);
    else
        memcpy(ret, &in6, sizeof in6);
}

static void add_row(struct rows *rows, const struct inet_diag_msg *m, uint8_t protocol)
{
    if (rows->len >= ROWS_MAX || (m->idiag_family != AF_INET && m->idiag_family != AF_INET6))
        return;
    struct row row = { .inode = m->idiag_inode, .protocol = protocol };
    row.listens = protocol == IPPROTO_TCP && m->idiag_state == TCP_STATE_LISTEN;
    fill_address(&row.local, m->idiag_family, m->id.idiag_src, m->id.idiag_sport);
    fill_address(&row.peer, m->idiag_family, m->id.idiag_dst, m->id.idiag_dport);
    vec_push(rows, row);
}

/* One datagram of answers. False: the dump is over. */
static bool take_answers(struct rows *rows, const uint8_t *bytes, size_t len, uint8_t protocol)
{
    struct nlmsghdr header;
    while (len >= sizeof header) {
        memcpy(&header, bytes, sizeof header);
        if (header.nlmsg_len < sizeof header || header.nlmsg_len > len ||
            header.nlmsg_type != SOCK_DIAG_BY_FAMILY)
            return false; /* NLMSG_DONE, NLMSG_ERROR */
        struct inet_diag_msg m;
        if (header.nlmsg_len >= NLMSG_HDRLEN + sizeof m) {
            memcpy(&m, bytes + NLMSG_HDRLEN, sizeof m);
            add_row(rows, &m, protocol);
        }
        const size_t step = NLMSG_ALIGN(header.nlmsg_len);
        if (step >= len)
            return true;
        bytes += step;
        len -= step;
    }
    return true;
}

static void dump(int netlink, uint8_t family, uint8_t protocol, uint32_t states, struct rows *rows)
{
    const struct {
        struct nlmsghdr header;
        struct inet_diag_req_v2 body;
    } request = {
        .header = { .nlmsg_len = sizeof request,
            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
            .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
        .body = { .sdiag_family = family, .sdiag_protocol = protocol, .idiag_states = states },
    };
    if (send(netlink, &request, sizeof request, 0) != (ssize_t)sizeof request)
        return;
    uint8_t *bytes = xmalloc(DUMP_BYTES);
    ssize_t got;
    do
        got = recv(netlink, bytes, DUMP_BYTES, 0);
    while (got > 0 && take_answers(rows, bytes, (size_t)got, protocol));
    free(bytes);
}

static void read_listening(struct socket_names *s, uint64_t now_ns)
{
    if (s->netlink < 0 ||
        (s->listening.read_ns && now_ns - s->listening.read_ns < LISTENING_AGE_NS))
        return;
    s->listening.read_ns = now_ns;
    vec_clear(&s->listening);
    dump(s->netlink, AF_INET, IPPROTO_TCP, 1u << TCP_STATE_LISTEN, &s->listening);
    dump(s->netlink, AF_INET6, IPPROTO_TCP, 1u << TCP_STATE_LISTEN, &s->listening);
}

static void read_everything(struct socket_names *s, uint64_t now_ns)
{
    static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
    if (s->netlink < 0 ||
        (s->everything.read_ns && now_ns - s->everything.read_ns < EVERYTHING_AGE_NS))
        return;
    s->everything.read_ns = now_ns;
    vec_clear(&s->everything);
    for (size_t i = 0; i < PROF_ARRAY_LEN(protocols); i++) {
        dump(s->netlink, AF_INET, protocols[i], UINT32_MAX, &s->everything);
        dump(s->netlink, AF_INET6, protocols[i], UINT32_MAX, &s->everything);
    }
}

/* ---- who has called whom ---- */

static ino_t network_namespace(pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf link = STRBUF_INIT;
    uint64_t inode = 0;
    if (!procfs_link(pid, "ns/net", &link) || !slice_starts(strbuf_slice(&link), "net:["))
        return 0;
    struct slice number = slice_skip(strbuf_slice(&link), strlen("net:["));
    number.len = slice_find(number, ']');
    return slice_to_u64(number, 10, &inode) ? (ino_t)inode : 0;
}

static bool foreign_listens(struct socket_names *s, pid_t pid, uint16_t port, uint64_t now_ns)
{
    if (s->foreign_pid != pid || now_ns - s->foreign_ns > OTHER_NAMESPACE_AGE_NS) {
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        vec_clear(&s->foreign);
        if (procfs_read(pid, "net/tcp", NET_FILE_MAX, &text) &&
            procfs_read(pid, "net/tcp6", NET_FILE_MAX, &text))
            port_parse(strbuf_slice(&text), &s->foreign);
        s->foreign_pid = pid;
        s->foreign_ns = now_ns;
    }
    for (size_t i = 0; i < s->foreign.len; i++)
        if (s->foreign.ptr[i].port == port)
            return true;
    return false;
}

static bool is_listened_on(struct socket_names *s, pid_t pid, uint16_t port, uint64_t now_ns)
{
    const ino_t namespace = network_namespace(pid);
    if (namespace && s->own_namespace && namespace != s->own_namespace)
        return foreign_listens(s, pid, port, now_ns);
    read_listening(s, now_ns);
    for (size_t i = 0; i < s->listening.len; i++)
        if (socket_port_of(&s->listening.ptr[i].local) == port)
            return true;
    return false;
}

/*
 * An accepted socket has the port that its server listens on. The server may have closed the
 * listening one since; then the port is still none that the kernel would have chosen, and the
 * peer's is.
 */
static bool was_accepted(
    struct socket_names *s, pid_t pid, uint16_t local, uint16_t peer, uint64_t now_ns)
{
    const bool local_chosen = local >= s->ephemeral_low && local <= s->ephemeral_high;
    const bool peer_chosen = peer >= s->ephemeral_low && peer <= s->ephemeral_high;
    return (!local_chosen && peer_chosen) || is_listened_on(s, pid, local, now_ns);
}

/* ---- one socket ---- */

/* What is known of a socket, from itself or from the list. */
struct ends {
    struct sockaddr_storage local, peer;
    socklen_t local_len, peer_len; /* 0: none */
    int protocol;
    bool listens;
};

static int copy_socket(pid_t pid, int fd)
{
    PROF_CLEANUP(close_fd) int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    return pidfd < 0 ? -1 : (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
}

static int int_option(int fd, int name)
{
    int value = 0;
    socklen_t len = sizeof value;
    return getsockopt(fd, SOL_SOCKET, name, &value, &len) == 0 ? value : -1;
}

static bool ends_from_socket(pid_t pid, int fd, struct ends *ret)
{
    PROF_CLEANUP(close_fd) int copy = copy_socket(pid, fd);
    if (copy < 0)
        return false;
    *ret = (struct ends){
        .local_len = sizeof ret->local,
        .peer_len = sizeof ret->peer,
        .protocol = int_option(copy, SO_PROTOCOL),
        .listens = int_option(copy, SO_ACCEPTCONN) == 1,
    };
    if (getsockname(copy, (struct sockaddr *)&ret->local, &ret->local_len) != 0)
        return false; /* no socket any more */
    if (getpeername(copy, (struct sockaddr *)&ret->peer, &ret->peer_len) != 0)
        ret->peer_len = 0;
    return true;
}

static bool ends_from_list(
    struct socket_names *s, uint64_t inode, uint64_t now_ns, struct ends *ret)
{
    read_everything(s, now_ns);
    for (size_t i = 0; i < s->everything.len; i++) {
        const struct row *row = &s->everything.ptr[i];
        if (row->inode != inode)
            continue;
        *ret = (struct ends){
            .local = row->local,
            .peer = row->peer,
            .local_len = sizeof row->local,
            .peer_len = socket_port_of(&row->peer) ? sizeof row->peer : 0,
            .protocol = row->protocol,
            .listens = row->listens,
        };
        return true;
    }
    return false;
}

/* ":8080", or the path of a listening socket. */
static void name_local(const struct ends *ends, struct strbuf *out)
{
    if (ends->local.ss_family == AF_UNIX)
        socket_name_of(&ends->local, ends->local_len, out);
    else if (socket_port_of(&ends->local))
        strbuf_addf(out, ":%u", (unsigned)socket_port_of(&ends->local));
}

/* The accepting side of a local connection has a name, the calling side seldom. */
static enum wait_kind name_unix_ends(const struct ends *ends, struct strbuf *out)
{
    if (ends->peer_len > 0 && socket_name_of(&ends->peer, ends->peer_len, out))
        return WAIT_UNIX;
    const bool named = socket_name_of(&ends->local, ends->local_len, out);
    return named && ends->peer_len > 0 ? WAIT_CLIENT : WAIT_UNIX;
}

/* A client's own port says nothing and there are thousands of them: it is named by ours. */
static enum wait_kind name_inet_ends(
    struct socket_names *s, pid_t pid, const struct ends *ends, uint64_t now_ns, struct strbuf *out)
{
    const bool accepted =
        ends->protocol == IPPROTO_TCP && ends->peer_len > 0 &&
        was_accepted(s, pid, socket_port_of(&ends->local), socket_port_of(&ends->peer), now_ns);
    if (ends->peer_len > 0 && !accepted)
        socket_name_of(&ends->peer, ends->peer_len, out);
    else
        name_local(ends, out);
    if (accepted)
        return WAIT_CLIENT;
    if (ends->protocol == IPPROTO_UDP)
        return WAIT_UDP;
    return ends->protocol == IPPROTO_TCP ? WAIT_TCP : WAIT_UNKNOWN;
}

bool socket_names_find(struct socket_names *s, pid_t pid, int fd, uint64_t inode, uint64_t now_ns,
    enum wait_kind *ret_kind, struct strbuf *out)
{
    struct ends ends;
    if (!ends_from_socket(pid, fd, &ends) && !ends_from_list(s, inode, now_ns, &ends))
        return false;
    if (ends.listens) {
        name_local(&ends, out);
        *ret_kind = WAIT_ACCEPT;
        return true;
    }
    switch (ends.local.ss_family) {
    case AF_UNIX:
        *ret_kind = name_unix_ends(&ends, out);
        return true;
    case AF_INET:
    case AF_INET6:
        *ret_kind = name_inet_ends(s, pid, &ends, now_ns, out);
        return true;
    case AF_NETLINK:
        strbuf_adds(out, "netlink");
        break;
    default:
        strbuf_adds(out, "socket");
        break;
    }
    *ret_kind = WAIT_UNKNOWN;
    return true;
}

/* ---- the whole ---- */

static void read_ephemeral(struct socket_names *s)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    uint64_t low, high;
    s->ephemeral_low = 32768; /* ip(7) */
    s->ephemeral_high = 60999;
    if (!file_read("/proc/sys/net/ipv4/ip_local_port_range", 64, &text, NULL))
        return;
    struct slice rest = slice_trim(strbuf_slice(&text)), first;
    if (!slice_split(&rest, '\t', &first) || !slice_to_u64(first, 10, &low) ||
        !slice_to_u64(slice_trim(rest), 10, &high) || low > UINT16_MAX || high > UINT16_MAX)
        return;
    s->ephemeral_low = (uint16_t)low;
    s->ephemeral_high = (uint16_t)high;
}

struct socket_names *socket_names_new(void)
{
    struct socket_names *s = xcalloc(1, sizeof *s);
    s->netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    s->own_namespace = network_namespace(getpid());
    /* The kernel answers within send(2) and recv(2); should it not, we go on without. */
    const struct timeval limit = { .tv_usec = 100000 };
    if (s->netlink >= 0)
        setsockopt(s->netlink, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    read_ephemeral(s);
    return s;
}

void socket_names_free(struct socket_names *s)
{
    if (!s)
        return;
    close_fd(&s->netlink);
    vec_done(&s->listening);
    vec_done(&s->everything);
    vec_done(&s->foreign);
    free(s);
}
