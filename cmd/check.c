// SPDX-License-Identifier: MIT
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/say.h"
#include "cmd/status.h"
#include "cmd/version.h"
#include "record/capability.h"

enum { CHECK_JSON_VERSION = 1 };

static const char *level_meaning(const struct capabilities *caps)
{
    switch (caps->level) {
    case LEVEL_FULL:
        return "all processes you may attach to, with kernel frames";
    case LEVEL_USER:
        return "your own processes, without kernel frames";
    case LEVEL_NONE:
        break;
    }
    if (caps->samples)
        return "stacks by stopping threads of your own processes for a moment, and /proc";
    return "no stacks of running code; the doctor still sees waits and /proc";
}

static void add_row(struct strbuf *out, const struct capability *row)
{
    strbuf_addf(out, "  %-3s  ", row->available ? "yes" : "no");
    utf8_add_printable(out, slice_of(row->title));
    strbuf_addc(out, '\n');
    if (row->detail && *row->detail) {
        strbuf_adds(out, "         ");
        utf8_add_printable(out, slice_of(row->detail));
        strbuf_addc(out, '\n');
    }
    if (!row->available && row->how) {
        strbuf_adds(out, "         to get it: ");
        utf8_add_printable(out, slice_of(row->how));
        strbuf_addc(out, '\n');
    }
}

static void add_text(struct strbuf *out, const struct capabilities *caps, const struct utsname *os)
{
    strbuf_addf(out, "prof " PROF_VERSION " on %s %s %s, %ld CPUs\n", os->sysname, os->release,
        os->machine, sysconf(_SC_NPROCESSORS_ONLN));
    strbuf_addf(out, "level %s: %s\n\n", record_level_name(caps->level), level_meaning(caps));
    for (size_t i = 0; i < caps->count; i++)
        add_row(out, &caps->rows[i]);
    strbuf_adds(out, "\nthis build\n");
    size_t count;
    const struct build_fact *facts = build_facts(&count);
    for (size_t i = 0; i < count; i++)
        strbuf_addf(out, "  %-3s  %s: %s\n", facts[i].present ? "yes" : "no", facts[i].name,
            facts[i].purpose);
}

static void add_member(struct json *j, const char *key, const char *text)
{
    json_key(j, key);
    json_text(j, text);
}

static void add_json_row(struct json *j, const struct capability *row)
{
    json_object(j);
    add_member(j, "id", row->id);
    add_member(j, "title", row->title);
    json_key(j, "available");
    json_bool(j, row->available);
    add_member(j, "detail", row->detail);
    add_member(j, "how", row->how);
    json_object_end(j);
}

static void add_json(struct strbuf *out, const struct capabilities *caps, const struct utsname *os)
{
    struct json j;
    json_init(&j, out);
    json_object(&j);
    json_key(&j, "version");
    json_u64(&j, CHECK_JSON_VERSION);
    add_member(&j, "prof", PROF_VERSION);
    add_member(&j, "kernel", os->release);
    add_member(&j, "machine", os->machine);
    add_member(&j, "level", record_level_name(caps->level));
    json_key(&j, "capabilities");
    json_array(&j);
    for (size_t i = 0; i < caps->count; i++)
        add_json_row(&j, &caps->rows[i]);
    json_array_end(&j);
    json_key(&j, "build");
    json_object(&j);
    size_t count;
    const struct build_fact *facts = build_facts(&count);
    for (size_t i = 0; i < count; i++) {
        json_key(&j, facts[i].name);
        json_bool(&j, facts[i].present);
    }
    json_object_end(&j);
    json_object_end(&j);
    strbuf_addc(out, '\n');
}

static bool is_json(const struct settings *s, const char *path)
{
    return s->format ? strcmp(s->format, "json") == 0 : slice_ends(slice_of(path), ".json");
}

static bool write_check(
    const struct settings *s, const struct capabilities *caps, const char *path, struct err *e)
{
    struct utsname os;
    if (uname(&os) != 0)
        memset(&os, 0, sizeof os);
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (is_json(s, path))
        add_json(&text, caps, &os);
    else
        add_text(&text, caps, &os);
    PROF_CLEANUP(file_out_done) struct file_out file = { .fd = -1 };
    return file_out_open(&file, path, e) && file_write_all(file.fd, text.ptr, text.len, e) &&
           file_out_commit(&file, e);
}

static int check(const struct command *command, struct settings *settings)
{
    (void)command;
    struct capabilities caps = { 0 };
    capabilities_probe(&caps);
    struct err e = { 0 };
    bool ok = true;
    if (settings->outputs.len == 0)
        vec_push(&settings->outputs, "-");
    for (size_t i = 0; i < settings->outputs.len && ok; i++)
        ok = write_check(settings, &caps, settings->outputs.ptr[i], &e);
    if (!ok)
        say_error(&e);
    err_done(&e);
    capabilities_done(&caps);
    return ok ? STATUS_OK : STATUS_PROF_FAILED;
}

const struct command check_command = {
    .name = "check",
    .summary = "what this machine lets prof measure, and how to get more",
    .synopses = { "[options]" },
    .description =
        "Tries out what the kernel allows here and now, as the present user, and prints one line "
        "for each ability with the command that would enable it.",
    .examples = { "prof check", "prof check --format json" },
    .bit = ON_CHECK,
    .operand = OPERAND_NONE,
    .run = check,
};
