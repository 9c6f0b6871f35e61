// SPDX-License-Identifier: MIT
#include "cmd/man.h"

#include <string.h>

#include "cmd/options.h"

/* Text for man(7): no control lines by accident, real dashes, no escapes. */
static void add_text(struct strbuf *out, struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool line_start = out->len == 0 || out->ptr[out->len - 1] == '\n';
        if (line_start && (text.ptr[i] == '.' || text.ptr[i] == '\''))
            strbuf_adds(out, "\\&");
        if (text.ptr[i] == '-')
            strbuf_adds(out, "\\-");
        else if (text.ptr[i] == '\\')
            strbuf_adds(out, "\\e");
        else if (text.ptr[i] == '\'')
            strbuf_adds(out, "\\(aq");
        else
            strbuf_addc(out, text.ptr[i]);
    }
}

static void add_title(struct strbuf *out, const char *page, const char *summary)
{
    strbuf_adds(out, ".TH \"");
    for (const char *c = page; *c; c++)
        strbuf_addc(out, (char)(*c >= 'a' && *c <= 'z' ? *c - 'a' + 'A' : *c));
    strbuf_adds(out, "\" 1 \"\" prof \"prof manual\"\n.SH NAME\n");
    add_text(out, slice_of(page));
    strbuf_adds(out, " \\- ");
    add_text(out, slice_of(summary));
    strbuf_addc(out, '\n');
}

static void add_synopsis(struct strbuf *out, const char *words)
{
    strbuf_adds(out, ".B prof");
    struct slice rest = slice_of(words);
    if (rest.len)
        strbuf_addc(out, ' ');
    add_text(out, rest);
    strbuf_adds(out, "\n.br\n");
}

static void add_paragraphs(struct strbuf *out, const char *text)
{
    struct slice rest = slice_of(text), paragraph;
    bool first = true;
    while (slice_split(&rest, '\n', &paragraph)) {
        if (paragraph.len == 0)
            continue;
        if (!first)
            strbuf_adds(out, ".PP\n");
        add_text(out, paragraph);
        strbuf_addc(out, '\n');
        first = false;
    }
}

static void add_option(struct strbuf *out, const struct option *row, uint32_t command_bit)
{
    strbuf_adds(out, ".TP\n");
    if (row->letter)
        strbuf_addf(out, "\\fB\\-%c\\fR, ", row->letter);
    strbuf_adds(out, "\\fB\\-\\-");
    add_text(out, slice_of(row->name));
    strbuf_adds(out, "\\fR");
    if (row->argument) {
        strbuf_adds(out, " \\fI");
        add_text(out, slice_of(row->argument));
        strbuf_adds(out, "\\fR");
    }
    strbuf_addc(out, '\n');
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    option_describe(row, command_bit, &text);
    add_text(out, strbuf_slice(&text));
    strbuf_addc(out, '\n');
}

static void add_options(struct strbuf *out, const struct command *command)
{
    enum option_group group = OPTION_GROUPS;
    strbuf_adds(out, ".SH OPTIONS\n");
    for (const struct option *row = NULL; (row = option_next(command, row));) {
        if (row->group != group)
            strbuf_addf(out, ".SS %s\n", option_group_title(row->group));
        group = row->group;
        add_option(out, row, command->bit);
    }
}

void man_of_command(const struct command *command, struct strbuf *out)
{
    PROF_CLEANUP(strbuf_done) struct strbuf page = STRBUF_INIT;
    strbuf_addf(&page, "prof-%s", command->name);
    add_title(out, page.ptr, command->summary);
    strbuf_adds(out, ".SH SYNOPSIS\n");
    for (size_t i = 0; i < COMMAND_SYNOPSES_MAX && command->synopses[i]; i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf words = STRBUF_INIT;
        strbuf_addf(&words, "%s%s%s", command->name, command->synopses[i][0] ? " " : "",
            command->synopses[i]);
        add_synopsis(out, words.ptr);
    }
    strbuf_adds(out, ".SH DESCRIPTION\n");
    add_paragraphs(out, command->description);
    add_options(out, command);
}

void man_of_program(struct strbuf *out)
{
    add_title(out, "prof", "find out why a program is slow, and where its CPU time goes");
    strbuf_adds(out, ".SH SYNOPSIS\n");
    add_synopsis(out, "COMMAND [options] -- PROGRAM [args]");
    add_synopsis(out, "COMMAND [options] -p PID");
    add_synopsis(out, "report FILE [options]");
    strbuf_adds(out, ".SH COMMANDS\n");
    size_t count;
    const struct command *const *rows = command_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->hidden)
            continue;
        strbuf_adds(out, ".TP\n\\fBprof\\-");
        add_text(out, slice_of(rows[i]->name));
        strbuf_adds(out, "\\fR(1)\n");
        add_text(out, slice_of(rows[i]->summary));
        strbuf_addc(out, '\n');
    }
}
