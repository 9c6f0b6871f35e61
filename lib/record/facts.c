// SPDX-License-Identifier: MIT
#include "record/facts.h"

#include <fcntl.h>
#include <string.h>

#include "base/compiler.h"
#include "base/file.h"
#include "profile/evidence.h"
#include "record/procfs_read.h"
#include "record/runtime_kind.h"

enum { MAPS_BYTES_MAX = 8 << 20, ENVIRON_BYTES_MAX = 4 << 20, COMMAND_BYTES_MAX = 1 << 20 };
enum { VALUE_BYTES_MAX = 64 }; /* all of these are short words and numbers */

static const char *const variables[] = {
    "NODE_ENV",
    "UV_THREADPOOL_SIZE",
    "PYTHONDEVMODE",
    "GOMAXPROCS",
    "MALLOC_ARENA_MAX",
};

/* Lists of options that a runtime takes from its environment as well. */
static const char *const option_lists[] = { "NODE_OPTIONS=", "JAVA_TOOL_OPTIONS=", "JAVA_OPTS=" };

struct flag {
    const char *runtime;
    const char *word; /* the whole word, or its beginning when it ends with '=' or '*' */
};

static const struct flag flags[] = {
    { "node", "--inspect" },
    { "node", "--inspect=" },
    { "node", "--inspect-brk" },
    { "node", "--inspect-brk=" },
    { "node", "--inspect-wait" },
    { "node", "--jitless" },
    { "node", "--no-opt" },
    { "node", "--watch" },
    { "node", "--prof" },
    { "node", "--cpu-prof" },
    { "node", "--heap-prof" },
    { "node", "--expose-gc" },
    { "node", "--trace-sync-io" },
    { "node", "--enable-source-maps" },
    { "node", "--max-old-space-size=" },
    { "node", "--max-semi-space-size=" },
    { "python", "-X dev" },
    { "python", "-Xdev" },
    { "python", "-X tracemalloc" },
    { "python", "-X importtime" },
    { "python", "-O" },
    { "python", "-OO" },
    { "jvm", "-Xint" },
    { "jvm", "-Xcomp" },
    { "jvm", "-Xdebug" },
    { "jvm", "-ea" },
    { "jvm", "-Xmx*" },
    { "jvm", "-XX:+UseSerialGC" },
    { "jvm", "-XX:TieredStopAtLevel=" },
    { "jvm", "-agentlib:jdwp=" },
    { "ruby", "--jit" },
    { "ruby", "--yjit" },
};

/* Options whose value is the next word, so that it is not taken for the script. */
static const char *const with_value[] = { "-r", "--require", "--import", "--loader",
    "--experimental-loader", "-C", "--conditions", "-cp", "-classpath", "--class-path",
    "--module-path", "-W" };

/* Of a value after '=' only what is a number or a word is kept: addresses and paths are not. */
static size_t kept_length(struct slice word)
{
    const size_t equals = slice_find(word, '=');
    for (size_t i = equals; i < word.len; i++) {
        const char c = word.ptr[i];
        const bool plain = (c >= '0' && c <= '9') || c == '=' || c == 'k' || c == 'm' || c == 'g';
        if (!plain)
            return equals;
    }
    return word.len;
}

static bool matches(const struct flag *f, struct slice word)
{
    const size_t len = strlen(f->word);
    if (f->word[len - 1] == '=')
        return slice_starts(word, f->word);
    if (f->word[len - 1] == '*')
        return word.len >= len - 1 && memcmp(word.ptr, f->word, len - 1) == 0;
    return slice_is(word, f->word);
}

static void add_if_listed(struct slice runtime, struct slice word, struct strbuf *out)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(flags); i++) {
        if (!slice_is(runtime, flags[i].runtime) || !matches(&flags[i], word))
            continue;
        const struct slice kept = { word.ptr, kept_length(word) };
        strbuf_adds(out, out->len > 0 ? " " : "");
        strbuf_addslice(out, kept);
        return;
    }
}

