// SPDX-License-Identifier: MIT
/*
 * Words about a process that rules need and that no sample tells: its language runtime, the values
 * of a few variables, a few words of its command line. Exactly those that are listed in facts.c:
 * anything else may be a secret and is not looked at further.
 */
#ifndef PROF_RECORD_FACTS_H
#define PROF_RECORD_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/slice.h"
#include "base/strbuf.h"
#include "profile/profile.h"

/* Reads /proc/PID/{exe,maps,environ,cmdline} and sets facts of the process. What may not be read is
 * not set. Call it again once libraries are mapped; fresh: it may be another program than before.
 */
void facts_of_process(struct profile *p, struct process_id row, pid_t pid, bool fresh);

/* ---- the pure parts: texts as in /proc, words end with a zero byte ---- */

/* Sets env.NAME for the listed variables that are there. */
void facts_take_environment(struct profile *p, struct process_id row, struct slice environ_text);

/* Appends the listed words among the runtime's own options: those before the script. */
void facts_find_flags(struct slice runtime, struct slice command, struct strbuf *out);

/* The same of a list in a variable: NODE_OPTIONS, JAVA_TOOL_OPTIONS. */
void facts_find_flags_in_list(struct slice runtime, struct slice list, struct strbuf *out);

#endif
