// SPDX-License-Identifier: MIT
/*
 * A completion script for bash, written from the tables. The script is static: completing never
 * starts prof.
 */
#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/say.h"
#include "cmd/status.h"

static void add_command_names(struct strbuf *out)
{
    size_t count;
    const struct command *const *rows = command_table(&count);
    bool first = true;
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->hidden)
            continue;
        strbuf_addf(out, "%s%s", first ? "" : " ", rows[i]->name);
        first = false;
    }
}

static void add_option_names(struct strbuf *out, const struct command *command)
{
    const char *blank = "";
    for (const struct option *row = NULL; (row = option_next(command, row)); blank = " ")
        strbuf_addf(out, "%s--%s", blank, row->name);
}

/* What bash offers as the value of an option. */
static void add_value_action(
    struct strbuf *out, const struct command *command, const struct option *row)
{
    switch (row->values) {
    case VALUES_ANY:
        strbuf_adds(out, "COMPREPLY=()");
        return;
    case VALUES_FILE:
        strbuf_adds(out, "COMPREPLY=($(compgen -f -- \"$cur\"))");
        return;
    case VALUES_PID:
        strbuf_adds(
            out, "COMPREPLY=($(compgen -W \"$(cd /proc && compgen -G '[0-9]*')\" -- \"$cur\"))");
        return;
    case VALUES_SHELL:
        strbuf_adds(out, "COMPREPLY=($(compgen -c -- \"$cur\"))");
        return;
    case VALUES_COMMAND:
        strbuf_adds(out, "COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))");
        return;
    case VALUES_FORMAT:
    case VALUES_SAMPLER:
    case VALUES_LISTED:
        break;
    }
    strbuf_adds(out, "COMPREPLY=($(compgen -W '");
    option_allowed_values(row, command->bit, out);
    strbuf_adds(out, "' -- \"$cur\"))");
}

static void add_value_cases(struct strbuf *out, const struct command *command)
{
    for (const struct option *row = NULL; (row = option_next(command, row));) {
        if (row->type == OPTION_FLAG)
            continue;
        strbuf_addf(out, "        %s:--%s", command->name, row->name);
        if (row->letter)
            strbuf_addf(out, " | %s:-%c", command->name, row->letter);
        strbuf_adds(out, ") ");
        add_value_action(out, command, row);
        strbuf_adds(out, "; return ;;\n");
    }
}

static void add_operand_action(struct strbuf *out, const struct command *command)
{
    switch (command->operand) {
    case OPERAND_PROGRAM:
        strbuf_adds(out, "COMPREPLY=($(compgen -c -f -- \"$cur\"))");
        return;
    case OPERAND_FILE:
        strbuf_adds(out, "COMPREPLY=($(compgen -f -- \"$cur\"))");
        return;
    case OPERAND_COMMAND:
        strbuf_adds(out, "COMPREPLY=($(compgen -W \"$commands\" -- \"$cur\"))");
        return;
    case OPERAND_SHELL:
    case OPERAND_NONE:
        break;
    }
    strbuf_adds(out, "COMPREPLY=()");
}

static void add_command_case(struct strbuf *out, const struct command *command)
{
    strbuf_addf(
        out, "        %s) if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W '", command->name);
    add_option_names(out, command);
    strbuf_adds(out, "' -- \"$cur\")); else ");
    add_operand_action(out, command);
    strbuf_adds(out, "; fi ;;\n");
}

static void add_bash(struct strbuf *out)
{
    size_t count;
    const struct command *const *rows = command_table(&count);
    strbuf_adds(out, "# bash completion for prof; written by 'prof completion bash'\n"
                     "_prof()\n{\n"
                     "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
                     "    local command=${COMP_WORDS[1]} commands='");
    add_command_names(out);
    strbuf_adds(out,
        "' i\n"
        "    COMPREPLY=()\n"
        "    if ((COMP_CWORD == 1)); then\n"
        "        COMPREPLY=($(compgen -W \"$commands --help --version\" -- \"$cur\"))\n"
        "        return\n"
        "    fi\n"
        "    # Behind -- the words are the target's own.\n"
        "    for ((i = 2; i < COMP_CWORD; i++)); do\n"
        "        if [[ ${COMP_WORDS[i]} == -- ]]; then\n"
        "            if ((i == COMP_CWORD - 1)); then\n"
        "                COMPREPLY=($(compgen -c -f -- \"$cur\"))\n"
        "            else\n"
        "                COMPREPLY=($(compgen -f -- \"$cur\"))\n"
        "            fi\n"
        "            return\n"
        "        fi\n"
        "    done\n"
        "    if [[ $cur == = ]]; then cur=''; fi\n"
        "    if [[ $prev == = ]]; then prev=${COMP_WORDS[COMP_CWORD-2]}; fi\n"
        "    case $command:$prev in\n");
    for (size_t i = 0; i < count; i++)
        if (!rows[i]->hidden)
            add_value_cases(out, rows[i]);
    strbuf_adds(out, "    esac\n"
                     "    case $command in\n");
    for (size_t i = 0; i < count; i++)
        if (!rows[i]->hidden)
            add_command_case(out, rows[i]);
    strbuf_adds(out, "    esac\n}\ncomplete -o filenames -F _prof prof\n");
}

static int completion(const struct command *command, struct settings *settings)
{
    (void)command;
    if (settings->operand_count != 1 || strcmp(settings->operands[0], "bash") != 0) {
        struct err e = { 0 };
        err_set(&e, ERR_USAGE, "completion is there for bash");
        err_hint(&e, "prof completion bash > ~/.local/share/bash-completion/completions/prof");
        say_error(&e);
        err_done(&e);
        return STATUS_USAGE;
    }
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    add_bash(&text);
    fputs(text.ptr, stdout);
    return STATUS_OK;
}

const struct command completion_command = {
    .name = "completion",
    .summary = "print a completion script for a shell",
    .synopses = { "bash" },
    .description = "Prints a script that completes prof's commands and options. 'make install' "
                   "puts it where bash finds it.",
    .examples = { "prof completion bash > ~/.local/share/bash-completion/completions/prof" },
    .bit = ON_COMPLETION,
    .operand = OPERAND_SHELL,
    .hidden = true,
    .run = completion,
};
