// SPDX-License-Identifier: MIT
/*
 * What a system call of another process works on: a descriptor becomes a file's path, a pipe, a
 * peer. Answers are remembered for each descriptor and looked up anew when its link in /proc has
 * changed: numbers of descriptors come back. Everything read is the target's word and only text.
 */
#ifndef PROF_RECORD_OBJECTS_H
#define PROF_RECORD_OBJECTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/wait.h"

enum { CALL_ARGS = 6 };

struct call {
    pid_t pid;
    uint64_t number;
    uint64_t args[CALL_ARGS];
};

struct objects;

struct objects *objects_new(void);
void objects_free(struct objects *o);

/* The call as something to wait for. Its slices live until the next call of any function here. */
struct wait objects_of_call(struct objects *o, const struct call *call, uint64_t now_ns);

/* Of a descriptor, without an operation. `fresh`: as found out since objects_doubt(), if it was,
 * because the caller has seen every call since that could have changed it. */
struct wait objects_of_fd(struct objects *o, pid_t pid, int fd, bool fresh, uint64_t now_ns);

/* Calls may have gone unseen: every descriptor is compared with its link once more. */
void objects_doubt(struct objects *o);

/* The descriptor means something else from now on. */
void objects_forget(struct objects *o, pid_t pid, int fd);

/* Gives a descriptor the peer that it is being connected to. */
void objects_set_peer(struct objects *o, pid_t pid, int fd, enum wait_kind kind, struct slice name);

#endif
