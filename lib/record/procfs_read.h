// SPDX-License-Identifier: MIT
/* What /proc says of a process. False or 0: it has ended, or may not be read. No state. */
#ifndef PROF_RECORD_PROCFS_READ_H
#define PROF_RECORD_PROCFS_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/strbuf.h"
#include "base/vec.h"

struct pid_list {
    pid_t *ptr;
    size_t len, cap;
};

/* A number in /proc/sys, by its path there: "kernel/perf_event_paranoid". */
bool procfs_setting(const char *name, int64_t *ret_value);

/* Whole text of /proc/PID/NAME. */
bool procfs_read(pid_t pid, const char *name, size_t limit_bytes, struct strbuf *out);
bool procfs_link(pid_t pid, const char *name, struct strbuf *out);

bool procfs_threads(pid_t pid, struct pid_list *ret_tids);
void procfs_thread_name(pid_t pid, pid_t tid, struct strbuf *out);
pid_t procfs_parent(pid_t pid);
pid_t procfs_inner_pid(pid_t pid); /* its number in its own namespace, for perf maps */

/* Processes that descend from pid, itself first; `except` and what descends from it left out. */
void procfs_family(pid_t pid, pid_t except, struct pid_list *ret_pids);

struct procfs_stat {
    char state;
    pid_t parent;
    uint64_t user_ns, kernel_ns;                   /* in steps of a clock tick */
    uint64_t children_user_ns, children_kernel_ns; /* of those it has waited for */
    uint64_t rss_bytes;
    uint64_t minor_faults, major_faults; /* of all its threads, ended ones too */
    uint64_t threads;
};

/* tid 0: the whole process. */
bool procfs_stat(pid_t pid, pid_t tid, struct procfs_stat *ret_stat);

/* A file of a thread, to be kept open and read in place; -1 with errno. */
int procfs_open_thread(pid_t pid, pid_t tid, const char *name);

/* A thread's schedstat, open: what it has run and stood in the queue for, in all. False: it has
 * ended, or the kernel has no account (CONFIG_SCHED_INFO). */
bool procfs_schedstat(int fd, uint64_t *ret_on_cpu_ns, uint64_t *ret_queued_ns);

/* Text of a stat file -> numbers; the name in it may hold blanks and brackets. */
bool procfs_parse_stat(struct slice text, struct procfs_stat *ret_stat);

/* "Key:\tnumber [kB]" in a status file; false: not there (kernel threads have no memory). */
bool procfs_parse_status(struct slice text, const char *key, uint64_t *ret_number);

struct procfs_io {
    uint64_t read_chars, write_chars, read_calls, write_calls; /* system calls, files or not */
    uint64_t read_bytes, write_bytes;                          /* from and to storage */
};

bool procfs_parse_io(struct slice text, struct procfs_io *ret_io);

#endif
