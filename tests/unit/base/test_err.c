// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>

#include "base/err.h"

Test(err, names_the_cause_in_lower_case_and_keeps_acronyms)
{
    struct err e = { 0 };
    cr_assert(not(err_sys(&e, EACCES, "cannot open '%s'", "x")));
    cr_assert(eq(str, e.message, "cannot open 'x': permission denied"));
    cr_assert(eq(int, e.code, ERR_PERMISSION));
    err_sys(&e, EIO, "cannot read");
    cr_assert(eq(str, e.message, "cannot read: input/output error"));
    err_done(&e);
    cr_assert(e.message == NULL);
}

Test(err, context_comes_first_and_the_hint_stays)
{
    struct err e = { 0 };
    err_set(&e, ERR_FORMAT, "line %d is empty", 3);
    err_hint(&e, "remove it");
    err_wrap(&e, "'%s'", "in.folded");
    cr_assert(eq(str, e.message, "'in.folded': line 3 is empty"));
    cr_assert(eq(str, e.hint, "remove it"));
    err_done(&e);
}

Test(err, nobody_listening_is_fine)
{
    cr_assert(not(err_set(NULL, ERR_IO, "lost")));
    cr_assert(not(err_wrap(NULL, "x")));
    err_done(NULL);
}
