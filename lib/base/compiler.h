// SPDX-License-Identifier: MIT
/* Attributes that gcc and clang both know, under short names. Nothing here has a cost at run time.
 */
#ifndef PROF_BASE_COMPILER_H
#define PROF_BASE_COMPILER_H

#define PROF_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define PROF_MUST_USE __attribute__((warn_unused_result))
#define PROF_NORETURN __attribute__((noreturn))

/* Runs fn(&variable) when the variable leaves its scope. Declare and initialise in one line. */
#define PROF_CLEANUP(fn) __attribute__((cleanup(fn)))

#define PROF_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

#endif
