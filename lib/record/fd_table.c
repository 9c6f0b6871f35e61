// SPDX-License-Identifier: MIT
#include "record/fd_table.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/strbuf.h"

enum {
    FDS_MAX = 65536,
    NEW_PER_LOOK = 4096, /* 1-2 us each */
    OLD_PER_LOOK = 256,
    LINK_BYTES = 64, /* enough to tell kinds and for the number of a socket */
};

enum fd_kind fd_kind_of(struct slice link, uint64_t *ret_inode)
{
    static const char socket_head[] = "socket:[";
    *ret_inode = 0;
    if (slice_starts(link, socket_head)) {
        struct slice number = slice_skip(link, sizeof socket_head - 1);
        number.len = slice_find(number, ']');
        slice_to_u64(number, 10, ret_inode);
        return FD_SOCKET;
    }
    if (slice_starts(link, "pipe:["))
        return FD_PIPE;
    /* Devices are no files: a terminal or /dev/null that is open tells nothing. */
    if (slice_starts(link, "/") && !slice_starts(link, "/dev/"))
        return FD_FILE;
    return FD_OTHER;
}

uint64_t fd_count(pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/fd", (int)pid);
    struct stat st; /* proc_pid_fd(5): since Linux 6.2 the size is the number of descriptors */
    return stat(path.ptr, &st) == 0 && st.st_size > 0 ? (uint64_t)st.st_size : 0;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = ((const struct fd_entry *)a)->number;
    const uint32_t y = ((const struct fd_entry *)b)->number;
    return (x > y) - (x < y);
}

static void look_up(int folder, const char *name, struct fd_entry *entry)
{
    char link[LINK_BYTES];
    const ssize_t len = readlinkat(folder, name, link, sizeof link);
    entry->kind =
        len > 0 ? fd_kind_of((struct slice){ link, (size_t)len }, &entry->inode) : FD_OTHER;
}

static const struct fd_entry *find(const struct fd_table *t, uint32_t number)
{
    const struct fd_entry key = { .number = number };
    if (t->entries.len == 0)
        return NULL;
    return bsearch(&key, t->entries.ptr, t->entries.len, sizeof key, by_number);
}

struct look {
    struct fd_table fresh;
    uint32_t looked_up, turned;
};

static void see(struct look *look, const struct fd_table *old, int folder, const char *name)
{
    uint64_t number;
    if (!slice_to_u64(slice_of(name), 10, &number) || number > UINT32_MAX)
        return;
    struct fd_entry entry = { .number = (uint32_t)number, .kind = FD_OTHER };
    const struct fd_entry *known = find(old, entry.number);
    const bool turn = known && entry.number >= old->next_old && look->turned < OLD_PER_LOOK;
    if (known && !turn) {
        entry = *known;
    } else if (turn || look->looked_up < NEW_PER_LOOK) {
        look_up(folder, name, &entry);
        look->turned += turn;
        look->looked_up += !turn;
        if (turn)
            look->fresh.next_old = entry.number + 1;
    } else {
        return; /* the next look's */
    }
    look->fresh.counts[entry.kind]++;
    vec_push(&look->fresh.entries, entry);
}

bool fd_table_read(struct fd_table *t, pid_t pid)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/fd", (int)pid);
    DIR *dir = opendir(path.ptr);
    if (!dir)
        return false;
    struct look look = { 0 };
    const struct dirent *entry;
    for (int i = 0; i < FDS_MAX && (entry = readdir(dir)); i++)
        see(&look, t, dirfd(dir), entry->d_name);
    closedir(dir);
    if (look.turned < OLD_PER_LOOK)
        look.fresh.next_old = 0; /* once round */
    if (look.fresh.entries.len > 0)
        qsort(look.fresh.entries.ptr, look.fresh.entries.len, sizeof(struct fd_entry), by_number);
    fd_table_done(t);
    *t = look.fresh;
    return true;
}

void fd_table_done(struct fd_table *t)
{
    vec_done(&t->entries);
    *t = (struct fd_table){ 0 };
}
