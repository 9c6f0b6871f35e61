// SPDX-License-Identifier: MIT
/* The rules that judge how much of the CPU time goes into one kind of work. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "analyze/rules.h"
#include "make_profile.h"

#define REST "main@a.c:1;rest@a.c:99"

struct share_row {
    const struct rule *rule;
    const char *runtime;
    const char *guilty;   /* stack of the work; its own function is "work" */
    const char *innocent; /* the same kind of work where it is no fault; NULL: none */
    bool loop;            /* the main thread is a loop */
};

static const struct share_row rows[] = {
    { &rule_json_heavy, "node", "r:uv_run;work@a.js:7;r:Builtins_JsonParse", NULL, false },
    { &rule_malloc_heavy, "native", "main@a.c:1;work@a.c:7;g:malloc;g:_int_malloc",
        "main@a.c:1;work@a.c:7;r:v8::internal::Heap::CollectGarbage;g:free", false },
    { &rule_memcpy_heavy, "native", "main@a.c:1;work@a.c:7;l:__memmove_avx_unaligned_erms",
        "main@a.c:1;work@a.c:7", false },
    { &rule_tls_handshake, "native", "main@a.c:1;work@a.c:7;d:SSL_do_handshake;d:RSA_sign",
        "main@a.c:1;work@a.c:7;d:SSL_write;d:EVP_Cipher", false },
    { &rule_exceptions_as_flow, "native",
        "main@a.cc:1;work@a.cc:7;l:__cxa_throw;l:_Unwind_RaiseException", NULL, false },
    { &rule_regex_backtracking, "node", "r:uv_run;work@a.js:7;r:RegExp:^(a+)+$", NULL, false },
    { &rule_gc_pressure, "node", "r:uv_run;work@a.js:7;r:v8::internal::Heap::CollectGarbage", NULL,
        false },
    { &rule_logging_heavy, "node", "r:uv_run;work@a.js:7;r:log@node:internal/console/constructor:3",
        NULL, true },
    { &rule_sync_compress_crypto, "node",
        "r:uv_run;work@a.js:7;r:pbkdf2Sync@node:internal/crypto/pbkdf2:60;d:PKCS5_PBKDF2_HMAC",
        "r:uv_run;work@a.js:7;d:SSL_do_handshake;d:RSA_sign", true },
    { &rule_sync_compress_crypto, "node", "r:uv_run;work@a.js:7;r:node::crypto::Hash::HashUpdate",
        "r:uv_run;r:node::crypto::CryptoJob::AfterThreadPoolWork;answer@a.js:9", true },
    { &rule_interpreter_bound, "node", "r:uv_run;~work@a.js:7", "r:uv_run;work@a.js:7", false },
};

/* share of 20 s of one core goes into the stack. */
static struct made program(const struct share_row *row, const char *stack, double share)
{
    struct made m = made_new("server", row->runtime, 20);
    made_cpu(&m, m.main, stack, 20 * share, 0, 20);
    made_cpu(&m, m.main, REST, 20 * (1 - share), 0, 20);
    if (row->loop)
        made_turns(&m, m.main, 5000, 2, 0, 0, 1);
    return m;
}

static bool warned(const struct made *m, const struct rule *rule)
{
    struct finding f;
    bool warns = made_ask(m, rule, &f) == ANSWER_FOUND && f.severity >= SEVERITY_WARNING;
    finding_done(&f);
    return warns;
}

Test(shares, half_of_the_time_is_a_warning_that_names_function_and_line)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = program(&rows[i], rows[i].guilty, 0.5);
        struct finding f;
        const char *id = rows[i].rule->id;
        cr_assert_eq(made_ask(&m, rows[i].rule, &f), ANSWER_FOUND, "%s: %s", id, f.summary);
        cr_expect_eq(f.severity, SEVERITY_WARNING, "%s", id);
        cr_assert(f.guilty.len, "%s", id);
        const struct func *func = profile_func(m.p, f.guilty.ptr[0].func);
        cr_expect(slice_is(profile_string(m.p, func->name), "work"), "%s: %s", id, f.summary);
        cr_expect_eq(f.guilty.ptr[0].line, 7, "%s", id);
        cr_expect(strstr(f.summary, "50 %"), "%s: %s", id, f.summary);
        cr_expect(f.advice && f.advice[0] && f.alternative && f.proofs.len >= 1, "%s", id);
        finding_done(&f);
        made_done(&m);
    }
}

