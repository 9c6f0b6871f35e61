// SPDX-License-Identifier: MIT
/* Figures and places as people read them: "61 %", "1.24 s", "1,204,311", "app.js:12". */
#ifndef PROF_FLAMEGRAPH_WORDS_H
#define PROF_FLAMEGRAPH_WORDS_H

#include <stdint.h>

#include "base/strbuf.h"
#include "profile/profile.h"

void words_percent(struct strbuf *out, uint64_t part, uint64_t whole);
void words_add_count(struct strbuf *out, uint64_t value);
void words_duration(struct strbuf *out, uint64_t ns);
void words_add_bytes(struct strbuf *out, uint64_t bytes);
/* A value in a unit of the doctor: "ns", "bytes", "bytes/s", "share", "1/s", "count". */
void words_value(struct strbuf *out, double value, const char *unit);
void words_weight(struct strbuf *out, uint64_t weight, uint64_t weight_unit);

/* What the percentages are of: "CPU time", "samples", "bytes". */
const char *words_metric(const struct profile_meta *m);

/* As HTML: the function's name, shortened; "file:line" or the module's name; "" when unknown. */
void words_func_html(struct strbuf *out, const struct profile *p, uint32_t func);
void words_place_html(struct strbuf *out, const struct profile *p, uint32_t func);

#endif
