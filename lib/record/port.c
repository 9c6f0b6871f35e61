// SPDX-License-Identifier: MIT
#include "record/port.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

enum { NET_FILE_MAX = 16 << 20, FDS_MAX = 65536 };

/* "sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode ..." (proc_net_tcp.txt)
 */
static bool parse_line(struct slice line, struct listening *ret)
{
    slice_take_word(&line);
    const struct slice local = slice_take_word(&line);
    slice_take_word(&line);
    const bool listens = slice_is(slice_take_word(&line), "0A");
    for (int i = 0; i < 5; i++)
        slice_take_word(&line);
    uint64_t inode = 0, port = 0;
    const size_t colon = slice_rfind(local, ':');
    if (!listens || colon == local.len || !slice_to_u64(slice_take_word(&line), 10, &inode) ||
        !slice_to_u64(slice_skip(local, colon + 1), 16, &port) || port > UINT16_MAX)
        return false;
    *ret = (struct listening){ .inode = inode, .port = (uint16_t)port };
    return port > 0 && inode > 0;
}

void port_parse(struct slice text, struct listening_list *out)
{
    struct slice line;
    while (slice_split(&text, '\n', &line)) {
        struct listening found;
        if (parse_line(line, &found))
            vec_push(out, found);
    }
}

static void read_table(pid_t pid, const char *name, struct listening_list *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (procfs_read(pid, name, NET_FILE_MAX, &text))
        port_parse(strbuf_slice(&text), out);
}

/* "socket:[12345]" */
static uint64_t socket_inode(pid_t pid, const char *fd)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf link = STRBUF_INIT;
    strbuf_addf(&name, "fd/%s", fd);
    uint64_t inode = 0;
    if (!procfs_link(pid, name.ptr, &link) || !slice_starts(strbuf_slice(&link), "socket:["))
        return 0;
    struct slice number = slice_skip(strbuf_slice(&link), strlen("socket:["));
    number.len = slice_find(number, ']');
    return slice_to_u64(number, 10, &inode) ? inode : 0;
}

static uint16_t port_of_inode(const struct listening_list *list, uint64_t inode)
{
    for (size_t i = 0; i < list->len; i++)
        if (inode && list->ptr[i].inode == inode)
            return list->ptr[i].port;
    return 0;
}

/* Of several, the one with the lowest descriptor: it was opened first. */
static uint16_t find_in(pid_t pid, const struct listening_list *list)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/fd", (int)pid);
    DIR *dir = list->len > 0 ? opendir(path.ptr) : NULL;
    uint16_t best = 0;
    uint64_t best_fd = UINT64_MAX;
    const struct dirent *entry;
    for (int i = 0; dir && i < FDS_MAX && (entry = readdir(dir)); i++) {
        uint64_t fd;
        if (!slice_to_u64(slice_of(entry->d_name), 10, &fd) || fd >= best_fd)
            continue;
        const uint16_t port = port_of_inode(list, socket_inode(pid, entry->d_name));
        if (port) {
            best = port;
            best_fd = fd;
        }
    }
    if (dir)
        closedir(dir);
    return best;
}

uint16_t port_find(const struct pid_list *pids)
{
    for (size_t i = 0; i < pids->len; i++) {
        struct listening_list list = { 0 };
        read_table(pids->ptr[i], "net/tcp", &list);
        read_table(pids->ptr[i], "net/tcp6", &list);
        const uint16_t port = find_in(pids->ptr[i], &list);
        vec_done(&list);
        if (port)
            return port;
    }
    return 0;
}
