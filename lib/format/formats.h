// SPDX-License-Identifier: MIT
/*
 * The functions that the rows of table.c name. A new format is one file, its lines here, one row
 * there, a golden test and a page (docs/howto/add-a-format.md). The rules that all of them keep are
 * in format.h.
 */
#ifndef PROF_FORMAT_FORMATS_H
#define PROF_FORMAT_FORMATS_H

#include "format/format.h"

/* Frames in a stack that a reader accepts. Programs stay far below; what walks every stack to its
 * root would take very long on a made-up chain. */
enum { IMPORT_DEPTH_MAX = 1 << 15 };

bool native_sniff(struct slice head);
bool native_write(const struct profile *p, const struct format_sink *sink, struct err *e);
struct profile *native_read(struct slice bytes, struct err *e);

bool folded_sniff(struct slice head);
bool folded_write(const struct profile *p, const struct format_sink *sink, struct err *e);
struct profile *folded_read(struct slice bytes, struct err *e);

bool text_write(const struct profile *p, const struct format_sink *sink, struct err *e);
bool markdown_write(const struct profile *p, const struct format_sink *sink, struct err *e);
bool json_write(const struct profile *p, const struct format_sink *sink, struct err *e);
bool pprof_write(const struct profile *p, const struct format_sink *sink, struct err *e);
bool speedscope_write(const struct profile *p, const struct format_sink *sink, struct err *e);

bool perfscript_sniff(struct slice head);
struct profile *perfscript_read(struct slice bytes, struct err *e);

bool cpuprofile_sniff(struct slice head);
struct profile *cpuprofile_read(struct slice bytes, struct err *e);

#endif
