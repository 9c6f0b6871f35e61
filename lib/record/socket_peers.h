// SPDX-License-Identifier: MIT
/*
 * Whom the processes under observation talk to over TCP, how often they exchange something and how
 * long an answer takes, as the kernel has counted it for each connection. Pure bookkeeping from
 * rows of sockets.h; needs no rights, and sees no contents.
 *
 * An exchange is a segment with data in each direction: a question that needs several is as many as
 * its answer has, and the other way round; questions that are sent together are one.
 *
 * The time from question to answer is known by two lower bounds, of which the larger one counts:
 *   - the kernel's own account of how long something was sent that was not acknowledged. An answer
 *     acknowledges the question, unless it takes longer than the 40 ms for which the other side's
 *     kernel puts that off;
 *   - at each look, the connections on which the last that moved went out: as many as are open on
 *     average, times the time, are the open times of all (Little's law).
 *
 * Connections that are closed soon are seen by chance. Those who have closed first are kept by the
 * kernel for a minute (TIME_WAIT), which counts them, but not whose they were: they count for a
 * process that was seen with short connections to that peer.
 */
#ifndef PROF_RECORD_SOCKET_PEERS_H
#define PROF_RECORD_SOCKET_PEERS_H

#include <stdbool.h>
#include <stdint.h>

#include "profile/evidence.h"
#include "record/sockets.h"

struct socket_peers;

/* launched: all connections begin within the recording; else what those have moved that are there
 * at the first look is history. */
struct socket_peers *socket_peers_new(uint64_t now_ns, bool launched);
void socket_peers_free(struct socket_peers *s); /* NULL is ignored */

/* A look: each connection of a process once, in any order; at its end those that are gone are
 * known. accepted: the other side has called. Process 0: whose it is, is known from before. Between
 * looks a connection may be seen too. */
void socket_peers_begin(struct socket_peers *s, uint64_t now_ns);
void socket_peers_see(struct socket_peers *s, struct process_id process,
    const struct socket_row *row, bool accepted, uint64_t now_ns);
void socket_peers_end(struct socket_peers *s);

/* Any connection was ever seen. */
bool socket_peers_any(const struct socket_peers *s);

bool socket_peers_knows(const struct socket_peers *s, uint64_t inode);

/* It has been seen for so long that it is no short one. */
bool socket_peers_is_kept(const struct socket_peers *s, uint64_t inode, uint64_t now_ns);

/* The process calls others for a moment, again and again: its descriptors change all the time. */
bool socket_peers_calls_often(const struct socket_peers *s, struct process_id process);

/* Some process does: rows in TIME_WAIT are worth a look. */
bool socket_peers_wants_closed(const struct socket_peers *s);

/* A look at TIME_WAIT: every row, then the end. */
void socket_peers_see_closed(struct socket_peers *s, const struct socket_row *row, uint64_t now_ns);
void socket_peers_end_closed(struct socket_peers *s, uint64_t now_ns);

/* Writes tallies and facts; once, at the end. */
void socket_peers_say(struct socket_peers *s, struct profile *p);

#endif
