// SPDX-License-Identifier: MIT
/*
 * What a thread waits for, as the leaf function of a stack in CHANNEL_WAIT and as the `what` of
 * tallies: an operation on an object. The text form is "OPERATION KIND OBJECT", for example
 *
 *     "read file /srv/data.csv"  "recvfrom tcp 10.0.0.7:5432"  "futex lock 0x7f12ab34"
 *     "epoll_wait loop"          "nanosleep sleep"              "queue cpu"
 *
 * The frame's function has kind FUNC_WAIT, the text form as system_name, and a readable name.
 */
#ifndef PROF_PROFILE_WAIT_H
#define PROF_PROFILE_WAIT_H

#include <stdbool.h>

#include "base/slice.h"
#include "base/strbuf.h"
#include "profile/profile.h"

enum wait_kind {
    WAIT_UNKNOWN, /* off CPU, and nothing says why */
    WAIT_QUEUE,   /* runnable, but another had the CPU */
    WAIT_LOOP,    /* epoll, poll, select, io_uring of an event loop: waits for anything to do */
    WAIT_ACCEPT,
    WAIT_FUTEX, /* a lock, a condition or a join: the frames above tell */
    WAIT_FILE,
    WAIT_SYNC, /* fsync, fdatasync, msync */
    WAIT_PIPE,
    WAIT_TCP,    /* object: the peer, "10.0.0.7:5432" */
    WAIT_CLIENT, /* a socket that was accepted: somebody who asks something of the target; object:
                    our port */
    WAIT_UDP,
    WAIT_UNIX,
    WAIT_TTY,
    WAIT_SLEEP, /* nanosleep, timerfd */
    WAIT_CHILD, /* wait4 and its kin */
    WAIT_EVENT, /* eventfd, signalfd, inotify */
    WAIT_FAULT, /* a page from a file or from swap */
    WAIT_KINDS,
};

const char *wait_kind_id(enum wait_kind kind); /* "file": the second word of the text form */
enum wait_kind wait_kind_of(struct slice id);  /* WAIT_UNKNOWN when it is none */

struct wait {
    enum wait_kind kind;
    struct slice operation; /* "read" */
    struct slice object;    /* may be empty */
};

void wait_text(const struct wait *w, struct strbuf *out); /* appends the text form */
struct wait wait_parse(struct slice text);                /* borrows from text */

/* The frame to put below the innermost frame of a blocked thread. */
struct frame_id wait_frame(struct profile *p, const struct wait *w);

/* Of a stack's leaf. False: the leaf is no wait. */
bool wait_of_stack(const struct profile *p, struct stack_id stack, struct wait *ret_wait);

#endif
