// SPDX-License-Identifier: MIT
/*
 * The page's first words, as plain HTML that stays when scripts run: what was measured, the answer
 * in one sentence, how good the data is, and what is missing with the way to get it.
 */
#ifndef PROF_FLAMEGRAPH_HEAD_H
#define PROF_FLAMEGRAPH_HEAD_H

#include "base/strbuf.h"
#include "flamegraph/hottest.h"
#include "flamegraph/page_tree.h"
#include "flamegraph/programs.h"
#include "flamegraph/timeline.h"

struct head_input {
    const struct profile *p;
    const struct page_tree *tree;
    const struct hottest *hottest;
    const struct timeline *line;
    const struct programs *programs;
    const char *title;
};

void head_add(struct strbuf *out, const struct head_input *in);

/* The title that the page goes by: the option's, the profile's, the program's. */
const char *head_title(const struct profile *p, const char *wanted);

/* Parts of it: the verdict alone, one line of figures, and all about the recording. */
void head_verdict(struct strbuf *out, const struct head_input *in);
void head_facts(struct strbuf *out, const struct head_input *in);
void head_about(struct strbuf *out, const struct head_input *in);

#endif