Test(shares, three_percent_of_the_time_is_healthy)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = program(&rows[i], rows[i].guilty, 0.03);
        struct finding f;
        enum answer answer = made_ask(&m, rows[i].rule, &f);
        cr_expect_eq(answer, ANSWER_HEALTHY, "%s: %s", rows[i].rule->id, f.summary);
        cr_expect(f.summary && f.summary[0], "%s", rows[i].rule->id);
        finding_done(&f);
        made_done(&m);
    }
}

Test(shares, innocent_work_of_the_same_kind_is_left_alone)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!rows[i].innocent)
            continue;
        struct made m = program(&rows[i], rows[i].innocent, 0.6);
        cr_expect_not(warned(&m, rows[i].rule), "%s", rows[i].rule->id);
        made_done(&m);
    }
}

Test(shares, work_that_uses_hardly_any_cpu_is_no_reason_to_act)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct made m = made_new("server", rows[i].runtime, 20);
        made_cpu(&m, m.main, rows[i].guilty, 0.5, 0, 20);
        if (rows[i].loop)
            made_turns(&m, m.main, 5000, 0.1, 0, 0, 1);
        cr_expect_not(warned(&m, rows[i].rule), "%s", rows[i].rule->id);
        made_done(&m);
    }
}

Test(shares, strong_evidence_in_few_samples_is_possible_and_says_how_long_to_run)
{
    struct made m = made_new("server", "node", 2);
    made_cpu(&m, m.main, rows[0].guilty, 0.5, 0.6, 2);
    struct finding f;
    cr_assert_eq(made_ask(&m, &rule_json_heavy, &f), ANSWER_FOUND);
    cr_expect_eq(f.confidence, CONFIDENCE_POSSIBLE);
    cr_expect(f.detail && strstr(f.detail, "to be sure"), "%s", f.detail);
    finding_done(&f);
    made_done(&m);
}

Test(shares, a_handful_of_samples_says_nothing)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main, rows[0].guilty, 0.1, 0, 20);
    cr_expect_not(warned(&m, &rule_json_heavy));
    made_done(&m);
}

Test(shares, the_cause_stands_before_the_blocked_loop_that_it_explains)
{
    struct made m = made_new("server", "node", 20);
    made_states(&m, m.main, 0.9, 0);
    made_turns(&m, m.main, 120, 140, 0, 0, 1);
    made_cpu(&m, m.main, rows[0].guilty, 16, 0, 20);
    made_cpu(&m, m.main, REST, 2, 0, 20);
    struct diagnosis d;
    diagnose(m.p, &d);
    cr_expect_str_eq(d.verdict, "json-heavy");
    cr_assert_gt(d.findings.len, 1);
    cr_expect_eq(d.findings.ptr[0].severity, SEVERITY_CRITICAL);
    diagnosis_done(&d);
    made_done(&m);
}

Test(shares, copies_from_many_places_have_no_one_to_blame)
{
    struct made m = made_new("app", "native", 20);
    for (int i = 0; i < 10; i++) {
        char stack[80];
        snprintf(stack, sizeof stack, "main@a.c:1;work%d@a.c:%d;l:__memmove_avx_unaligned_erms", i,
            i + 10);
        made_cpu(&m, m.main, stack, 1, 0, 20);
    }
    struct finding f;
    cr_expect_eq(made_ask(&m, &rule_memcpy_heavy, &f), ANSWER_HEALTHY);
    finding_done(&f);
    made_done(&m);
}

Test(shares, a_program_that_prints_for_a_living_is_no_heavy_logger)
{
    struct made m = made_new("report", "native", 20);
    made_cpu(&m, m.main, "main@a.c:1;report@a.c:7;l:printf", 10, 0, 20);
    struct finding f;
    cr_expect_eq(made_ask(&m, &rule_logging_heavy, &f), ANSWER_SILENT);
    finding_done(&f);
    made_done(&m);
}

