// SPDX-License-Identifier: MIT
/* Go's runtime of our own making: what it keeps lies in this process. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/compiler.h"
#include "record/go_runtime.h"

enum { GOROUTINES = 8, GOROUTINE_WORDS = 64, STACK_WORDS = 64 };

#define TEXT UINT64_C(0x401000)
#define TEXT_END UINT64_C(0x481000)
#define MAIN_START (TEXT + 0x100)

enum { STATUS_RUNNABLE = 1, STATUS_RUNNING, STATUS_IN_CALL, STATUS_WAITING, STATUS_DEAD = 6 };

/* As written in the test; where each lies depends on the version. */
struct layout {
    const char *version;
    unsigned bp, status, id, reason, left, start;
};

static const struct layout layouts[] = {
    { "go1.18", 104, 144, 152, 176, 189, 312 },
    { "go1.19.8", 104, 144, 152, 176, 189, 312 },
    { "go1.20.14", 104, 144, 152, 176, 189, 312 },
    { "go1.21.13", 104, 144, 152, 176, 188, 296 },
    { "go1.22.12", 104, 144, 152, 176, 191, 296 },
    { "go1.23.5 X:nocoverageredesign", 104, 152, 160, 184, 199, 304 },
    { "go1.24.0", 104, 152, 160, 184, 199, 304 },
    { "go1.25.3", 96, 144, 152, 176, 191, 296 },
    { "go1.26rc1", 96, 144, 152, 176, 191, 304 },
};

static const char *const reasons[] = { "", "IO wait", "chan receive", "select", "semacquire",
    "sleep", "GC worker (idle)", "sync.Mutex.Lock" };

enum { REASON_IO = 1, REASON_SEMACQUIRE = 4, REASONS = PROF_ARRAY_LEN(reasons) };

static struct {
    uint64_t count, list;
    uint64_t version[2];
    uint64_t reasons[REASONS][2];
    uint64_t goroutines[GOROUTINES];
    uint64_t g[GOROUTINES][GOROUTINE_WORDS];
    uint64_t stacks[GOROUTINES][STACK_WORDS];
} memory;

static const struct layout *made; /* how memory is laid out */

static uint64_t at(const void *p)
{
    return (uint64_t)(uintptr_t)p;
}

static void put(int i, unsigned offset, uint64_t word)
{
    memcpy((uint8_t *)memory.g[i] + offset, &word, sizeof word);
}

static void put_byte(int i, unsigned offset, uint8_t byte)
{
    memcpy((uint8_t *)memory.g[i] + offset, &byte, sizeof byte);
}

static void put_status(int i, uint32_t status)
{
    memcpy((uint8_t *)memory.g[i] + made->status, &status, sizeof status);
}

static void make_goroutine(int i, uint32_t status, uint8_t reason)
{
    put(i, 0, at(memory.stacks[i]));
    put(i, 8, at(memory.stacks[i] + STACK_WORDS));
    put(i, 56, at(memory.stacks[i] + 10));
    put(i, 64, TEXT + 0x200);
    put(i, 72, at(memory.g[i]));
    put(i, made->bp, at(memory.stacks[i] + 20));
    put_status(i, status);
    put(i, made->id, (uint64_t)i + 1);
    put_byte(i, made->reason, reason);
    put_byte(i, made->left, (uint8_t)(0xf0 + i));
    put(i, made->start, i == 0 ? MAIN_START : TEXT + 0x300);
}

static void make_text(uint64_t header[2], const char *text)
{
    header[0] = at(text);
    header[1] = strlen(text);
}

static void make_runtime(const struct layout *layout)
{
    memset(&memory, 0, sizeof memory);
    made = layout;
    memory.count = GOROUTINES;
    memory.list = at(memory.goroutines);
    make_text(memory.version, layout->version);
    for (size_t i = 0; i < REASONS; i++)
        make_text(memory.reasons[i], reasons[i]);
    for (int i = 0; i < GOROUTINES; i++) {
        memory.goroutines[i] = at(memory.g[i]);
        make_goroutine(i, STATUS_WAITING, REASON_SEMACQUIRE);
    }
}

static struct go_symbols symbols(void)
{
    return (struct go_symbols){
        .count = at(&memory.count),
        .list = at(&memory.list),
        .version = at(memory.version),
        .reasons = at(memory.reasons),
        .reasons_bytes = sizeof memory.reasons,
        .main_start = MAIN_START,
        .text_start = TEXT,
        .text_end = TEXT_END,
    };
}

static enum go_opened open_runtime(struct go_runtime *rt)
{
    const struct go_symbols s = symbols();
    return go_runtime_open(rt, getpid(), &s, 0);
}

