// SPDX-License-Identifier: MIT
/* Files that were compressed to be kept or sent: "perf script | gzip > x.gz". */
#ifndef PROF_FORMAT_GUNZIP_H
#define PROF_FORMAT_GUNZIP_H

#include <stdbool.h>

#include "base/err.h"
#include "base/slice.h"
#include "base/strbuf.h"

bool gunzip_sniff(struct slice head);

/* Appends what the gzip members in bytes hold. A file that is cut is an error: half a text would
 * read as a whole one. */
bool gunzip(struct slice bytes, size_t limit_bytes, struct strbuf *out, struct err *e);

#endif
