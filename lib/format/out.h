// SPDX-License-Identifier: MIT
/*
 * What writers write through: text gathers in a buffer and goes to the sink in large pieces. The
 * first failure sticks; a writer calls out_step() now and then and returns out_finish().
 *
 *     struct out o = out_init(sink, e);
 *     for (...) { strbuf_addf(&o.text, ...); out_step(&o); }
 *     return out_finish(&o);
 */
#ifndef PROF_FORMAT_OUT_H
#define PROF_FORMAT_OUT_H

#include "base/strbuf.h"
#include "format/format.h"

struct out {
    const struct format_sink *sink;
    struct strbuf text;
    struct err *e;
    bool failed;
};

struct out out_init(const struct format_sink *sink, struct err *e);
void out_step(struct out *o);   /* passes the text on when it has become large */
bool out_finish(struct out *o); /* passes the rest on and releases the buffer */

#endif
