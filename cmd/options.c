// SPDX-License-Identifier: MIT
#include "cmd/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cmd/suggest.h"

struct parse {
    const struct command *command;
    struct settings *settings;
    char **next; /* the word after the one being looked at */
};

void settings_done(struct settings *s)
{
    vec_done(&s->outputs);
    vec_done(&s->fail_on);
}

/* ---- finding rows ---- */

static const struct option *row_by_name(const struct command *command, struct slice name)
{
    size_t count;
    const struct option *rows = option_table(&count);
    for (size_t i = 0; i < count; i++)
        if ((rows[i].commands & command->bit) && slice_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

static const struct option *row_by_letter(const struct command *command, char letter)
{
    size_t count;
    const struct option *rows = option_table(&count);
    for (size_t i = 0; i < count; i++)
        if ((rows[i].commands & command->bit) && rows[i].letter == letter)
            return &rows[i];
    return NULL;
}

static bool unknown_option(const struct command *command, struct slice name, struct err *e)
{
    err_set(e, ERR_USAGE, "unknown option '--%.*s'", SLICE_ARG(name));
    PROF_CLEANUP(strbuf_done) struct strbuf typed = STRBUF_INIT;
    strbuf_addslice(&typed, name);
    struct suggestion nearest = { .typed = typed.ptr };
    for (const struct option *row = NULL; (row = option_next(command, row));)
        suggest_offer(&nearest, row->name);
    if (nearest.best)
        return err_hint(e, "did you mean '--%s'?", nearest.best);
    return err_hint(e, "'prof %s --help' lists the options", command->name);
}

/* ---- values ---- */

struct unit {
    const char *suffix;
    uint64_t factor;
};

/* A non-negative decimal number with an optional unit, as a whole number of the smallest unit. */
static bool scaled(const char *text, const struct unit *units, uint64_t *ret_value)
{
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9' || (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')))
        return false;
    double number = strtod(text, &end);
    for (; units->suffix; units++) {
        if (strcmp(end, units->suffix) != 0)
            continue;
        double value = number * (double)units->factor;
        if (errno != 0 || !(value < 9e18))
            return false;
        *ret_value = (uint64_t)(value + 0.5);
        return true;
    }
    return false;
}

/* Returns false; the caller says in a hint what was expected. */
static bool bad_value(const struct option *row, const char *text, struct err *e)
{
    return err_set(e, ERR_USAGE, "'%s' is not a value for --%s", text, row->name);
}

static bool take_seconds(
    const struct option *row, const char *text, uint64_t *ret_ns, struct err *e)
{
    static const struct unit units[] = { { "", NS_PER_S }, { "s", NS_PER_S }, { "ms", NS_PER_MS },
        { "m", 60 * NS_PER_S }, { "h", 3600 * NS_PER_S }, { NULL, 0 } };
    if (scaled(text, units, ret_ns) && *ret_ns > 0)
        return true;
    bad_value(row, text, e);
    return err_hint(e, "a time above 0: 10, 0.5, 500ms, 2m");
}

static bool take_number(
    const struct option *row, const char *text, uint64_t *ret_value, struct err *e)
{
    static const struct unit bytes[] = { { "", 1 }, { "K", 1024 }, { "k", 1024 }, { NULL, 0 } };
    bool ok = row->type == OPTION_BYTES ? scaled(text, bytes, ret_value)
                                        : slice_to_u64(slice_of(text), 10, ret_value);
    if (ok && *ret_value >= row->min && *ret_value <= row->max)
        return true;
    bad_value(row, text, e);
    return err_hint(e, "a whole number from %llu to %llu", (unsigned long long)row->min,
        (unsigned long long)row->max);
}

static bool check_word(
    const struct command *command, const struct option *row, const char *text, struct err *e)
{
    PROF_CLEANUP(strbuf_done) struct strbuf words = STRBUF_INIT;
    option_allowed_values(row, command->bit, &words);
    if (words.len == 0)
        return true;
    struct slice rest = strbuf_slice(&words), word;
    while (slice_split(&rest, ' ', &word))
        if (slice_is(word, text))
            return true;
    bad_value(row, text, e);
    return err_hint(e, "one of: %s", words.ptr);
}

