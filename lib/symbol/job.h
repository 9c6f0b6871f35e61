// SPDX-License-Identifier: MIT
/*
 * The naming of one module's addresses, in two steps: job_open() finds and maps the files while the
 * worker still may open files (own, bounds-checked code only), job_run() reads them in the sandbox.
 */
#ifndef PROF_SYMBOL_JOB_H
#define PROF_SYMBOL_JOB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/vec.h"
#include "symbol/demangle.h"
#include "symbol/image.h"
#include "symbol/lookup.h"
#include "symbol/wire.h"

/* How much is tried: less after each time that a worker died of the module. */
enum job_depth {
    JOB_DEPTH_FULL,    /* symbols, lines and inline frames */
    JOB_DEPTH_SYMBOLS, /* no DWARF */
    JOB_DEPTH_PLAIN,   /* no demangling by the C++ library either */
    JOB_DEPTH_NONE,    /* given up */
};

struct job {
    struct module_id module;
    enum module_kind kind;
    enum job_depth depth;
    char *path; /* of the file, or of the perf map; owned */
    struct slice build_id;
    bool deleted;
    int fd; /* -1: open path */
    int32_t owner_uid;
    const uint64_t *addresses; /* rising, unique; borrowed */
    uint32_t count;

    /* Set by job_open(). */
    struct image main, debug, alternate;
    int text_fd;   /* perf map or kallsyms; -1 */
    char *why_not; /* nothing could be opened: the reason, owned */
    char *how;
};

struct job_options {
    bool no_inline;
    uint32_t timeout_ms;
};

void job_open(struct job *job);
bool job_wants_cxx(const struct job *job);
void job_done(struct job *job);

/* Reads everything and writes the RESULT message. */
void job_run(struct job *job, uint32_t number, const struct job_options *options,
    const struct demangler *demangler, struct wire_writer *out);

#endif
