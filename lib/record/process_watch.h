// SPDX-License-Identifier: MIT
/*
 * What /proc says of one process, over time: memory, faults, I/O, context switches, descriptors.
 * Its files are kept open and read in place, which costs a fifth of opening them each time.
 */
#ifndef PROF_RECORD_PROCESS_WATCH_H
#define PROF_RECORD_PROCESS_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profile/profile.h"
#include "record/fd_table.h"
#include "record/procfs_read.h"

enum watched_series {
    WATCHED_CPU,
    WATCHED_RSS,
    WATCHED_ANON,
    WATCHED_SWAP,
    WATCHED_FAULTS_MINOR,
    WATCHED_FAULTS_MAJOR,
    WATCHED_SWITCHES_VOLUNTARY,
    WATCHED_SWITCHES_FORCED,
    WATCHED_THREADS,
    WATCHED_FDS,
    WATCHED_FDS_FILE,
    WATCHED_FDS_SOCKET,
    WATCHED_FDS_PIPE,
    WATCHED_FDS_OTHER,
    WATCHED_IO_READ,
    WATCHED_IO_WRITE,
    WATCHED_IO_READ_CALLS,
    WATCHED_IO_WRITE_CALLS,
    WATCHED_IO_READ_CHARS,
    WATCHED_IO_WRITE_CHARS,
    WATCHED_LISTEN_BACKLOG,
    WATCHED_SEND_QUEUE,
    WATCHED_CLOSE_WAIT,
    WATCHED_KINDS,
};

/* Counts of a thread's context switches: the last ones, and those from before the recording. */
struct thread_switches {
    pid_t tid;
    uint64_t voluntary, forced;
    uint64_t voluntary_before, forced_before;
};

struct process_watch {
    struct profile *profile;
    struct process_id row;
    pid_t pid;
    bool ran_before; /* the recording began: what its threads have counted until then is history */
    struct series_id series[WATCHED_KINDS];
    bool has_series[WATCHED_KINDS];
    int stat_fd, status_fd, io_fd;       /* -1: opened for each look */
    struct procfs_stat stat;             /* of the last look */
    VEC(struct thread_switches) threads; /* that lived at the last look */
    uint64_t ended_voluntary, ended_forced;
    struct fd_table fds;
    uint64_t began_ns, next_fds_ns;
    struct string_id facts_exe; /* the program when facts were looked up */
    uint32_t facts_looks;       /* since then */
};

/* keep_open: there are descriptors to spare. */
void process_watch_init(
    struct process_watch *w, struct profile *p, struct process_id row, pid_t pid, bool keep_open);
void process_watch_done(struct process_watch *w);

/* CPU time, of its own and of the children that it has waited for, as of the last look. */
uint64_t process_watch_own_ns(const struct process_watch *w);
uint64_t process_watch_children_ns(const struct process_watch *w);

/* CPU time and memory. False: the process has ended. */
bool process_watch_basics(struct process_watch *w, uint64_t now_ns);

/* Everything else. */
void process_watch_details(struct process_watch *w, uint64_t now_ns);

/* Text of a thread's status file. */
void process_watch_thread(struct process_watch *w, pid_t tid, struct slice status);
void process_watch_thread_ended(struct process_watch *w, pid_t tid);

void process_watch_add(
    struct process_watch *w, enum watched_series kind, uint64_t now_ns, double value);

#endif
