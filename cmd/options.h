// SPDX-License-Identifier: MIT
/*
 * The command line. One row of the option table gives parsing, --help, the OPTIONS part of the man
 * page and the completion. Understood forms: --name=VALUE, --name VALUE, -xVALUE, -x VALUE, bundled
 * flags (-qO), and -- which ends the options. Values land in a struct settings by the row's offset.
 */
#ifndef PROF_CMD_OPTIONS_H
#define PROF_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "cmd/cmd.h"

struct word_list {
    const char **ptr;
    size_t len, cap;
};

/* What a command line said. Texts are borrowed from argv. */
struct settings {
    struct word_list outputs;
    const char *format;
    const char *save;
    const char *title;
    bool open;
    bool quiet;
    bool no_source;
    const char *view;
    struct word_list fail_on;

    uint64_t pid; /* 0: launch */
    const char *on_port;
    uint64_t duration_ns;
    uint64_t delay_ns;
    bool no_children;
    bool show_args;

    uint64_t rate_hz;
    const char *sampler;
    const char *unwinder;
    uint64_t stack_bytes;
    bool no_inline;
    bool no_runtime_env;

    const char *man;
    bool help;

    char **operands; /* NULL-terminated: program and arguments, or files */
    int operand_count;
};

void settings_done(struct settings *s);

enum option_type {
    OPTION_FLAG,    /* bool */
    OPTION_TEXT,    /* const char * */
    OPTION_LIST,    /* struct word_list: repeatable */
    OPTION_SECONDS, /* uint64_t nanoseconds; "90", "0.5", "10m" */
    OPTION_NUMBER,  /* uint64_t within min..max */
    OPTION_BYTES,   /* uint64_t within min..max; "16K" */
};

/* Which words fit as a value: for checking and for completion. */
enum option_values {
    VALUES_ANY,
    VALUES_FILE,
    VALUES_FORMAT,  /* one of the output formats */
    VALUES_SAMPLER, /* a source of samples, or auto */
    VALUES_LISTED,  /* one of the words in `listed` */
    VALUES_PID,
    VALUES_SHELL,   /* a shell command */
    VALUES_COMMAND, /* the name of a command */
};

enum option_group {
    GROUP_TARGET,
    GROUP_MEASURE,
    GROUP_OUTPUT,
    GROUP_OTHER,
    OPTION_GROUPS,
};

struct option {
    const char *name;
    char letter; /* 0: none */
    enum option_type type;
    size_t offset;
    uint32_t commands; /* enum command_bit */
    enum option_group group;
    enum option_values values;
    const char *listed; /* space-separated */
    uint64_t min, max;
    const char *argument; /* "FILE"; NULL for flags */
    const char *help;
    bool hidden;
};

/* Rows, those of a group together. */
const struct option *option_table(size_t *ret_count);

/* The next row that help and completion show for a command; after: NULL for the first. */
const struct option *option_next(const struct command *command, const struct option *after);
const char *option_group_title(enum option_group group);

/* The words allowed as a value, space-separated; empty when any word is. */
void option_allowed_values(const struct option *row, uint32_t command_bit, struct strbuf *out);

/* Full sentence(s) for help and man page: the row's text and the list of allowed values. */
void option_describe(const struct option *row, uint32_t command_bit, struct strbuf *out);

/* args: what follows the command's name. ret_settings must be {0}; release with settings_done(). */
bool options_parse(
    const struct command *command, char **args, struct settings *ret_settings, struct err *e);

#endif