static bool store(struct parse *at, const struct option *row, const char *value, struct err *e)
{
    void *field = (char *)at->settings + row->offset;
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return true;
    case OPTION_SECONDS:
        return take_seconds(row, value, field, e);
    case OPTION_NUMBER:
    case OPTION_BYTES:
        return take_number(row, value, field, e);
    case OPTION_LIST:
        vec_push((struct word_list *)field, value);
        return true;
    case OPTION_TEXT:
        break;
    }
    if (*value == '\0') {
        bad_value(row, value, e);
        return err_hint(e, "the value is empty");
    }
    if (!check_word(at->command, row, value, e))
        return false;
    *(const char **)field = value;
    return true;
}

static bool store_next(struct parse *at, const struct option *row, struct err *e)
{
    if (*at->next)
        return store(at, row, *at->next++, e);
    err_set(e, ERR_USAGE, "option '--%s' needs a value", row->name);
    return err_hint(e, "--%s=%s", row->name, row->argument);
}

/* ---- words ---- */

static bool parse_long(struct parse *at, const char *word, struct err *e)
{
    struct slice text = slice_of(word);
    struct slice name = { text.ptr, slice_find(text, '=') };
    const char *value = name.len < text.len ? word + name.len + 1 : NULL;
    const struct option *row = row_by_name(at->command, name);
    if (!row)
        return unknown_option(at->command, name, e);
    if (row->type == OPTION_FLAG && value)
        return err_set(e, ERR_USAGE, "option '--%s' takes no value", row->name);
    if (row->type == OPTION_FLAG || value)
        return store(at, row, value, e);
    return store_next(at, row, e);
}

static bool parse_letters(struct parse *at, const char *letters, struct err *e)
{
    for (const char *c = letters; *c; c++) {
        const struct option *row = row_by_letter(at->command, *c);
        if (!row) {
            err_set(e, ERR_USAGE, "unknown option '-%c'", *c);
            return err_hint(e, "'prof %s --help' lists the options", at->command->name);
        }
        if (row->type != OPTION_FLAG)
            return c[1] ? store(at, row, c[1] == '=' ? c + 2 : c + 1, e) : store_next(at, row, e);
        if (!store(at, row, NULL, e))
            return false;
    }
    return true;
}

static bool is_option(const char *word)
{
    return word[0] == '-' && word[1] != '\0';
}

/* Whose is the -o in `prof flame gcc -o x x.c`? Only a "--" in front of gcc tells. */
static bool check_ambiguous(struct parse *at, char **program, struct err *e)
{
    for (char **word = program + 1; *word && strcmp(*word, "--") != 0; word++) {
        struct slice text = slice_of(*word);
        struct slice name = slice_skip(text, 2);
        name.len = slice_find(name, '=');
        bool ours = slice_starts(text, "--")
                        ? row_by_name(at->command, name) != NULL
                        : is_option(*word) && row_by_letter(at->command, text.ptr[1]) != NULL;
        if (!ours)
            continue;
        err_set(e, ERR_USAGE, "'%s' could be an option of prof or of '%s'", *word, *program);
        return err_hint(e, "put -- before the program: prof %s [options] -- %s ...",
            at->command->name, *program);
    }
    return true;
}

/* Operands move to the front of args; the program's own words stay as they are. */
bool options_parse(
    const struct command *command, char **args, struct settings *ret_settings, struct err *e)
{
    struct parse at = { .command = command, .settings = ret_settings, .next = args };
    struct settings *s = ret_settings;
    s->operands = args;
    while (*at.next) {
        char *word = *at.next++;
        bool program = command->operand == OPERAND_PROGRAM && !is_option(word);
        bool dashes = strcmp(word, "--") == 0;
        if (program && !check_ambiguous(&at, at.next - 1, e))
            return false;
        if (dashes || program) {
            for (char **rest = at.next - program; *rest; rest++)
                args[s->operand_count++] = *rest;
            break;
        }
        if (!is_option(word))
            args[s->operand_count++] = word;
        else if (word[1] == '-' ? !parse_long(&at, word + 2, e) : !parse_letters(&at, word + 1, e))
            return false;
    }
    args[s->operand_count] = NULL;
    if (command->operand != OPERAND_NONE || s->operand_count == 0)
        return true;
    err_set(e, ERR_USAGE, "'prof %s' takes no operands: '%s'", command->name, s->operands[0]);
    return err_hint(e, "'prof %s --help' lists the options", command->name);
}
