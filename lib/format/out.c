// SPDX-License-Identifier: MIT
#include "format/out.h"

enum { STEP_BYTES = 64 * 1024 };

struct out out_init(const struct format_sink *sink, struct err *e)
{
    return (struct out){ .sink = sink, .text = STRBUF_INIT, .e = e };
}

static void pass_on(struct out *o)
{
    if (!o->failed && o->text.len)
        o->failed = !o->sink->write(o->sink->ctx, o->text.ptr, o->text.len, o->e);
    strbuf_clear(&o->text);
}

void out_step(struct out *o)
{
    if (o->text.len >= STEP_BYTES)
        pass_on(o);
}

bool out_finish(struct out *o)
{
    pass_on(o);
    strbuf_done(&o->text);
    return !o->failed;
}
