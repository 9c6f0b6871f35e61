// SPDX-License-Identifier: MIT
/*
 * The source that takes what Node.js processes write through the channel (node_channel.h): pauses
 * of the collector, heap, delay of the loop. Files grow while prof reads them and outlive their
 * writer's death by any signal. Whatever is in that folder came from the target and is doubted.
 */
#include "record/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "profile/evidence.h"
#include "record/node_channel.h"
#include "record/node_record.h"
#include "record/procfs_read.h"

#define BEAT_NS (NS_PER_S / 4)

enum {
    FILES_MAX = 1024,
    ENTRIES_MAX = 4096,        /* looked at in the folder */
    RECORDS_PER_READ = 512,    /* 32 KiB */
    READS_PER_BEAT = 64,       /* of one file: 8 MiB/s, far more than the script writes */
    TRIES_MAX = 40,            /* beats until the process must be known */
    FILE_BYTES_MAX = 64 << 20, /* as in the script */
};

/* What one process writes. */
struct node_file {
    char *name;
    uint64_t offset;
    bool ended; /* wrong, or its process is gone and all was read */
    bool known; /* the header was right, and so was the process that it names */
    uint32_t tries;
    struct node_scope scope;
    pid_t pid;
};

struct node_source {
    struct recorder *recorder;
    uint64_t next_ns;
    struct timespec folder_changed;
    VEC(struct node_file) files;
};

static void *node_start(struct recorder *r, struct err *e)
{
    (void)e;
    struct node_source *s = xcalloc(1, sizeof *s);
    s->recorder = r;
    return s;
}

static bool have_file(const struct node_source *s, const char *name)
{
    for (size_t i = 0; i < s->files.len; i++)
        if (slice_is(slice_of(s->files.ptr[i].name), name))
            return true;
    return false;
}

