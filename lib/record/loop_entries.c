// SPDX-License-Identifier: MIT
#include "record/loop_entries.h"

#include <elf.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "record/fault_guard.h"
#include "record/maps.h"
#include "record/module_open.h"
#include "record/perf_extra.h"
#include "record/procfs_read.h"
#include "record/source.h"
#include "record/thread_state.h"

enum {
    PROCESSES = 4,        /* looked at in one burst */
    KNOWN_MAX = 64,       /* processes whose addresses are remembered */
    ENTRY_COST_NS = 1700, /* of one stop at least: on a machine of its own */
    RECORD_COST_NS = 1000,
    TRIAL_STOPS = 8,
    TRIAL_ROUNDS = 4,
    MAPS_BYTES_MAX = 8 << 20,
    RING_FDS = 32,
};

/* A function, and its argument that says how many descriptors or events there may be: one means
 * that the thread talks to one peer. libc has no function for io_uring: those who enter it do so by
 * its syscall(), which others use for what they do often (Rust's locks), so that it is watched only
 * where there is a ring. */
static const struct entry {
    const char *name;
    uint32_t number; /* tells the calls of one thread apart */
    uint8_t many_argument;
    uint8_t at_least;
    bool of_rings; /* argument 0 has to be the number of io_uring_enter */
    bool of_epoll; /* argument 0 is its descriptor */
} entries[] = {
    { "epoll_wait", 1, 2, 2, false, true },
    { "epoll_pwait", 2, 2, 2, false, true },
    { "poll", 3, 1, 2, false, false },
    { "syscall", 4, 3, 1, true, false },
};

enum { ENTRIES = PROF_ARRAY_LEN(entries) };

struct known_process {
    pid_t pid;
    uint64_t generation; /* of its maps when the addresses were found */
    uint64_t addresses[ENTRIES];
};

struct loop_entries {
    struct recorder *recorder;
    uint32_t events[PROCESSES][ENTRIES];
    struct known_process known[KNOWN_MAX];
    size_t next_known;
};

/* ---- addresses ---- */

uint64_t elf_export(const struct elf *elf, const char *name)
{
    struct elf_section symbols, names;
    if (!elf_find_section(elf, ".dynsym", &symbols) || !elf_find_section(elf, ".dynstr", &names))
        return 0;
    const struct slice rows = elf_section_bytes(elf, &symbols);
    const struct slice text = elf_section_bytes(elf, &names);
    for (size_t at = 0; at + sizeof(Elf64_Sym) <= rows.len; at += sizeof(Elf64_Sym)) {
        Elf64_Sym symbol;
        memcpy(&symbol, rows.ptr + at, sizeof symbol);
        if (symbol.st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol.st_info) != STT_FUNC ||
            symbol.st_name >= text.len)
            continue;
        const struct slice rest = slice_skip(text, symbol.st_name);
        if (slice_is((struct slice){ rest.ptr, slice_find(rest, '\0') }, name))
            return symbol.st_value;
    }
    return 0;
}

static bool is_libc(const struct perf_map *map)
{
    const struct slice name = slice_basename(map->path);
    return (map->prot & PROT_EXEC) &&
           (slice_starts(name, "libc.so") || slice_starts(name, "libc-") ||
               slice_starts(name, "ld-musl"));
}

static void read_addresses(struct known_process *k, const struct perf_map *map)
{
    struct file_map bytes;
    struct elf *elf;
    bool deleted;
    uint64_t mapped;
    const int fd = module_open(k->pid, map, &bytes, &elf, &deleted);
    if (fd < 0)
        return;
    if (elf_offset_to_address(elf, map->offset, &mapped)) {
        for (size_t i = 0; i < ENTRIES; i++) {
            const uint64_t address = elf_export(elf, entries[i].name);
            k->addresses[i] = address ? map->start + (address - mapped) : 0;
        }
    }
    elf_free(elf);
    fault_guard_remove(bytes.ptr);
    file_map_done(&bytes);
    close(fd);
}

