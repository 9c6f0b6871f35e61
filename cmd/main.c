// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/strbuf.h"
#include "cmd/cmd.h"
#include "cmd/help.h"
#include "cmd/options.h"
#include "cmd/say.h"
#include "cmd/status.h"
#include "cmd/suggest.h"
#include "cmd/version.h"

static const struct command *const commands[] = {
    &doctor_command,
    &flame_command,
    &record_command,
    &report_command,
    &check_command,
    &version_command,
    &help_command,
    &completion_command,
};

const struct command *const *command_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(commands);
    return commands;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

const char *command_nearest(const char *name)
{
    struct suggestion nearest = { .typed = name };
    for (size_t i = 0; i < PROF_ARRAY_LEN(commands); i++)
        if (!commands[i]->hidden)
            suggest_offer(&nearest, commands[i]->name);
    return nearest.best;
}

/*
 * A closed standard descriptor would be given to the next file that is opened. Writing to standard
 * output still fails then, so that an answer which nobody gets is an error.
 */
static void open_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == 2 ? O_WRONLY : O_RDONLY) != fd)
            _exit(STATUS_PROF_FAILED);
}

static int run_command(const struct command *command, char **args)
{
    struct settings settings = { 0 };
    struct err e = { 0 };
    int status;
    if (!options_parse(command, args, &settings, &e)) {
        say_error(&e);
        status = STATUS_USAGE;
    } else if (settings.help) {
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        help_for_command(command, &text);
        fputs(text.ptr, stdout);
        status = STATUS_OK;
    } else {
        status = command->run(command, &settings);
    }
    err_done(&e);
    settings_done(&settings);
    return status;
}

static int print_help(void (*help)(struct strbuf *), FILE *to)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    help(&text);
    fputs(text.ptr, to);
    return to == stdout ? STATUS_OK : STATUS_USAGE;
}

static int unknown_word(const char *word)
{
    struct err e = { 0 };
    err_set(&e, ERR_USAGE, "unknown %s '%s'", word[0] == '-' ? "option" : "command", word);
    const char *nearest = command_nearest(word);
    if (nearest)
        err_hint(&e, "did you mean 'prof %s'?", nearest);
    else if (word[0] == '-')
        err_hint(&e, "options come behind a command: prof flame %s ...", word);
    else
        err_hint(
            &e, "'prof help' lists the commands; to profile '%s': prof flame -- %s", word, word);
    say_error(&e);
    err_done(&e);
    return STATUS_USAGE;
}

static int dispatch(char **args)
{
    const char *word = args[0];
    if (!word)
        return print_help(help_short, stderr);
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return print_help(help_program, stdout);
    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        version_print();
        return STATUS_OK;
    }
    const struct command *command = command_find(word);
    return command ? run_command(command, args + 1) : unknown_word(word);
}

int main(int argc, char **argv)
{
    open_standard_descriptors();
    int status = dispatch(argc > 0 ? argv + 1 : argv);
    if (!say_flush_stdout() && status == STATUS_OK)
        status = STATUS_PROF_FAILED;
    return status;
}
