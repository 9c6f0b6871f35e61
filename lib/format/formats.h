// SPDX-License-Identifier: MIT
/*
 * The functions that the rows of table.c name. A new format is one file, its lines here, one row
 * there, a golden test and a page (docs/howto/add-a-format.md). The rules that all of them keep are
 * in format.h.
 */
#ifndef PROF_FORMAT_FORMATS_H
#define PROF_FORMAT_FORMATS_H

#include "format/format.h"

bool native_sniff(struct slice head);
bool native_write(const struct profile *p, const struct format_sink *sink, struct err *e);
struct profile *native_read(struct slice bytes, struct err *e);

bool folded_sniff(struct slice head);
bool folded_write(const struct profile *p, const struct format_sink *sink, struct err *e);
struct profile *folded_read(struct slice bytes, struct err *e);

#endif
