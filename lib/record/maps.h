// SPDX-License-Identifier: MIT
/* Reads /proc/PID/maps text: a line is "start-end perms offset major:minor inode   path". Pure. */
#ifndef PROF_RECORD_MAPS_H
#define PROF_RECORD_MAPS_H

#include <stdbool.h>

#include "base/slice.h"
#include "record/perf_record.h"

/* One line, without its newline, as the record that mmap would have written. False: not a mapping.
 */
bool maps_parse_line(struct slice line, struct perf_map *ret_map);

#endif
