// SPDX-License-Identifier: MIT
/*
 * The test program as a Go program: it has the symbols of Go's runtime, and goroutines of our own
 * making, whose stacks lead through a piece of code that never runs.
 */
#include <criterion/criterion.h>

#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "profile/evidence.h"
#include "profile/sample_log.h"
#include "record/go_process.h"
#include "unwind/unwind.h"

enum { MOST = 3000, WORDS = 64, CODE_BYTES = 0x1000, LOCK = 0x200, SLEEP = 0x300, WORKER = 0x400 };

extern const char made_text[] __asm__("runtime.text");
__asm__(".pushsection .text\n"
        "runtime.text: .skip 0x100, 0x90\n"
        "runtime.main: .skip 0xf00, 0x90\n"
        "runtime.etext: .byte 0x90\n"
        ".popsection\n");

uint64_t made_count __asm__("runtime.allglen");
uint64_t made_list __asm__("runtime.allgptr");
uint64_t made_version[2] __asm__("runtime.buildVersion");
uint64_t made_reasons[3][2] __asm__("runtime.waitReasonStrings");

static uint64_t list[MOST];
static uint64_t g[MOST][WORDS];
static uint64_t stacks[MOST][WORDS];

static struct profile *profile;
static struct recorder *r;
static struct go_looker *looker;
static struct go_process *process;
static uint64_t now_ns;

