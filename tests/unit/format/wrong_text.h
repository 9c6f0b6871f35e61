// SPDX-License-Identifier: MIT
/* Texts that a reader must refuse, and what its message must then hold. */
#ifndef PROF_TESTS_UNIT_FORMAT_WRONG_TEXT_H
#define PROF_TESTS_UNIT_FORMAT_WRONG_TEXT_H

#include <criterion/criterion.h>
#include <string.h>

#include "format/format.h"

struct wrong_text {
    const char *name; /* of the case */
    const char *text;
    const char *message; /* a part of it */
};

static inline void expect_refused(const char *format, const struct wrong_text *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err e = { 0 };
        struct profile *p = format_by_name(format)->read(slice_of(cases[i].text), &e);
        cr_expect_null(p, "%s", cases[i].name);
        profile_free(p);
        const char *message = e.message ? e.message : "";
        cr_expect_not_null(strstr(message, cases[i].message), "%s: %s", cases[i].name, message);
        err_done(&e);
    }
}

#endif