static void find_addresses(struct known_process *k)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    procfs_read(k->pid, "maps", MAPS_BYTES_MAX, &text);
    struct slice rest = strbuf_slice(&text), line;
    while (slice_split(&rest, '\n', &line)) {
        struct perf_map map;
        if (!maps_parse_line(line, &map) || !is_libc(&map))
            continue;
        read_addresses(k, &map);
        return;
    }
}

/* Mappings come and go; libc stays where it is until the next exec, which is a new exe. */
static const struct known_process *addresses_of(
    struct loop_entries *le, const struct tracked_process *p)
{
    const uint64_t generation = p->start_ns ^ (uint64_t)p->exe.i << 32;
    for (size_t i = 0; i < KNOWN_MAX; i++)
        if (le->known[i].pid == p->pid && le->known[i].generation == generation)
            return &le->known[i];
    struct known_process *k = &le->known[le->next_known++ % KNOWN_MAX];
    *k = (struct known_process){ .pid = p->pid, .generation = generation };
    find_addresses(k);
    return k;
}

static bool has_any(const struct known_process *k)
{
    for (size_t i = 0; i < ENTRIES; i++)
        if (k->addresses[i])
            return true;
    return false;
}

/* ---- which processes ---- */

struct busy_process {
    size_t index; /* of processes.list */
    uint64_t cpu_ns;
};

static int by_cpu(const void *a, const void *b)
{
    const struct busy_process *x = a, *y = b;
    return (x->cpu_ns < y->cpu_ns) - (x->cpu_ns > y->cpu_ns);
}

/* On-CPU time of living threads, by process. */
static uint64_t cpu_of(const struct thread_states *ts, pid_t pid)
{
    uint64_t sum = 0;
    for (size_t i = 0; ts && i < ts->list.len; i++)
        if (ts->list.ptr[i].alive && ts->list.ptr[i].pid == pid)
            sum += ts->list.ptr[i].on_cpu_ns;
    return sum;
}

/* Among the first descriptors: a loop makes its ring when it begins. */
bool loop_entries_has_ring(pid_t pid)
{
    static const char ring[] = "anon_inode:[io_uring]";
    for (int fd = 0; fd < RING_FDS; fd++) {
        PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
        PROF_CLEANUP(strbuf_done) struct strbuf link = STRBUF_INIT;
        strbuf_addf(&name, "fd/%d", fd);
        if (procfs_link(pid, name.ptr, &link) && slice_is(strbuf_slice(&link), ring))
            return true;
    }
    return false;
}

static void aim(struct loop_entries *le, size_t place, const struct known_process *k)
{
    const bool ring = k && loop_entries_has_ring(k->pid);
    for (size_t i = 0; i < ENTRIES; i++)
        extra_events_aim(le->recorder->extras, le->events[place][i], k ? k->pid : 0,
            k && (ring || !entries[i].of_rings) ? k->addresses[i] : 0);
}

/* Returns how many processes are aimed at. */
static size_t choose(struct loop_entries *le)
{
    const struct recorder *r = le->recorder;
    VEC(struct busy_process) busy = { 0 };
    for (size_t i = 0; i < r->processes.list.len && busy.len < KNOWN_MAX; i++) {
        const struct tracked_process *p = &r->processes.list.ptr[i];
        const struct busy_process row = { i, cpu_of(r->threads, p->pid) };
        if (p->alive)
            vec_push(&busy, row);
    }
    if (busy.len > 1)
        qsort(busy.ptr, busy.len, sizeof *busy.ptr, by_cpu);
    size_t place = 0;
    for (size_t i = 0; i < busy.len && place < PROCESSES; i++) {
        const struct known_process *k = addresses_of(le, &r->processes.list.ptr[busy.ptr[i].index]);
        if (has_any(k))
            aim(le, place++, k);
    }
    for (size_t i = place; i < PROCESSES; i++)
        aim(le, i, NULL);
    vec_done(&busy);
    return place;
}

/* ---- events ---- */

/* ---- what a stop costs here ---- */