static struct go_runtime opened(void)
{
    struct go_runtime rt;
    cr_assert_eq(open_runtime(&rt), GO_OPEN);
    return rt;
}

static struct goroutine read_one(const struct go_runtime *rt, int i)
{
    struct goroutine g;
    const uint64_t address = at(memory.g[i]);
    go_runtime_read(rt, &address, 1, &g);
    return g;
}

Test(go_runtime, is_read_as_each_version_keeps_it)
{
    for (size_t v = 0; v < PROF_ARRAY_LEN(layouts); v++) {
        make_runtime(&layouts[v]);
        struct go_runtime rt;
        cr_assert_eq(open_runtime(&rt), GO_OPEN, "%s", layouts[v].version);
        cr_expect_eq(go_runtime_count(&rt), GOROUTINES);
        const struct goroutine g = read_one(&rt, 3);
        cr_expect_eq(g.state, GO_WAITING, "%s", layouts[v].version);
        cr_expect_eq(g.id, 4);
        cr_expect_eq(g.sp, at(memory.stacks[3] + 10));
        cr_expect_eq(g.pc, TEXT + 0x200);
        cr_expect_eq(g.bp, at(memory.stacks[3] + 20), "%s", layouts[v].version);
        cr_expect_eq(g.stack_high, at(memory.stacks[3] + STACK_WORDS));
        cr_expect_eq(g.start, TEXT + 0x300);
        cr_expect_eq(g.reason, REASON_SEMACQUIRE);
        cr_expect_eq(g.left, 0xf3);
    }
}

Test(go_runtime, of_an_unknown_version_is_read_if_it_looks_like_a_known_one)
{
    static const char *const versions[] = { "devel go1.27-4a5e6b1", "go1.31.2", "", "go1." };
    for (size_t v = 0; v < PROF_ARRAY_LEN(versions); v++) {
        make_runtime(&layouts[5]);
        make_text(memory.version, versions[v]);
        const struct go_runtime rt = opened();
        cr_expect_eq(read_one(&rt, 1).state, GO_WAITING, "%s", versions[v]);
    }
}

Test(go_runtime, is_refused_when_the_first_goroutine_is_not_that_of_main)
{
    make_runtime(&layouts[1]);
    put(0, made->start, TEXT + 0x300);
    struct go_runtime rt;
    cr_expect_eq(open_runtime(&rt), GO_UNKNOWN);
    make_runtime(&layouts[1]);
    put(0, made->id, 17);
    cr_expect_eq(open_runtime(&rt), GO_UNKNOWN);
    make_runtime(&layouts[1]);
    put(0, 72, at(memory.g[1]));
    cr_expect_eq(open_runtime(&rt), GO_UNKNOWN);
}

Test(go_runtime, is_waited_for_until_it_has_begun)
{
    struct go_runtime rt;
    make_runtime(&layouts[1]);
    memory.count = 0;
    cr_expect_eq(open_runtime(&rt), GO_NOT_YET);
    make_runtime(&layouts[1]);
    memory.list = 8;
    cr_expect_eq(open_runtime(&rt), GO_NOT_YET);
    make_runtime(&layouts[1]);
    memory.goroutines[0] = 0;
    cr_expect_eq(open_runtime(&rt), GO_NOT_YET);
}

Test(go_runtime, with_absurd_numbers_is_not_believed)
{
    make_runtime(&layouts[1]);
    const struct go_runtime rt = opened();
    uint64_t addresses[GOROUTINES];
    memory.count = UINT64_C(1) << 40;
    cr_expect_eq(go_runtime_count(&rt), 0);
    memory.count = GOROUTINES;
    cr_expect_not(go_runtime_addresses(&rt, UINT64_C(1) << 45, 4, addresses));
    memory.list = UINT64_MAX - 8;
    cr_expect_not(go_runtime_addresses(&rt, 0, 4, addresses));
    const uint64_t nowhere[] = { 0, 8, UINT64_MAX - 100, at(memory.g[2]) };
    struct goroutine found[4];
    go_runtime_read(&rt, nowhere, 4, found);
    for (int i = 0; i < 3; i++)
        cr_expect_eq(found[i].state, GO_NONE);
    cr_expect_eq(found[3].state, GO_WAITING, "the others do not suffer");
}

Test(go_runtime, tells_reasons_by_their_words_however_broken)
{
    make_runtime(&layouts[1]);
    memory.reasons[2][1] = UINT64_C(1) << 60;
    memory.reasons[3][0] = 8;
    memory.reasons[5][1] = 0;
    const struct go_runtime rt = opened();
    cr_expect_eq(rt.reason_count, REASONS);
    cr_expect_eq(rt.reasons[REASON_IO].kind, WAIT_LOOP);
    cr_expect_str_eq(rt.reasons[REASON_IO].operation, "IO-wait");
    cr_expect_eq(rt.reasons[3].kind, WAIT_UNKNOWN);
    cr_expect_eq(rt.reasons[5].kind, WAIT_UNKNOWN);
    struct go_symbols s = symbols();
    struct go_runtime other;
    s.reasons_bytes = UINT64_C(1) << 50;
    cr_expect_eq(go_runtime_open(&other, getpid(), &s, 0), GO_NOT_YET);
}