static uint64_t at(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void put(uint32_t i, size_t offset, const void *from, size_t len)
{
    memcpy((uint8_t *)g[i] + offset, from, len);
}

static void put_word(uint32_t i, size_t offset, uint64_t word)
{
    put(i, offset, &word, sizeof word);
}

/* It has left its thread so often, and waits in that code (0: runs). As of Go 1.19. */
static void set_state(uint32_t i, uint8_t left, uint32_t code)
{
    const uint32_t status = code ? 4 : 2;
    const uint8_t reason = code == SLEEP ? 2 : 1;
    put(i, 144, &status, sizeof status);
    put(i, 176, &reason, 1);
    put(i, 189, &left, 1);
    put_word(i, 64, at(made_text) + code);
}

static void make_goroutine(uint32_t i, uint32_t code)
{
    list[i] = at(g[i]);
    put_word(i, 0, at(stacks[i]));
    put_word(i, 8, at(stacks[i] + WORDS));
    put_word(i, 56, at(stacks[i] + 4));
    put_word(i, 72, at(g[i]));
    put_word(i, 104, at(stacks[i] + 8));
    put_word(i, 152, i + 1);
    put_word(i, 312, at(made_text) + (i == 0 ? 0x100 : WORKER));
    stacks[i][8] = 0;
    stacks[i][9] = at(made_text) + WORKER + 8;
    set_state(i, 0, code);
}

static void make_runtime(void)
{
    static const char *const texts[] = { "go1.19.8", "semacquire", "sleep" };
    for (int i = 0; i < 3; i++) {
        made_reasons[i][0] = at(texts[i]);
        made_reasons[i][1] = strlen(texts[i]);
    }
    made_version[0] = made_reasons[0][0];
    made_version[1] = made_reasons[0][1];
    made_list = at(list);
    made_count = 1;
    make_goroutine(0, SLEEP);
}

static struct tracked_process *own_process(void)
{
    return processes_find(&r->processes, getpid());
}

static void start(void)
{
    profile = profile_new();
    r = xcalloc(1, sizeof *r);
    r->profile = profile;
    r->modules = modules_new(profile);
    processes_init(&r->processes, profile, r->modules, &r->jit_maps);
    stacks_init(&r->stacks, profile, &r->processes, &unwinder_table);
    now_ns = clock_monotonic_ns();
    cr_assert(processes_add_running(&r->processes, getpid(), now_ns));
    struct tracked_process *own = own_process();
    processes_load_region(&r->processes, own, at(made_text) + LOCK);
    own->go_place = unwind_space_find(own->space, at(made_text) + LOCK)->tag / 2 + 1;
    make_runtime();
    looker = xcalloc(1, sizeof *looker);
    looker->recorder = r;
    process = go_process_new(own, now_ns);
    go_process_look(looker, process, now_ns, UINT64_MAX); /* opens it */
}

static void end(void)
{
    go_process_free(process);
    free(looker);
    stacks_done(&r->stacks);
    processes_done(&r->processes);
    modules_free(r->modules);
    free(r);
    profile_free(profile);
}

TestSuite(go_process, .init = start, .fini = end);

static void look(uint64_t passed_ns)
{
    now_ns += passed_ns;
    go_process_look(looker, process, now_ns, UINT64_MAX);
}

/* What was said of waits of a kind; WAIT_KINDS: of those that ran. */
static struct sample said(enum wait_kind kind)
{
    struct sample sum = { 0 }, s;
    struct sample_iter it = sample_iter(profile_channel(profile, CHANNEL_TASKS));
    while (sample_iter_next(&it, &s)) {
        struct wait w;
        const bool waits = wait_of_stack(profile, s.stack, &w);
        if ((waits ? w.kind : WAIT_KINDS) != kind)
            continue;
        sum.weight += s.weight;
        sum.count += s.count;
        sum.stack = s.stack;
    }
    sample_iter_done(&it);
    return sum;
}

Test(go_process, counts_the_time_between_looks_and_waits_that_began)
{
    made_count = 3;
    make_goroutine(1, LOCK);
    make_goroutine(2, 0);
    look(20 * NS_PER_MS);
    look(20 * NS_PER_MS); /* the same wait */
    set_state(1, 5, LOCK);
    look(20 * NS_PER_MS); /* another one, in the same place */
    go_process_say(looker, process, now_ns);
    cr_expect_eq(said(WAIT_FUTEX).weight, 60 * NS_PER_MS);
    cr_expect_eq(said(WAIT_FUTEX).count, 2);
    cr_expect_eq(said(WAIT_SLEEP).weight, 60 * NS_PER_MS);
    cr_expect_eq(said(WAIT_SLEEP).count, 1);
    cr_expect_eq(said(WAIT_KINDS).weight, 60 * NS_PER_MS, "the one that runs");
}

Test(go_process, shows_what_a_goroutine_waits_for_below_its_callers)
{
    made_count = 2;
    make_goroutine(1, LOCK);
    look(20 * NS_PER_MS);
    go_process_say(looker, process, now_ns);
    struct stack s = profile_stack(profile, said(WAIT_FUTEX).stack);
    s = profile_stack(profile, s.caller);
    const uint64_t leaf = profile_frame(profile, s.frame)->address;
    s = profile_stack(profile, s.caller);
    const uint64_t caller = profile_frame(profile, s.frame)->address;
    cr_expect_eq(
        caller - leaf, (uint64_t)(WORKER + 8 - 1 - LOCK), "a return address is within the call");
    cr_expect_eq(s.caller.i, 0);
}

Test(go_process, lets_those_stand_for_all_that_were_looked_at)
{
    made_count = MOST;
    for (uint32_t i = 1; i < MOST; i++)
        make_goroutine(i, i % 3 == 0 ? SLEEP : LOCK);
    for (int i = 0; i < 50; i++) {
        now_ns += 20 * NS_PER_MS;
        go_process_look(looker, process, now_ns, 0); /* one batch each time */
    }
    go_process_say(looker, process, now_ns);
    const double whole = 50 * 20e6 * MOST;
    cr_expect_float_eq((double)said(WAIT_SLEEP).weight / whole, 1.0 / 3, 0.02);
    cr_expect_float_eq((double)said(WAIT_FUTEX).weight / whole, 2.0 / 3, 0.02);
}

Test(go_process, leaves_out_what_is_not_plausible)
{
    made_count = 4;
    make_goroutine(1, LOCK);
    make_goroutine(2, LOCK);
    make_goroutine(3, LOCK);
    put_word(1, 56, 8);
    list[2] = 8;
    stacks[3][8] = at(stacks[3] + 8); /* leads to itself */
    look(20 * NS_PER_MS);
    go_process_say(looker, process, now_ns);
    cr_expect_eq(said(WAIT_FUTEX).weight, 20 * NS_PER_MS);
    struct stack s = profile_stack(profile, said(WAIT_FUTEX).stack);
    while (s.caller.i)
        s = profile_stack(profile, s.caller);
    const struct line *line = profile_frame_lines(profile, s.frame);
    cr_expect_str_eq(
        profile_string(profile, profile_func(profile, line->func)->name).ptr, "[incomplete]");
}

Test(go_process, starts_anew_when_the_list_has_become_shorter)
{
    made_count = 3;
    make_goroutine(1, LOCK);
    make_goroutine(2, LOCK);
    look(20 * NS_PER_MS);
    made_count = 1;
    look(20 * NS_PER_MS);
    look(20 * NS_PER_MS);
    look(20 * NS_PER_MS);
    go_process_say(looker, process, now_ns);
    cr_expect_eq(said(WAIT_FUTEX).weight, 2 * 20 * NS_PER_MS);
    cr_expect_eq(said(WAIT_SLEEP).weight, 2 * 20 * NS_PER_MS);
    go_process_note(looker, process);
    cr_expect_eq(profile_note_count(profile), 0);
}
