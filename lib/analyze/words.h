// SPDX-License-Identifier: MIT
/*
 * Numbers as people say them, for the sentences of findings: "412 ms", "71 %", "12,345", "3.4 MB".
 * A word is a value, so that it can stand among printf's arguments: words_ns(t).text.
 *
 * Units of proofs and charts are the rows of words_of(): "ns", "bytes", "bytes/s", "share", "1/s",
 * "count", "cores"; any other is written behind the number as it is.
 */
#ifndef PROF_ANALYZE_WORDS_H
#define PROF_ANALYZE_WORDS_H

#include <stdint.h>

#include "analyze/observed.h"
#include "base/strbuf.h"

struct word {
    char text[40];
};

struct word words_ns(double ns);
struct word words_bytes(double bytes);
struct word words_share(double share);                 /* of 1 */
struct word words_count(double count);                 /* whole, thousands apart */
struct word words_cores(double cores);                 /* "0.9 of a core", "1.7 cores" */
struct word words_cores_of(double part, double whole); /* "1.7 of 2 cores" */
struct word words_seconds(double seconds);
struct word words_of(double value, const char *unit);
const char *words_times(uint64_t n); /* "once" is said by none: "time" or "times" */

/* "fib (server.js:3)", "tcp_sendmsg [kernel]": with the base name of the file. */
void words_func(const struct observed *o, struct func_id func, uint32_t line, struct strbuf *out);

/* "node (pid 12)"; "worker 3 of node (pid 12)" for a thread that is not the main one. */
void words_process(const struct observed *o, struct process_id process, struct strbuf *out);
void words_thread(
    const struct observed *o, const struct observed_thread *thread, struct strbuf *out);

#endif