Test(go_runtime, knows_no_goroutine_that_is_not_plausible)
{
    static const struct {
        const char *name;
        unsigned offset;
        uint64_t word;
    } rows[] = {
        { "a stack pointer below the stack", 56, 8 },
        { "a stack pointer above all", 56, UINT64_MAX - 7 },
        { "code outside the text", 64, TEXT_END },
        { "another's registers", 72, 8 },
        { "a stack without an end", 8, UINT64_MAX - 7 },
        { "a stack that ends before it begins", 8, 8 },
        { "a first function that is none", 312, 8 },
    };
    make_runtime(&layouts[1]);
    const struct go_runtime rt = opened();
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        make_goroutine(2, STATUS_WAITING, REASON_IO);
        cr_expect_eq(read_one(&rt, 2).state, GO_WAITING);
        put(2, rows[i].offset, rows[i].word);
        cr_expect_eq(read_one(&rt, 2).state, GO_NONE, "%s", rows[i].name);
    }
    make_goroutine(2, STATUS_WAITING, REASONS);
    cr_expect_eq(read_one(&rt, 2).state, GO_NONE, "a reason without words");
}

Test(go_runtime, tells_what_a_goroutine_does)
{
    static const struct {
        uint32_t status;
        enum go_state state;
    } rows[] = { { 0, GO_NONE }, { STATUS_RUNNABLE, GO_READY }, { STATUS_RUNNING, GO_RUNNING },
        { STATUS_IN_CALL, GO_RUNNING }, { STATUS_WAITING, GO_WAITING }, { STATUS_DEAD, GO_NONE },
        { 8, GO_NONE }, { 9, GO_READY }, { 0x1000 + STATUS_WAITING, GO_WAITING },
        { 0x1000 + STATUS_RUNNING, GO_RUNNING }, { 77, GO_NONE }, { UINT32_MAX, GO_NONE } };
    make_runtime(&layouts[1]);
    const struct go_runtime rt = opened();
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        make_goroutine(2, rows[i].status, REASON_IO);
        cr_expect_eq(read_one(&rt, 2).state, rows[i].state, "status %u", rows[i].status);
    }
}

Test(go_runtime, of_a_process_that_has_died_is_gone)
{
    make_runtime(&layouts[1]);
    const pid_t child = fork();
    if (child == 0)
        pause();
    const struct go_symbols s = symbols();
    struct go_runtime rt;
    cr_assert_eq(go_runtime_open(&rt, child, &s, 0), GO_OPEN);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    cr_expect_eq(go_runtime_count(&rt), 0);
    cr_expect_eq(read_one(&rt, 2).state, GO_NONE);
    cr_expect_eq(go_runtime_open(&rt, child, &s, 0), GO_NOT_YET);
}

Test(go_reason, is_the_kind_of_wait_that_its_words_say)
{
    static const struct {
        const char *text, *operation;
        enum wait_kind kind;
        bool own;
    } rows[] = {
        { "sync.Mutex.Lock", "sync.Mutex.Lock", WAIT_FUTEX, false },
        { "sync.RWMutex.RLock", "sync.RWMutex.RLock", WAIT_FUTEX, false },
        { "semacquire", "semacquire", WAIT_FUTEX, false },
        { "chan receive (nil chan)", "chan-receive-(nil-chan)", WAIT_EVENT, false },
        { "select", "select", WAIT_EVENT, false },
        { "IO wait", "IO-wait", WAIT_LOOP, false },
        { "sleep", "sleep", WAIT_SLEEP, false },
        { "GC worker (idle)", "GC-worker-(idle)", WAIT_UNKNOWN, true },
        { "GC assist wait", "GC-assist-wait", WAIT_UNKNOWN, false },
        { "finalizer wait", "finalizer-wait", WAIT_UNKNOWN, true },
        { "something new", "something-new", WAIT_UNKNOWN, false },
        { "", "", WAIT_UNKNOWN, false },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        const struct go_reason reason = go_reason_of(slice_of(rows[i].text));
        cr_expect_eq(reason.kind, rows[i].kind, "%s", rows[i].text);
        cr_expect_eq(reason.own, rows[i].own, "%s", rows[i].text);
        cr_expect_str_eq(reason.operation, rows[i].operation);
    }
}
