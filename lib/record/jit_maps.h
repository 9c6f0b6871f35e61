// SPDX-License-Identifier: MIT
/*
 * Perf maps: /tmp/perf-PID.map, in which a runtime names the code it has generated. Opened while
 * the process lives, through its own root and by its own number there, because both are gone later.
 * Files that the target can write: never followed when a link, regular, owned by the target's user
 * or root.
 */
#ifndef PROF_RECORD_JIT_MAPS_H
#define PROF_RECORD_JIT_MAPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/vec.h"
#include "profile/profile.h"
#include "record/modules.h"
#include "record/v8_logs.h"

struct jit_map {
    pid_t pid, inner_pid;
    struct module_id module;
    int fd; /* -1: not there yet */
    uid_t uid;
};

struct jit_maps {
    VEC(struct jit_map) list;
    bool ours;       /* we told the runtimes to write them: remove them in the end */
    int64_t since_s; /* older files are not ours */
    struct v8_logs v8_logs;
};

/* A process runs another program from now on, perhaps one that generates code. */
void jit_maps_started(struct jit_maps *maps, pid_t pid);

/* A process was seen executing generated code. */
void jit_maps_add(struct jit_maps *maps, pid_t pid, struct module_id module);

/* Tries again for those that were not there yet. */
void jit_maps_retry(struct jit_maps *maps);

/* A process has ended: its map, if any, is complete. Removes the file when it is ours. */
void jit_maps_end(struct jit_maps *maps, pid_t pid);

void jit_maps_add_sources(const struct jit_maps *maps, struct symbol_source_list *out);

/* Processes that were seen in generated code and whose map never appeared. */
uint32_t jit_maps_missing(const struct jit_maps *maps);

/* Removes what V8 wrote beside its maps, too. */
void jit_maps_done(struct jit_maps *maps);

#endif