__attribute__((noinline)) static void stop_here(void)
{
    __asm__ volatile("nop\n\tnop");
}

static uint64_t time_stops(void)
{
    const uint64_t from_ns = clock_thread_cpu_ns();
    for (int i = 0; i < TRIAL_STOPS; i++)
        stop_here();
    return (clock_thread_cpu_ns() - from_ns) / TRIAL_STOPS;
}

/* In a virtual machine a stop may leave it several times and cost ten times as much as without:
 * tried on ourselves. The least disturbed round counts. */
static uint64_t stop_cost_ns(void)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_BREAKPOINT,
        .size = sizeof attr,
        .sample_period = 1,
        .exclude_kernel = 1,
        .bp_type = HW_BREAKPOINT_X,
        .bp_addr = (uint64_t)(uintptr_t)stop_here,
        .bp_len = sizeof(long),
    };
    uint64_t best_ns = UINT64_MAX;
    PROF_CLEANUP(close_fd) int fd = perf_open_attr(&attr, 0, -1);
    for (int i = 0; fd >= 0 && i < TRIAL_ROUNDS; i++) {
        const uint64_t ns = time_stops() + RECORD_COST_NS;
        best_ns = ns < best_ns ? ns : best_ns;
    }
    return fd < 0 || best_ns < ENTRY_COST_NS ? ENTRY_COST_NS : best_ns;
}

struct loop_entries *loop_entries_new(struct recorder *r, struct err *e)
{
    if (!recorder_has_events(r, LEVEL_USER, e))
        return NULL;
    struct loop_entries *le = xcalloc(1, sizeof *le);
    const uint64_t cost_ns = stop_cost_ns();
    le->recorder = r;
    for (size_t i = 0; i < PROCESSES; i++) {
        for (size_t k = 0; k < ENTRIES; k++) {
            const struct extra_event event = {
                .name = entries[k].name,
                .type = PERF_TYPE_BREAKPOINT,
                .period = 1,
                .exclude_kernel = true,
                .with_registers = true,
                .one_process = true,
                .cost_ns = cost_ns,
            };
            le->events[i][k] = extra_events_add(r->extras, &event);
        }
    }
    return le;
}

void loop_entries_free(struct loop_entries *le)
{
    free(le);
}

bool loop_entries_open(struct loop_entries *le)
{
    bool any = false;
    if (choose(le) == 0)
        return false;
    for (size_t i = 0; i < PROCESSES; i++)
        for (size_t k = 0; k < ENTRIES; k++)
            any |= extra_events_open(le->recorder->extras, le->events[i][k]);
    return any;
}

void loop_entries_close(struct loop_entries *le)
{
    for (size_t i = 0; i < PROCESSES; i++)
        for (size_t k = 0; k < ENTRIES; k++)
            extra_events_close(le->recorder->extras, le->events[i][k]);
}

uint64_t loop_entries_cost_ns(const struct loop_entries *le)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < PROCESSES; i++)
        for (size_t k = 0; k < ENTRIES; k++)
            sum += extra_events_cost_of(le->recorder->extras, le->events[i][k]);
    return sum;
}

bool loop_entries_match(
    const struct loop_entries *le, const struct perf_record *r, struct loop_call *ret_call)
{
    for (size_t i = 0; i < PROCESSES; i++) {
        for (size_t k = 0; k < ENTRIES; k++) {
            if (r->event != le->events[i][k] || !r->sample.has_regs)
                continue;
            struct unwind_regs regs = { 0 };
            arch_regs_decode(r->sample.regs, &regs);
            *ret_call = (struct loop_call){
                .number = entries[k].number,
                .object = entries[k].of_epoll ? (int)arch_argument(&regs, 0) + 1 : 0,
                .entries_only = true,
            };
            if (entries[k].of_rings && (uint32_t)arch_argument(&regs, 0) != SYS_io_uring_enter)
                return false;
            return (int32_t)arch_argument(&regs, entries[k].many_argument) >=
                   (int32_t)entries[k].at_least;
        }
    }
    return false;
}
