// SPDX-License-Identifier: MIT
#include "record/go_runtime.h"

#include <string.h>

#include "base/compiler.h"
#include "symbol/symtab.h"

enum {
    COUNT_MAX = 1 << 24, /* goroutines: more is no number but a mistake */
    VERSION_BYTES = 64,
    STATUS_SCANNED = 0x1000, /* the collector looks at its stack; added to the status */
    GOROUTINE_BYTES = 320,   /* of struct g, what is looked at */
    STACK_MAX_BYTES = 1 << 30,
};

/* runtime2.go, _Gidle and what follows; those in between are not used. */
enum status {
    STATUS_RUNNABLE = 1,
    STATUS_RUNNING = 2,
    STATUS_IN_CALL = 3,
    STATUS_WAITING = 4,
    STATUS_PREEMPTED = 9,
    STATUS_MAX = 16,
};

/* In every version, right behind its first members. */
enum { STACK_LOW = 0, STACK_HIGH = 8, SCHED_SP = 56, SCHED_PC = 64, SCHED_G = 72 };

/*
 * Where members of struct g lie, on 64-bit processors. 1.18 to 1.23: from the debug data of
 * programs built with 1.19, 1.21, 1.22 and 1.23; the others: by adding up the members in
 * runtime2.go.
 */
struct go_layout {
    unsigned minor_first, minor_last; /* Go 1.MINOR */
    uint16_t bp;                      /* sched.bp; gobuf lost a member before it in 1.25 */
    uint16_t status, id, reason;      /* atomicstatus, goid, waitreason */
    uint16_t left;                    /* trackingSeq */
    uint16_t start;                   /* startpc */
};

static const struct go_layout layouts[] = {
    { 26, 26, 96, 144, 152, 176, 191, 304 },
    { 25, 25, 96, 144, 152, 176, 191, 296 },
    { 23, 24, 104, 152, 160, 184, 199, 304 },
    { 22, 22, 104, 144, 152, 176, 191, 296 },
    { 21, 21, 104, 144, 152, 176, 188, 296 },
    { 18, 20, 104, 144, 152, 176, 189, 312 },
};

/* ---- the file ---- */

static uint64_t find(const struct elf *elf, const char *name, uint64_t *ret_bytes)
{
    struct symbol symbol;
    if (!symtab_find(elf, SYMTAB_FULL, name, &symbol))
        return 0;
    if (ret_bytes)
        *ret_bytes = symbol.size;
    return symbol.address;
}

struct go_symbols go_symbols_find(const struct elf *elf)
{
    struct go_symbols s = { .count = find(elf, "runtime.allglen", NULL) };
    if (s.count == 0)
        return s; /* stripped */
    s.list = find(elf, "runtime.allgptr", NULL);
    s.version = find(elf, "runtime.buildVersion", NULL);
    s.reasons = find(elf, "runtime.waitReasonStrings", &s.reasons_bytes);
    s.main_start = find(elf, "runtime.main", NULL);
    s.text_start = find(elf, "runtime.text", NULL);
    s.text_end = find(elf, "runtime.etext", NULL);
    const bool all = s.list && s.version && s.reasons && s.main_start && s.text_start && s.text_end;
    return all ? s : (struct go_symbols){ 0 };
}

/* ---- the process ---- */

static bool read_word(pid_t pid, uint64_t address, uint64_t *ret_word)
{
    return target_read_all(pid, address, ret_word, sizeof *ret_word);
}

/* A string's header: its characters' address and their number. Returns how many were read. */
static size_t read_text(pid_t pid, const uint64_t header[2], char *to, size_t room)
{
    return target_read(pid, header[0], to, header[1] < room ? (size_t)header[1] : room);
}

/* "go1.19.8" -> 19; 0: not a version, as of one that was built from the repository. */
static unsigned read_minor(pid_t pid, uint64_t address)
{
    static const char prefix[] = "go1.";
    uint64_t header[2];
    char text[VERSION_BYTES];
    if (!target_read_all(pid, address, header, sizeof header))
        return 0;
    const struct slice version = { text, read_text(pid, header, text, sizeof text) };
    if (!slice_starts(version, prefix))
        return 0;
    unsigned minor = 0;
    for (size_t i = sizeof prefix - 1; i < version.len && minor < 1000; i++) {
        if (text[i] < '0' || text[i] > '9')
            break;
        minor = minor * 10 + (unsigned)(text[i] - '0');
    }
    return minor;
}

static bool read_reasons(struct go_runtime *rt, uint64_t address, uint64_t bytes)
{
    uint64_t headers[GO_REASONS_MAX][2];
    const uint64_t count = bytes / sizeof headers[0];
    if (count == 0 || count > GO_REASONS_MAX ||
        !target_read_all(rt->pid, address, headers, count * sizeof headers[0]))
        return false;
    for (uint64_t i = 0; i < count; i++) {
        char text[GO_REASON_BYTES];
        const size_t len = read_text(rt->pid, headers[i], text, sizeof text);
        rt->reasons[i] = go_reason_of((struct slice){ text, len });
    }
    rt->reason_count = (uint32_t)count;
    return true;
}

uint64_t go_runtime_count(const struct go_runtime *rt)
{
    uint64_t count;
    return read_word(rt->pid, rt->count, &count) && count <= COUNT_MAX ? count : 0;
}

