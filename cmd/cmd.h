// SPDX-License-Identifier: MIT
/*
 * The command table: one row per command, one file per row. A row gives dispatch, `prof help`, the
 * head of the man page and the completion. cmd/ is the only place that reads the environment,
 * prints, and decides exit statuses. One thread.
 */
#ifndef PROF_CMD_CMD_H
#define PROF_CMD_CMD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct settings;

/* Which commands an option row belongs to. */
enum command_bit {
    ON_FLAME = 1u << 0,
    ON_RECORD = 1u << 1,
    ON_REPORT = 1u << 2,
    ON_CHECK = 1u << 3,
    ON_VERSION = 1u << 4,
    ON_HELP = 1u << 5,
    ON_COMPLETION = 1u << 6,
    ON_DOCTOR = 1u << 7,
    ON_RUN = ON_FLAME | ON_RECORD | ON_DOCTOR, /* they start or attach to a target */
    ON_EVERY = (1u << 8) - 1,
};

enum { COMMAND_SYNOPSES_MAX = 3, COMMAND_EXAMPLES_MAX = 4 };

/* What stands in place of operands in the synopsis: for completion and the parser. */
enum operand_kind {
    OPERAND_NONE,
    OPERAND_PROGRAM, /* the first operand ends the options: the rest is the target's */
    OPERAND_FILE,
    OPERAND_COMMAND,
    OPERAND_SHELL,
};

struct command {
    const char *name;
    const char *summary;                        /* one line, lower case */
    const char *synopses[COMMAND_SYNOPSES_MAX]; /* what follows "prof NAME" */
    const char *description;                    /* paragraphs, separated by an empty line */
    const char *examples[COMMAND_EXAMPLES_MAX]; /* lines that can be pasted */
    uint32_t bit;                               /* enum command_bit */
    enum operand_kind operand;
    bool hidden; /* not in lists: for packagers */
    int (*run)(const struct command *command, struct settings *settings);
};

extern const struct command doctor_command;
extern const struct command flame_command;
extern const struct command record_command;
extern const struct command report_command;
extern const struct command check_command;
extern const struct command version_command;
extern const struct command help_command;
extern const struct command completion_command;

/* Rows in the order in which help lists them. */
const struct command *const *command_table(size_t *ret_count);
const struct command *command_find(const char *name); /* NULL: unknown */
const char *command_nearest(const char *name);        /* NULL: nothing is near */

#endif
