// SPDX-License-Identifier: MIT
#include "analyze/answers.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

enum answer answer_healthy(struct finding *f, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_vaddf(&text, format, args);
    va_end(args);
    finding_say(&f->summary, "%s", text.ptr);
    return ANSWER_HEALTHY;
}

enum answer answer_unseen(struct finding *f, const char *what, const char *why, const char *how)
{
    finding_say(&f->summary, "%s", what);
    finding_say(&f->detail, "%s", why);
    finding_say(&f->advice, "%s", how);
    return ANSWER_UNSEEN;
}

enum answer answer_no_waits(struct finding *f, const char *what)
{
    return answer_unseen(f, what, "what threads wait for was not recorded",
        "record with prof doctor; it reads the stacks of waiting threads of the same user");
}

enum confidence confidence_by(const struct observed *o, bool enough)
{
    return enough && !o->starved && !o->throttled ? CONFIDENCE_LIKELY : CONFIDENCE_POSSIBLE;
}

void blame_without_kernel(const struct observed *o, struct finding *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < f->guilty.len; i++) {
        enum func_kind kind = profile_func(o->profile, f->guilty.ptr[i].func)->kind;
        if (kind != FUNC_KERNEL && kind != FUNC_WAIT)
            f->guilty.ptr[kept++] = f->guilty.ptr[i];
    }
    f->guilty.len = kept ? kept : f->guilty.len;
}