static bool takes_value(struct slice word)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(with_value); i++)
        if (slice_is(word, with_value[i]))
            return true;
    return false;
}

void facts_find_flags(struct slice runtime, struct slice command, struct strbuf *out)
{
    struct slice word;
    slice_split(&command, '\0', &word); /* the program */
    while (slice_split(&command, '\0', &word) && slice_starts(word, "-")) {
        struct slice value;
        if (slice_is(word, "--") || slice_is(word, "-m") || slice_is(word, "-jar"))
            return;
        if (slice_is(word, "-X") && slice_split(&command, '\0', &value)) {
            PROF_CLEANUP(strbuf_done) struct strbuf both = STRBUF_INIT;
            strbuf_addf(&both, "-X %.*s", SLICE_ARG(value));
            add_if_listed(runtime, strbuf_slice(&both), out);
            continue;
        }
        add_if_listed(runtime, word, out);
        if (takes_value(word))
            slice_split(&command, '\0', &value);
    }
}

void facts_find_flags_in_list(struct slice runtime, struct slice list, struct strbuf *out)
{
    struct slice word;
    while (slice_split(&list, ' ', &word))
        add_if_listed(runtime, word, out);
}

void facts_take_environment(struct profile *p, struct process_id row, struct slice environ_text)
{
    struct slice entry;
    while (slice_split(&environ_text, '\0', &entry)) {
        for (size_t i = 0; i < PROF_ARRAY_LEN(variables); i++) {
            const size_t len = strlen(variables[i]);
            if (!slice_starts(entry, variables[i]) || entry.len <= len || entry.ptr[len] != '=' ||
                entry.len - len > VALUE_BYTES_MAX)
                continue;
            PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
            strbuf_addf(&key, "env.%s", variables[i]);
            profile_set_fact(p, row, key.ptr, slice_skip(entry, len + 1));
        }
    }
}

/* ---- reading ---- */

static const char *find_runtime(pid_t pid, bool fresh)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (!procfs_link(pid, "exe", &text))
        return NULL;
    const struct slice program = slice_basename(strbuf_slice(&text));
    const char *found = runtime_of_program(program);
    PROF_CLEANUP(strbuf_done) struct strbuf maps = STRBUF_INIT;
    if (!found && procfs_read(pid, "maps", MAPS_BYTES_MAX, &maps))
        found = runtime_of_maps(program, strbuf_slice(&maps));
    if (found || !fresh)
        return found; /* the file does not change between two looks */
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "/proc/%d/exe", (int)pid);
    PROF_CLEANUP(close_fd) int fd = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    return fd >= 0 ? runtime_of_elf(fd) : NULL;
}

static void find_flags(struct profile *p, struct process_id row, pid_t pid, struct slice runtime,
    struct slice environ_text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf command = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf found = STRBUF_INIT;
    if (procfs_read(pid, "cmdline", COMMAND_BYTES_MAX, &command))
        facts_find_flags(runtime, strbuf_slice(&command), &found);
    struct slice entry;
    while (slice_split(&environ_text, '\0', &entry))
        for (size_t i = 0; i < PROF_ARRAY_LEN(option_lists); i++)
            if (slice_starts(entry, option_lists[i]))
                facts_find_flags_in_list(
                    runtime, slice_skip(entry, strlen(option_lists[i])), &found);
    if (found.len > 0 || profile_fact(p, row, "flags").len > 0)
        profile_set_fact(p, row, "flags", strbuf_slice(&found));
}

void facts_of_process(struct profile *p, struct process_id row, pid_t pid, bool fresh)
{
    const char *runtime = find_runtime(pid, fresh);
    if (runtime)
        profile_set_fact(p, row, "runtime", slice_of(runtime));
    PROF_CLEANUP(strbuf_done) struct strbuf environ_text = STRBUF_INIT;
    if (procfs_read(pid, "environ", ENVIRON_BYTES_MAX, &environ_text))
        facts_take_environment(p, row, strbuf_slice(&environ_text));
    find_flags(p, row, pid, profile_fact(p, row, "runtime"), strbuf_slice(&environ_text));
}
