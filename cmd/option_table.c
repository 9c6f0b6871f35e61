// SPDX-License-Identifier: MIT
#include <assert.h>

#include "base/compiler.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "record/record.h"
#include "record/source.h"

#define AT(field) .offset = offsetof(struct settings, field)

enum { STACK_BYTES_MIN = 1024, PID_NUMBER_MAX = 4194304 /* PID_MAX_LIMIT of the kernel */ };

static_assert(RECORD_RATE_DEFAULT_HZ == 499 && RECORD_RATE_DOCTOR_HZ == 199 &&
                  RECORD_STACK_BYTES_DEFAULT == 32 * 1024,
    "the help of --rate and --stack-size names these");

static const struct option rows[] = {
    /* ---- the target ---- */
    { .name = "pid",
        .letter = 'p',
        .type = OPTION_NUMBER,
        AT(pid),
        .commands = ON_RUN,
        .group = GROUP_TARGET,
        .values = VALUES_PID,
        .min = 1,
        .max = PID_NUMBER_MAX,
        .argument = "PID",
        .help = "Attach to a running process, all its threads. It goes on untouched when prof "
                "detaches." },
    { .name = "duration",
        .letter = 'd',
        .type = OPTION_SECONDS,
        AT(duration_ns),
        .commands = ON_RUN,
        .group = GROUP_TARGET,
        .argument = "SECONDS",
        .help = "Record for so long, then end a launched target with SIGTERM, or detach. Also "
                "500ms, 2m, 1h. Default: until the target ends or Ctrl-C." },
    { .name = "delay",
        .type = OPTION_SECONDS,
        AT(delay_ns),
        .commands = ON_RUN,
        .group = GROUP_TARGET,
        .argument = "SECONDS",
        .help = "Leave out the first seconds, such as start-up and warming up." },
    { .name = "on-port",
        .letter = 'P',
        .type = OPTION_TEXT,
        AT(on_port),
        .commands = ON_RUN,
        .group = GROUP_TARGET,
        .values = VALUES_SHELL,
        .argument = "'CMD'",
        .help = "Once the target listens, run the shell command CMD with $PORT set, for instance a "
                "load generator, and stop the target when CMD ends." },
    { .name = "no-children",
        .type = OPTION_FLAG,
        AT(no_children),
        .commands = ON_RUN,
        .group = GROUP_TARGET,
        .help = "Record the launched process alone, not the processes it starts." },
    { .name = "no-runtime-env",
        .type = OPTION_FLAG,
        AT(no_runtime_env),
        .commands = ON_RUN,
        .group = GROUP_TARGET,
        .help = "Do not set NODE_OPTIONS, PYTHONPERFSUPPORT and the like for the target. Functions "
                "of such runtimes then have no names." },

    /* ---- the measurement ---- */
    { .name = "rate",
        .letter = 'F',
        .type = OPTION_NUMBER,
        AT(rate_hz),
        .commands = ON_RUN,
        .group = GROUP_MEASURE,
        .min = 1,
        .max = RECORD_RATE_MAX_HZ,
        .argument = "HZ",
        .help = "Samples per second and busy CPU. Default: 499; doctor: 199." },
    { .name = "sampler",
        .type = OPTION_TEXT,
        AT(sampler),
        .commands = ON_RUN,
        .group = GROUP_MEASURE,
        .values = VALUES_SAMPLER,
        .argument = "NAME",
        .help = "Where samples come from. Default: auto, the best that this machine allows." },
    { .name = "unwinder",
        .type = OPTION_TEXT,
        AT(unwinder),
        .commands = ON_RUN,
        .group = GROUP_MEASURE,
        .values = VALUES_LISTED,
        .listed = "table libunwind",
        .argument = "NAME",
        .help = "How stacks are walked. Default: table, prof's own compiled unwind tables; "
                "libunwind is slower and there to compare." },
    { .name = "stack-size",
        .type = OPTION_BYTES,
        AT(stack_bytes),
        .commands = ON_RUN,
        .group = GROUP_MEASURE,
        .min = STACK_BYTES_MIN,
        .max = RECORD_STACK_BYTES_MAX,
        .argument = "BYTES",
        .help = "Stack copied with each sample to begin with; prof raises it by itself when "
                "stacks are cut. Default: 32K." },
    { .name = "no-inline",
        .type = OPTION_FLAG,
        AT(no_inline),
        .commands = ON_RUN,
        .group = GROUP_MEASURE,
        .help = "Do not look up inlined functions: faster names, fewer frames." },

    /* ---- the output ---- */
    { .name = "output",
        .letter = 'o',
        .type = OPTION_LIST,
        AT(outputs),
        .commands = ON_RUN | ON_REPORT,
        .group = GROUP_OUTPUT,
        .values = VALUES_FILE,
        .argument = "FILE",
        .help = "Write the result to FILE; may be given several times. The ending chooses the "
                "format. A folder gets a file with a name made up by prof; - is standard output." },
    { .name = "output",
        .letter = 'o',
        .type = OPTION_LIST,
        AT(outputs),
        .commands = ON_CHECK,
        .group = GROUP_OUTPUT,
        .values = VALUES_FILE,
        .argument = "FILE",
        .help = "Write the answer to FILE; the ending .json chooses JSON. Default: standard "
                "output." },
    { .name = "format",
        .type = OPTION_TEXT,
        AT(format),
        .commands = ON_RUN | ON_REPORT | ON_CHECK,
        .group = GROUP_OUTPUT,
        .values = VALUES_FORMAT,
        .argument = "FORMAT",
        .help = "Output format, whatever the ending of FILE." },
    { .name = "fail-on",
        .type = OPTION_LIST,
        AT(fail_on),
        .commands = ON_DOCTOR | ON_REPORT,
        .group = GROUP_OUTPUT,
        .argument = "CONDITION",
        .help =
            "Exit with status 123 when CONDITION holds, with 122 when it cannot be decided. May "
            "be given several times. For instance 'severity>=warning', 'id:memory-growth', "
            "'loop_p99>50ms or rss_max>500MB'; the man page has the list." },
    { .name = "view",
        .type = OPTION_TEXT,
        AT(view),
        .commands = ON_REPORT,
        .group = GROUP_OUTPUT,
        .values = VALUES_LISTED,
        .listed = "doctor flame",
        .argument = "KIND",
        .help = "Draw FILE as this command would. Default: as the command that recorded it." },
    { .name = "save",
        .type = OPTION_TEXT,
        AT(save),
        .commands = ON_RUN,
        .group = GROUP_OUTPUT,
        .values = VALUES_FILE,
        .argument = "FILE.prof",
        .help = "Also keep the recording. It is written while the target runs, every few "
                "seconds, so that a crash loses only the last of them; 'prof report' reads it." },
    { .name = "title",
        .type = OPTION_TEXT,
        AT(title),
        .commands = ON_RUN | ON_REPORT,
        .group = GROUP_OUTPUT,
        .argument = "TEXT",
        .help = "Headline of the report. Default: the command." },
    { .name = "open",
        .type = OPTION_FLAG,
        AT(open),
        .commands = ON_RUN | ON_REPORT,
        .group = GROUP_OUTPUT,
        .help = "Open the report in the browser when it is written." },
    { .name = "show-args",
        .type = OPTION_FLAG,
        AT(show_args),
        .commands = ON_RUN,
        .group = GROUP_OUTPUT,
        .help = "Keep the target's arguments in the report. Default: only how many there were; "
                "what looks like a password or key is left out in any case." },
    { .name = "no-source",
        .type = OPTION_FLAG,
        AT(no_source),
        .commands = ON_RUN | ON_REPORT,
        .group = GROUP_OUTPUT,
        .help = "Leave lines of source code out of the report." },

    /* ---- the rest ---- */
    { .name = "quiet",
        .letter = 'q',
        .type = OPTION_FLAG,
        AT(quiet),
        .commands = ON_RUN | ON_REPORT,
        .group = GROUP_OTHER,
        .help = "Say nothing on standard error but warnings and errors." },
    { .name = "man",
        .type = OPTION_TEXT,
        AT(man),
        .commands = ON_HELP,
        .group = GROUP_OTHER,
        .values = VALUES_COMMAND,
        .argument = "COMMAND",
        .hidden = true,
        .help = "Print the generated head of a man page; 'prof' is the page of the program." },
    { .name = "help",
        .letter = 'h',
        .type = OPTION_FLAG,
        AT(help),
        .commands = ON_EVERY,
        .group = GROUP_OTHER,
        .help = "Explain the command and its options." },
};