/* New files appear only when the folder has changed. */
static void look_for_files(struct node_source *s)
{
    const int data_fd = s->recorder->node->data_fd;
    struct stat st;
    if (fstat(data_fd, &st) != 0 || (st.st_mtim.tv_sec == s->folder_changed.tv_sec &&
                                        st.st_mtim.tv_nsec == s->folder_changed.tv_nsec))
        return;
    s->folder_changed = st.st_mtim;
    const int fd = openat(data_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *entry;
    for (int i = 0; dir && i < ENTRIES_MAX && (entry = readdir(dir)); i++) {
        if (entry->d_name[0] == '.' || s->files.len >= FILES_MAX || have_file(s, entry->d_name))
            continue;
        vec_push(&s->files, ((struct node_file){ .name = xstrdup(entry->d_name) }));
    }
    if (dir)
        closedir(dir);
}

/* The number in the header is the one that the process has in its own namespace. */
static struct tracked_process *find_process(struct recorder *r, pid_t inner)
{
    struct tracked_process *direct = processes_find(&r->processes, inner);
    if (direct && procfs_inner_pid(inner) == inner)
        return direct;
    for (size_t i = 0; i < r->processes.list.len; i++) {
        struct tracked_process *p = &r->processes.list.ptr[i];
        if (p->alive && procfs_inner_pid(p->pid) == inner)
            return p;
    }
    return NULL;
}

/* False: the process is not known. A file may be heard of before the fork that led to it. */
static bool take_header(struct node_source *s, struct node_file *f, pid_t inner)
{
    struct recorder *r = s->recorder;
    struct tracked_process *p = find_process(r, inner);
    if (!p)
        return false;
    f->pid = p->pid;
    f->scope.process = processes_row(&r->processes, p);
    const struct tracked_thread *main_thread =
        processes_thread(&r->processes, p->pid, p->pid, clock_monotonic_ns());
    if (main_thread)
        f->scope.thread = main_thread->row;
    f->known = true;
    return true;
}

/* How many of these records are done with. */
static size_t take_records(
    struct node_source *s, struct node_file *f, const struct node_record *records, size_t count)
{
    int32_t inner;
    size_t i = 0;
    if (!f->known) {
        f->ended = !node_record_header(&records[0], &inner) || ++f->tries > TRIES_MAX;
        if (f->ended || !take_header(s, f, inner))
            return 0;
        i = 1;
    }
    f->scope.from_ns = s->recorder->from_ns;
    f->scope.to_ns = s->recorder->to_ns;
    for (; i < count; i++)
        node_record_apply(s->recorder->profile, &f->scope, &records[i]);
    return count;
}

/* Whole records only: the rest of one may still be on its way. */
static void read_file(struct node_source *s, struct node_file *f)
{
    PROF_CLEANUP(close_fd)
    int fd =
        openat(s->recorder->node->data_fd, f->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_nlink != 1) {
        f->ended = true;
        return;
    }
    PROF_CLEANUP(free_ptr)
    struct node_record *records = xcalloc(RECORDS_PER_READ, sizeof *records);
    for (int i = 0; i < READS_PER_BEAT && !f->ended && f->offset < FILE_BYTES_MAX; i++) {
        const ssize_t got =
            pread(fd, records, RECORDS_PER_READ * sizeof *records, (off_t)f->offset);
        const size_t count = got > 0 ? (size_t)got / sizeof *records : 0;
        const size_t taken = count > 0 ? take_records(s, f, records, count) : 0;
        if (taken == 0)
            break;
        f->offset += taken * sizeof *records;
    }
}

static bool some_told(const struct node_source *s)
{
    for (size_t i = 0; i < s->files.len; i++)
        if (s->files.ptr[i].known)
            return true;
    return false;
}

/* Only where there was a Node.js that could have told: others lack nothing. When one has, those
 * that have not are package managers and the like, which are not meant to. */
static void note_missing(const struct node_source *s)
{
    const struct recorder *r = s->recorder;
    static const char what[] = "pauses of the JavaScript collector, the heap's size and the loop's "
                               "own delay were not recorded";
    static const char how[] = "let prof start the program, without --no-runtime-env";
    const char *why = "the process loaded no script of prof's: it was started without the "
                      "environment, ended at once, or may not read files";
    if (!r->options->argv)
        why = "prof was attached to a process that ran already";
    else if (r->options->no_runtime_env)
        why = "--no-runtime-env was given";
    else if (!r->node->folder)
        why = "Node's permission model forbids it to load prof's script, or there is no folder for "
              "temporary files";
    bool missing = false;
    if (some_told(s))
        return;
    for (uint32_t i = 1; i < profile_process_count(r->profile); i++) {
        const struct process_id id = { i };
        missing |= slice_is(profile_fact(r->profile, id, "runtime"), "node");
    }
    if (missing)
        profile_add_note(r->profile, what, why, how);
}

static void node_drain(void *state, uint64_t now_ns, bool last)
{
    struct node_source *s = state;
    if (!last && now_ns < s->next_ns)
        return;
    s->next_ns = now_ns + BEAT_NS;
    if (s->recorder->node->folder)
        look_for_files(s);
    for (size_t i = 0; i < s->files.len; i++) {
        struct node_file *f = &s->files.ptr[i];
        if (f->ended)
            continue;
        /* Asked before reading: what it wrote last is still taken. */
        const bool gone = f->known && !processes_find(&s->recorder->processes, f->pid);
        read_file(s, f);
        f->ended |= gone;
    }
    if (last)
        note_missing(s);
}

static void node_stop(void *state)
{
    struct node_source *s = state;
    if (!s)
        return;
    for (size_t i = 0; i < s->files.len; i++)
        free(s->files.ptr[i].name);
    vec_done(&s->files);
    free(s);
}

const struct source source_node = {
    .name = "node",
    .role = SOURCE_COUNTER,
    .without = "pauses of the JavaScript collector, the heap's size and the loop's delay",
    .doctor_only = true,
    .start = node_start,
    .drain = node_drain,
    .stop = node_stop,
};
