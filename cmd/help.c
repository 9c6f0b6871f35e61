// SPDX-License-Identifier: MIT
#include "cmd/help.h"

#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cmd/man.h"
#include "cmd/options.h"
#include "cmd/say.h"
#include "cmd/status.h"

enum { OPTION_COLUMN = 26, COMMAND_COLUMN = 10 };

/* Appends words, broken at HELP_COLUMNS and indented; `at` is the column that the line is at. */
static void add_wrapped(struct strbuf *out, const char *text, size_t indent, size_t at)
{
    struct slice rest = slice_of(text), word;
    bool first = true;
    while (slice_split(&rest, ' ', &word)) {
        if (!first && at + 1 + word.len > HELP_COLUMNS) {
            strbuf_addf(out, "\n%*s", (int)indent, "");
            at = indent;
        } else if (!first) {
            strbuf_addc(out, ' ');
            at++;
        }
        strbuf_addslice(out, word);
        at += word.len;
        first = false;
    }
    strbuf_addc(out, '\n');
}

static void add_paragraphs(struct strbuf *out, const char *text)
{
    struct slice rest = slice_of(text), paragraph;
    while (slice_split(&rest, '\n', &paragraph)) {
        PROF_CLEANUP(strbuf_done) struct strbuf line = STRBUF_INIT;
        strbuf_addslice(&line, paragraph);
        add_wrapped(out, line.ptr, 0, 0);
    }
}

static void add_option(struct strbuf *out, const struct option *row, uint32_t command_bit)
{
    size_t start = out->len;
    if (row->letter)
        strbuf_addf(out, "  -%c, --%s", row->letter, row->name);
    else
        strbuf_addf(out, "      --%s", row->name);
    if (row->argument)
        strbuf_addf(out, " %s", row->argument);
    size_t width = out->len - start;
    if (width + 2 > OPTION_COLUMN)
        strbuf_addf(out, "\n%*s", OPTION_COLUMN, "");
    else
        strbuf_addf(out, "%*s", (int)(OPTION_COLUMN - width), "");
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    option_describe(row, command_bit, &text);
    add_wrapped(out, text.ptr, OPTION_COLUMN, OPTION_COLUMN);
}

static void add_options(struct strbuf *out, const struct command *command)
{
    enum option_group group = OPTION_GROUPS;
    for (const struct option *row = NULL; (row = option_next(command, row));) {
        if (row->group != group)
            strbuf_addf(out, "\n%s:\n", option_group_title(row->group));
        group = row->group;
        add_option(out, row, command->bit);
    }
}

void help_for_command(const struct command *command, struct strbuf *out)
{
    for (size_t i = 0; i < COMMAND_SYNOPSES_MAX && command->synopses[i]; i++)
        strbuf_addf(out, "%s prof %s%s%s\n", i == 0 ? "usage:" : "      ", command->name,
            command->synopses[i][0] ? " " : "", command->synopses[i]);
    strbuf_addc(out, '\n');
    add_paragraphs(out, command->description);
    if (command->examples[0])
        strbuf_adds(out, "\nExamples:\n");
    for (size_t i = 0; i < COMMAND_EXAMPLES_MAX && command->examples[i]; i++)
        strbuf_addf(out, "  %s\n", command->examples[i]);
    add_options(out, command);
}

static void add_commands(struct strbuf *out)
{
    size_t count;
    const struct command *const *rows = command_table(&count);
    for (size_t i = 0; i < count; i++)
        if (!rows[i]->hidden)
            strbuf_addf(out, "  %-*s%s\n", COMMAND_COLUMN, rows[i]->name, rows[i]->summary);
}

void help_short(struct strbuf *out)
{
    strbuf_adds(out,
        "prof: find out why a program is slow or grows, and where its CPU time goes\n\n"
        "  prof doctor -d 60 -p 1234         what is wrong with it, and where\n"
        "  prof flame -- ./server            run a program, stop it with Ctrl-C\n"
        "  prof flame -d 10 -p 1234          watch a running process for 10 seconds\n"
        "  prof check                        what this machine lets prof measure\n\n"
        "Commands:\n");
    add_commands(out);
    strbuf_adds(out, "\n'prof help COMMAND' explains a command and its options.\n");
}

void help_program(struct strbuf *out)
{
    strbuf_adds(out, "usage: prof COMMAND [options] -- PROGRAM [args]\n"
                     "       prof COMMAND [options] -p PID\n"
                     "       prof report FILE [options]\n\n");
    help_short(out);
    strbuf_adds(out,
        "\nExit status: the program's own is passed on (128 + N when signal N ended it; 0\n"
        "when prof stopped it). 123: a --fail-on condition holds; 122: one could not be\n"
        "decided. 2: wrong usage. 125: prof failed. 126: the program could not be run.\n"
        "127: there is no such program.\n");
}

static bool unknown_command(const char *name, struct err *e)
{
    err_set(e, ERR_USAGE, "unknown command '%s'", name);
    const char *nearest = command_nearest(name);
    if (nearest)
        return err_hint(e, "did you mean 'prof %s'?", nearest);
    return err_hint(e, "'prof help' lists the commands");
}

static bool help_text(const struct settings *s, struct strbuf *out, struct err *e)
{
    const char *name = s->man ? s->man : s->operand_count ? s->operands[0] : NULL;
    if (s->operand_count > 1)
        return err_set(e, ERR_USAGE, "help explains one command at a time");
    const struct command *command = name ? command_find(name) : NULL;
    if (s->man && strcmp(s->man, "prof") == 0)
        man_of_program(out);
    else if (!name)
        help_program(out);
    else if (!command)
        return unknown_command(name, e);
    else if (s->man)
        man_of_command(command, out);
    else
        help_for_command(command, out);
    return true;
}

static int help(const struct command *command, struct settings *settings)
{
    (void)command;
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    struct err e = { 0 };
    bool ok = help_text(settings, &text, &e);
    if (ok)
        fputs(text.ptr, stdout);
    else
        say_error(&e);
    err_done(&e);
    return ok ? STATUS_OK : STATUS_USAGE;
}

const struct command help_command = {
    .name = "help",
    .summary = "explain a command",
    .synopses = { "[COMMAND]" },
    .description = "Lists the commands, or explains one and its options.",
    .examples = { "prof help flame" },
    .bit = ON_HELP,
    .operand = OPERAND_COMMAND,
    .run = help,
};