Test(shares, a_server_that_waits_for_its_log)
{
    struct made m = made_new("server", "native", 20);
    made_fact(&m, m.process, "listens", "8080");
    made_cpu(&m, m.main, REST, 4, 0, 20);
    made_wait(&m, m.main, "main@a.c:1;work@a.c:7;log_line@a.c:30", "write pipe", 300, 20, 0, 20);
    struct finding f;
    cr_assert_eq(made_ask(&m, &rule_logging_heavy, &f), ANSWER_FOUND);
    cr_expect_eq(f.severity, SEVERITY_WARNING);
    cr_expect_eq(f.channel, CHANNEL_WAIT);
    cr_expect(strstr(f.summary, "log_line (a.c:30)"), "%s", f.summary);
    finding_done(&f);
    made_done(&m);
}

/* ---- the kernel's network, builds, modes ---- */

static void add_tally(struct made *m, const char *what, uint64_t count, uint64_t small)
{
    struct tally t = {
        .thread = m->main,
        .name = profile_add_string(m->p, slice_of("syscall")),
        .what = profile_add_string(m->p, slice_of(what)),
        .count = count,
        .small = small,
    };
    profile_add_tally(m->p, &t);
}

Test(network_kernel_heavy, a_warning_only_when_the_program_sends_in_pieces)
{
    static const struct {
        uint64_t sends, receives;
        enum severity severity;
    } cases[] = { { 5000, 5000, SEVERITY_INFO }, { 50000, 5000, SEVERITY_WARNING } };
    for (size_t i = 0; i < 2; i++) {
        struct made m = made_new("server", "native", 20);
        made_cpu(&m, m.main, "main@a.c:1;work@a.c:7;k:do_syscall_64;k:tcp_sendmsg", 12, 0, 20);
        made_cpu(&m, m.main, REST, 6, 0, 20);
        add_tally(&m, "write client 10.0.0.9", cases[i].sends, cases[i].sends);
        add_tally(&m, "read client 10.0.0.9", cases[i].receives, cases[i].receives);
        struct finding f;
        cr_assert_eq(made_ask(&m, &rule_network_kernel_heavy, &f), ANSWER_FOUND);
        cr_expect_eq(f.severity, cases[i].severity, "row %zu", i);
        finding_done(&f);
        made_done(&m);
    }
}

Test(network_kernel_heavy, unseen_without_the_kernels_frames)
{
    struct made m = made_new("server", "native", 20);
    meta_set_text(&profile_meta(m.p)->level, slice_of("user"));
    made_cpu(&m, m.main, REST, 6, 0, 20);
    struct finding f;
    cr_expect_eq(made_ask(&m, &rule_network_kernel_heavy, &f), ANSWER_UNSEEN);
    finding_done(&f);
    made_done(&m);
}

static void add_module_samples(struct made *m, const char *path, const char *name, double seconds)
{
    struct module module = { .path = profile_add_string(m->p, slice_of(path)), .kind = MODULE_ELF };
    struct func func = {
        .name = profile_add_string(m->p, slice_of(name)),
        .file = profile_add_string(m->p, slice_of("/src/a.c")),
        .line = 5,
        .module = profile_add_module(m->p, &module),
        .kind = FUNC_APP,
    };
    struct line line = { .func = profile_add_func(m->p, &func), .line = 6 };
    struct frame_id frame = profile_add_frame_lines(m->p, &line, 1);
    struct stack_id stack = profile_add_stack(m->p, (struct stack_id){ 0 }, frame);
    int count = (int)(seconds * 1e9 / (double)MADE_PERIOD_NS);
    for (int i = 0; i < count; i++) {
        struct sample s = {
            .time_ns = m->end_ns - (uint64_t)i * MADE_PERIOD_NS,
            .thread = m->main,
            .stack = stack,
            .count = 1,
            .weight = MADE_PERIOD_NS,
        };
        profile_add_sample(m->p, &s);
    }
}

