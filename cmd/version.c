// SPDX-License-Identifier: MIT
#include "cmd/version.h"

#include <stdio.h>

#include "base/compiler.h"
#include "cmd/cmd.h"
#include "cmd/status.h"

#ifdef PROF_HAVE_LIBUNWIND
enum { HAVE_LIBUNWIND = 1 };
#else
enum { HAVE_LIBUNWIND = 0 };
#endif

static const struct build_fact facts[] = {
    { "libdw", true, "source lines and inlined functions" },
    { "zlib", true, "compressed recordings and debug data" },
    { "libzstd", true, "zstd-compressed debug data" },
    { "libunwind", HAVE_LIBUNWIND, "--unwinder=libunwind" },
};

const struct build_fact *build_facts(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(facts);
    return facts;
}

void version_print(void)
{
    puts("prof " PROF_VERSION);
}

static int version(const struct command *command, struct settings *settings)
{
    (void)command;
    (void)settings;
    version_print();
    return STATUS_OK;
}

const struct command version_command = {
    .name = "version",
    .summary = "print the version",
    .synopses = { "" },
    .description = "Prints the version; 'prof --version' is the same.",
    .bit = ON_VERSION,
    .operand = OPERAND_NONE,
    .run = version,
};
