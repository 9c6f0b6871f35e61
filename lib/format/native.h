// SPDX-License-Identifier: MIT
/*
 * FILE.prof while it grows: docs/file-format.md. native_writer_flush() appends chunks with what the
 * profile has gained since the last flush, so that a file cut anywhere still reads up to its last
 * whole chunk.
 */
#ifndef PROF_FORMAT_NATIVE_H
#define PROF_FORMAT_NATIVE_H

#include <stdbool.h>

#include "base/err.h"
#include "profile/profile.h"

struct native_writer;

/* Writes the file header to fd (borrowed, positioned at its start). */
struct native_writer *native_writer_new(int fd, struct err *e);

/* Appends what is new once it is worth a chunk: when thousands of samples wait or five seconds have
 * passed. Call it as often as you like, about once a second. After a failed write (disk full) the
 * file is cut back to its last whole chunk and later calls fail too. */
bool native_writer_flush(struct native_writer *w, struct profile *p, struct err *e);

/* Last flush plus the end chunk, which tells a complete file from a cut one. */
bool native_writer_finish(struct native_writer *w, struct profile *p, struct err *e);
void native_writer_free(struct native_writer *w);

#endif