const struct option *option_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(rows);
    return rows;
}

const struct option *option_next(const struct command *command, const struct option *after)
{
    const struct option *row = after ? after + 1 : rows;
    while (row < rows + PROF_ARRAY_LEN(rows) && (row->hidden || !(row->commands & command->bit)))
        row++;
    return row < rows + PROF_ARRAY_LEN(rows) ? row : NULL;
}

const char *option_group_title(enum option_group group)
{
    switch (group) {
    case GROUP_TARGET:
        return "What to record";
    case GROUP_MEASURE:
        return "How to measure";
    case GROUP_OUTPUT:
        return "Output";
    case GROUP_OTHER:
    case OPTION_GROUPS:
        break;
    }
    return "Other";
}

static void add_samplers(struct strbuf *out)
{
    size_t count;
    const struct source *const *sources = source_table(&count);
    strbuf_adds(out, "auto");
    for (size_t i = 0; i < count; i++)
        if (sources[i]->role == SOURCE_SAMPLER)
            strbuf_addf(out, " %s", sources[i]->name);
}

void option_allowed_values(const struct option *row, uint32_t command_bit, struct strbuf *out)
{
    if (row->values == VALUES_FORMAT && (command_bit & ON_CHECK))
        strbuf_adds(out, "text json");
    else if (row->values == VALUES_FORMAT)
        output_add_format_names(out, command_bit);
    else if (row->values == VALUES_SAMPLER)
        add_samplers(out);
    else if (row->values == VALUES_LISTED)
        strbuf_adds(out, row->listed);
}

void option_describe(const struct option *row, uint32_t command_bit, struct strbuf *out)
{
    strbuf_adds(out, row->help);
    PROF_CLEANUP(strbuf_done) struct strbuf words = STRBUF_INIT;
    option_allowed_values(row, command_bit, &words);
    if (words.len == 0)
        return;
    strbuf_adds(out, " One of: ");
    struct slice rest = strbuf_slice(&words), word;
    bool first = true;
    while (slice_split(&rest, ' ', &word)) {
        strbuf_addf(out, "%s%.*s", first ? "" : ", ", SLICE_ARG(word));
        first = false;
    }
    strbuf_addc(out, '.');
}
