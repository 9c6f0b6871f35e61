// SPDX-License-Identifier: MIT
/* Which of several findings on the same samples is the answer. */
#include <criterion/criterion.h>
#include <string.h>

#include "ask.h"

#define JSON "r:uv_run;work@a.js:7;r:Builtins_JsonParse"
#define FIB "r:uv_run;handler@a.js:9;fib@a.js:3"

static const struct finding *finding_of(const struct diagnosis *d, const char *id)
{
    for (size_t i = 0; i < d->findings.len; i++)
        if (strcmp(d->findings.ptr[i].id, id) == 0)
            return &d->findings.ptr[i];
    return NULL;
}

/* A loop that is full, with long turns; of its time that part is JSON, the rest a function's. */
static struct made full_loop(double json)
{
    struct made m = made_new("server", "node", 20);
    made_states(&m, m.main, 0.95, 0);
    made_turns(&m, m.main, 120, 140, 0, 0, 1);
    made_cpu(&m, m.main, JSON, 19 * json, 0, 20);
    made_cpu(&m, m.main, FIB, 19 * (1 - json), 0, 20);
    return m;
}

struct row {
    const char *name;
    double json;
    const char *verdict;
    enum severity blocked; /* of loop-blocked-cpu */
    bool json_explains;
};

static const struct row rows[] = {
    { "nearly all", 0.95, "json-heavy", SEVERITY_INFO, true },
    { "most", 0.65, "json-heavy", SEVERITY_CRITICAL, true },
    { "the smaller part", 0.35, "loop-blocked-cpu", SEVERITY_CRITICAL, false },
};

Test(order, the_cause_is_the_verdict_when_most_of_the_symptom_is_its_own)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = full_loop(rows[i].json);
        struct diagnosis d;
        diagnose(m.p, &d);
        cr_expect_str_eq(d.verdict, rows[i].verdict, "%s: %s", rows[i].name, d.verdict);
        const struct finding *blocked = finding_of(&d, "loop-blocked-cpu");
        const struct finding *json = finding_of(&d, "json-heavy");
        cr_assert(blocked && json, "%s", rows[i].name);
        cr_expect_eq(blocked->severity, rows[i].blocked, "%s", rows[i].name);
        cr_expect_eq(json->explains != NULL, rows[i].json_explains, "%s", rows[i].name);
        diagnosis_done(&d);
        made_done(&m);
    }
}

/* Of a full loop's time less than half is in long turns: they are still what its users feel. */
Test(order, long_turns_stand_before_the_core_that_the_loop_fills)
{
    struct made m = made_new("server", "node", 20);
    made_states(&m, m.main, 0.97, 0);
    made_turns(&m, m.main, 20, 400, 0, 0, 1);
    made_cpu(&m, m.main, FIB, 19.4, 0, 20);
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_assert(finding_of(&d, "single-core"), "%s", d.verdict);
    cr_expect_str_eq(d.verdict, "loop-blocked-cpu", "%s", d.verdict);
    diagnosis_done(&d);
    made_done(&m);
}

Test(order, what_steps_back_says_for_whom)
{
    struct made m = full_loop(0.95);
    struct diagnosis d;
    diagnose(m.p, &d);
    const struct finding *blocked = finding_of(&d, "loop-blocked-cpu");
    cr_assert(blocked && blocked->detail);
    cr_expect(strstr(blocked->detail, rule_json_heavy.title), "%s", blocked->detail);
    diagnosis_done(&d);
    made_done(&m);
}

/* The longest of what one thread can be blamed for is that it is one. */
Test(order, how_much_of_the_machine_is_used_is_the_last_answer)
{
    struct made m = made_new("job", "native", 20);
    made_fact(&m, (struct process_id){ 0 }, "cpus_allowed", "4");
    made_states(&m, m.main, 1, 0);
    made_cpu(&m, m.main, "main@a.c:1;work@a.c:7;d:pcre2_match_8", 19, 0, 20);
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "regex-backtracking");
    cr_expect_not(made_warns(&m, "single-core"));
    cr_expect(finding_of(&d, "single-core") != NULL);
    diagnosis_done(&d);
    made_done(&m);
}

/* Waiting for storage on the loop's thread is why it stands still. */
Test(order, causes_among_waits)
{
    struct made m = made_new("server", "native", 20);
    made_states(&m, m.main, 0.1, 0);
    made_turns(&m, m.main, 300, 1, 30, 0, 1);
    made_cpu(&m, m.main, "main@a.c:1;handle@a.c:9", 2, 0, 20);
    made_wait(&m, m.main, "main@a.c:1;handle@a.c:9;save@a.c:30", "fdatasync sync /srv/log", 300, 30,
        0, 20);
    made_wait(&m, m.main, "main@a.c:1", "epoll_wait loop", 500, 15, 0, 20);
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "fsync-bound");
    const struct finding *blocked = finding_of(&d, "loop-blocked-io");
    cr_expect(blocked && blocked->severity == SEVERITY_INFO);
    diagnosis_done(&d);
    made_done(&m);
}

/* "server (pid 4100)" has a command with its number, while it lives. */
static void expect_command(uint64_t end_ns, const char *program, const char *command)
{
    struct made m = made_new(program, "native", 20);
    made_states(&m, m.main, 0.1, 0);
    made_wait(&m, m.main, "main@a.c:1;save@a.c:30", "fdatasync sync /srv/log", 300, 30, 0, 20);
    profile_process_edit(m.p, m.process)->end_ns = end_ns;
    struct diagnosis d;
    diagnose(m.p, &d);
    const struct finding *found = finding_of(&d, "fsync-bound");
    cr_assert(found && found->command);
    cr_expect(strstr(found->command, command) != NULL, "no '%s' in %s", command, found->command);
    diagnosis_done(&d);
    made_done(&m);
}

Test(order, a_command_that_confirms_names_a_process_that_is_there)
{
    expect_command(0, "server", "-p 4100");
    expect_command(MADE_START_NS + 20000000000ULL, "server", "-p $(pgrep -nx server)");
    expect_command(MADE_START_NS + 20000000000ULL, "a; rm b", "-p 4100");
}

Test(order, two_selections_at_once_are_their_intersection)
{
    struct made m = full_loop(0.5);
    struct thread_id other = made_thread(&m, "other");
    made_cpu(&m, other, JSON, 4, 0, 20);
    struct observed *o = observed_new(m.p);
    struct selection main_thread = { .thread = m.main };
    struct selection json = { .any_frame = TRAIT(JSON), .also = &main_thread };
    cr_expect_float_eq((double)observed_sum(o, &json).weight / 1e9, 9.5, 0.1);
    struct interval half = { o->start_ns, o->start_ns + (o->end_ns - o->start_ns) / 2 };
    main_thread.in = &half;
    main_thread.in_count = 1;
    cr_expect_float_eq((double)observed_sum(o, &json).weight / 1e9, 4.75, 0.1);
    observed_free(o);
    made_done(&m);
}