Test(unoptimised_build, the_level_counts_where_the_time_goes)
{
    static const struct {
        const char *level; /* of the hot module; NULL: not known */
        enum answer answer;
    } cases[] = { { "O0", ANSWER_FOUND }, { "debug", ANSWER_FOUND }, { "O2", ANSWER_HEALTHY },
        { NULL, ANSWER_UNSEEN } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m = made_new("app", "native", 20);
        add_module_samples(&m, "/srv/app", "compute", 10);
        add_module_samples(&m, "/srv/libcold.so", "rarely", 0.5);
        if (cases[i].level) {
            made_fact(&m, (struct process_id){ 0 }, "optimised./srv/app", cases[i].level);
            made_fact(&m, (struct process_id){ 0 }, "optimised./srv/libcold.so", "O0");
        }
        struct finding f;
        cr_expect_eq(made_ask(&m, &rule_unoptimised_build, &f), cases[i].answer, "row %zu: %s", i,
            f.summary);
        finding_done(&f);
        made_done(&m);
    }
}

Test(dev_mode, only_what_was_said_outright_counts)
{
    static const struct {
        const char *fact, *value;
        enum answer answer;
        enum severity severity;
    } cases[] = {
        { "env.NODE_ENV", "development", ANSWER_FOUND, SEVERITY_WARNING },
        { "env.NODE_ENV", "production", ANSWER_HEALTHY, SEVERITY_INFO },
        { "env.NODE_ENV", "test", ANSWER_HEALTHY, SEVERITY_INFO },
        { "flags", "--inspect=0.0.0.0", ANSWER_FOUND, SEVERITY_INFO },
        { "flags", "-X dev", ANSWER_FOUND, SEVERITY_WARNING },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct made m = made_new("server", "node", 20);
        made_fact(&m, m.process, "listens", "8080");
        made_fact(&m, m.process, cases[i].fact, cases[i].value);
        made_cpu(&m, m.main, REST, 6, 0, 20);
        struct finding f;
        cr_expect_eq(made_ask(&m, &rule_dev_mode, &f), cases[i].answer, "%s", cases[i].value);
        cr_expect_eq(f.severity, cases[i].severity, "%s", cases[i].value);
        finding_done(&f);
        made_done(&m);
    }
}

/* The collector's own threads have no function of the program on their stacks. */
Test(shares, who_runs_beside_a_collector_in_threads_of_its_own_is_named)
{
    struct made m = made_new("server", "node", 20);
    struct thread_id helper = made_thread(&m, "V8Worker");
    made_cpu(&m, helper, "r:DefaultJobWorker::Run;g:v8::internal::Scavenger::Process", 8, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;copy@a.js:7", 6, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;other@a.js:20", 0.3, 0, 20);
    struct finding f;
    cr_assert_eq(made_ask(&m, &rule_gc_pressure, &f), ANSWER_FOUND);
    cr_assert(f.guilty.len >= 2);
    cr_expect(f.guilty.ptr[0].calls);
    const struct func *func = profile_func(m.p, f.guilty.ptr[0].func);
    cr_expect(slice_is(profile_string(m.p, func->name), "copy"));
    cr_expect_not(f.guilty.ptr[1].calls, "hardly any of the rest is other's");
    cr_expect(strstr(f.detail, "copy") != NULL, "%s", f.detail);
    cr_expect_null(strstr(f.summary, "comes from"), "%s", f.summary);
    finding_done(&f);
    made_done(&m);
}

/* A stripped interpreter may spend all of it in regular expressions. */
Test(share_rules, what_has_no_names_is_not_called_healthy)
{
    struct made m = made_new("app", "native", 20);
    made_cpu(&m, m.main, "main@a.c:3;d:libpython3.11.so.1.0+0x1a2b3c", 15, 0, 20);
    made_cpu(&m, m.main, "main@a.c:4", 3, 0, 20);
    struct finding f;
    cr_expect_eq(made_ask(&m, &rule_regex_backtracking, &f), ANSWER_UNSEEN);
    cr_expect(f.summary && f.detail && strstr(f.detail, "83 %"), "%s", f.detail);
    finding_done(&f);
    made_done(&m);
}
