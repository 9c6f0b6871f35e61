// SPDX-License-Identifier: MIT
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/strbuf.h"

static void set_message(struct err *e, enum err_code code, struct strbuf *text)
{
    err_done(e);
    e->code = code;
    e->message = strbuf_take(text);
}

bool err_set(struct err *e, enum err_code code, const char *fmt, ...)
{
    if (!e)
        return false;
    struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    set_message(e, code, &text);
    return false;
}

static enum err_code code_of_errno(int errnum)
{
    switch (errnum) {
    case ENOENT:
    case ENOTDIR:
    case ESRCH:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_PERMISSION;
    case ENOSYS:
    case EOPNOTSUPP:
        return ERR_UNSUPPORTED;
    default:
        return ERR_IO;
    }
}

/* strerror in our manner: lower case unless it is an acronym. */
static void add_errno_text(struct strbuf *text, int errnum)
{
    const char *words = strerrordesc_np(errnum);
    if (!words)
        words = "unknown error";
    char first = words[0];
    bool acronym = first && words[1] >= 'A' && words[1] <= 'Z';
    if (!acronym && first >= 'A' && first <= 'Z')
        first = (char)(first - 'A' + 'a');
    strbuf_addc(text, first);
    strbuf_adds(text, words + 1);
}

bool err_sys(struct err *e, int errnum, const char *fmt, ...)
{
    if (!e)
        return false;
    struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    strbuf_adds(&text, ": ");
    add_errno_text(&text, errnum);
    set_message(e, code_of_errno(errnum), &text);
    return false;
}

bool err_hint(struct err *e, const char *fmt, ...)
{
    if (!e)
        return false;
    struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    free(e->hint);
    e->hint = strbuf_take(&text);
    return false;
}

bool err_wrap(struct err *e, const char *fmt, ...)
{
    if (!e || !e->message)
        return false;
    struct strbuf text = STRBUF_INIT;
    va_list args;
    va_start(args, fmt);
    strbuf_vaddf(&text, fmt, args);
    va_end(args);
    strbuf_adds(&text, ": ");
    strbuf_adds(&text, e->message);
    free(e->message);
    e->message = strbuf_take(&text);
    return false;
}

void err_done(struct err *e)
{
    if (!e)
        return;
    free(e->message);
    free(e->hint);
    *e = (struct err){ 0 };
}