/* The list's address is read after its length: a longer one takes its place in that order. */
bool go_runtime_addresses(
    const struct go_runtime *rt, uint64_t first, size_t count, uint64_t *ret_addresses)
{
    uint64_t list;
    return read_word(rt->pid, rt->list, &list) &&
           target_read_all(rt->pid, list + first * sizeof *ret_addresses, ret_addresses,
               count * sizeof *ret_addresses);
}

/* ---- one goroutine ---- */

static uint64_t word_at(const uint8_t *g, size_t offset)
{
    uint64_t word;
    memcpy(&word, g + offset, sizeof word);
    return word;
}

static uint32_t status_at(const uint8_t *g, const struct go_layout *l)
{
    uint32_t status;
    memcpy(&status, g + l->status, sizeof status);
    return status & ~(uint32_t)STATUS_SCANNED;
}

static bool in_text(const struct go_runtime *rt, uint64_t pc)
{
    return pc >= rt->text_start && pc < rt->text_end;
}

static bool has_stack(const struct goroutine *g)
{
    return g->stack_low < g->stack_high && g->stack_high - g->stack_low <= STACK_MAX_BYTES &&
           g->stack_low % sizeof(uint64_t) == 0 && g->stack_high % sizeof(uint64_t) == 0;
}

static enum go_state state_of(const struct go_runtime *rt, uint32_t status, struct goroutine *g)
{
    const bool is_off =
        status == STATUS_RUNNABLE || status == STATUS_WAITING || status == STATUS_PREEMPTED;
    if (!has_stack(g) || !in_text(rt, g->start))
        return GO_NONE;
    if (status == STATUS_RUNNING || status == STATUS_IN_CALL)
        return GO_RUNNING;
    if (!is_off || g->sp < g->stack_low || g->sp >= g->stack_high ||
        g->sp % sizeof(uint64_t) != 0 || !in_text(rt, g->pc))
        return GO_NONE;
    if (status != STATUS_WAITING)
        return GO_READY;
    return g->reason < rt->reason_count ? GO_WAITING : GO_NONE;
}

static struct goroutine decode(const struct go_runtime *rt, uint64_t address, const uint8_t *bytes)
{
    const struct go_layout *l = rt->layout;
    struct goroutine g = {
        .id = word_at(bytes, l->id),
        .stack_low = word_at(bytes, STACK_LOW),
        .stack_high = word_at(bytes, STACK_HIGH),
        .sp = word_at(bytes, SCHED_SP),
        .pc = word_at(bytes, SCHED_PC),
        .bp = word_at(bytes, l->bp),
        .start = word_at(bytes, l->start),
        .reason = bytes[l->reason],
        .left = bytes[l->left],
    };
    if (word_at(bytes, SCHED_G) == address)
        g.state = state_of(rt, status_at(bytes, l), &g);
    return g;
}

void go_runtime_read(
    const struct go_runtime *rt, const uint64_t *addresses, size_t count, struct goroutine *ret)
{
    uint8_t bytes[GO_BATCH][GOROUTINE_BYTES];
    struct target_piece pieces[GO_BATCH];
    for (size_t i = 0; i < count; i++)
        pieces[i] = (struct target_piece){
            .address = addresses[i], .to = bytes[i], .len = GOROUTINE_BYTES
        };
    target_read_pieces(rt->pid, pieces, count);
    for (size_t i = 0; i < count; i++)
        ret[i] = pieces[i].there ? decode(rt, addresses[i], bytes[i]) : (struct goroutine){ 0 };
}

/* ---- which layout ---- */

/* The first goroutine runs runtime.main. */
static bool fits(const struct go_runtime *rt, uint64_t address, const uint8_t *bytes)
{
    const struct goroutine g = decode(rt, address, bytes);
    return g.id == 1 && g.start == rt->main_start && has_stack(&g) &&
           word_at(bytes, SCHED_G) == address && status_at(bytes, rt->layout) < STATUS_MAX;
}

/* That of the version first; of an unknown version the newest that fits. */
static enum go_opened find_layout(struct go_runtime *rt, unsigned minor)
{
    uint64_t first;
    uint8_t bytes[GOROUTINE_BYTES];
    if (go_runtime_count(rt) == 0 || !go_runtime_addresses(rt, 0, 1, &first) ||
        !target_read_all(rt->pid, first, bytes, sizeof bytes))
        return GO_NOT_YET;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < PROF_ARRAY_LEN(layouts); i++) {
            rt->layout = &layouts[i];
            const bool of_version =
                minor >= rt->layout->minor_first && minor <= rt->layout->minor_last;
            if (of_version == (pass == 0) && fits(rt, first, bytes))
                return GO_OPEN;
        }
    }
    return GO_UNKNOWN;
}

enum go_opened go_runtime_open(
    struct go_runtime *rt, pid_t pid, const struct go_symbols *symbols, uint64_t bias)
{
    *rt = (struct go_runtime){
        .pid = pid,
        .count = symbols->count + bias,
        .list = symbols->list + bias,
        .main_start = symbols->main_start + bias,
        .text_start = symbols->text_start + bias,
        .text_end = symbols->text_end + bias,
    };
    if (symbols->count == 0)
        return GO_UNKNOWN;
    if (!read_reasons(rt, symbols->reasons + bias, symbols->reasons_bytes))
        return GO_NOT_YET;
    return find_layout(rt, read_minor(pid, symbols->version + bias));
}
