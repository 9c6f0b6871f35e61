// SPDX-License-Identifier: MIT
/*
 * Finds the very file that a process has mapped: it may have been deleted, replaced by a new build,
 * or lie in another mount namespace. What is opened is a regular file with the mapping's build id
 * (or inode), or it is not used at all.
 */
#ifndef PROF_RECORD_MODULE_OPEN_H
#define PROF_RECORD_MODULE_OPEN_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/file.h"
#include "record/perf_record.h"
#include "symbol/elf.h"

#define MODULE_DELETED_SUFFIX " (deleted)"

/*
 * Returns a descriptor, or -1 with everything empty. ret_bytes is mapped, under fault_guard, and
 * ret_elf a view of it; ret_deleted says that the path no longer names the file that is mapped.
 */
int module_open(pid_t pid, const struct perf_map *map, struct file_map *ret_bytes,
    struct elf **ret_elf, bool *ret_deleted);

/* Opens an absolute path as a process sees it, never leaving its root. -1 with errno. */
int open_in_root(pid_t pid, const char *path, int flags);

#endif
