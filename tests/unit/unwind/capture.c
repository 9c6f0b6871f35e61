// SPDX-License-Identifier: MIT
#include "tests/unit/unwind/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
    CPUS_MAX = 64,
    RING_BYTES_MAX = 512 * 1024, /* an unprivileged user's allowance per CPU */
    RECORD_BYTES_MAX = 65536,
};

/* ---- modules ---- */

static struct unwind_section section_of(const struct elf *elf, const char *name)
{
    struct elf_section s;
    if (!elf_find_section(elf, name, &s))
        return (struct unwind_section){ 0 };
    const struct slice bytes = elf_section_bytes(elf, &s);
    return (struct unwind_section){ (const uint8_t *)bytes.ptr, bytes.len, s.address };
}

static struct unwind_table *table_of(const struct elf *elf)
{
    const struct unwind_sections sections = {
        .eh_frame = section_of(elf, ".eh_frame"),
        .eh_frame_hdr = section_of(elf, ".eh_frame_hdr"),
        .text = section_of(elf, ".text"),
        .plt = section_of(elf, ".plt"),
        .has_go_pclntab = elf_is_go(elf),
    };
    return unwind_table_new(&sections, NULL);
}

static struct capture_module *add_module(struct capture *c, const char *path, struct file_map file)
{
    struct elf *elf = elf_new(file.ptr, file.len, NULL);
    if (!elf)
        return NULL;
    const struct capture_module m = { xstrdup(path), file, elf, table_of(elf) };
    vec_push(&c->modules, m);
    return &c->modules.ptr[c->modules.len - 1];
}

static struct capture_module *module_of(
    struct capture *c, const char *path, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < c->modules.len; i++)
        if (strcmp(c->modules.ptr[i].path, path) == 0)
            return &c->modules.ptr[i];
    if (strcmp(path, "[vdso]") == 0) {
        /* The kernel gives all processes the same one: read ours. */
        const struct file_map vdso = { (const uint8_t *)(uintptr_t)getauxval(AT_SYSINFO_EHDR),
            end - start };
        return add_module(c, path, vdso);
    }
    PROF_CLEANUP(close_fd) int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct file_map file;
    if (fd < 0 || !file_map_fd(fd, path, &file, NULL))
        return NULL;
    return add_module(c, path, file);
}

static void add_mapping(struct capture *c, const char *line)
{
    uint64_t start, end, offset, address;
    char mode[5], path[4096] = "";
    if (sscanf(line, "%lx-%lx %4s %lx %*s %*s %4095s", &start, &end, mode, &offset, path) < 4 ||
        mode[2] != 'x')
        return;
    struct unwind_region region = { .start = start, .end = end, .kind = UNWIND_REGION_JIT };
    const bool named = path[0] == '/' || strcmp(path, "[vdso]") == 0;
    const struct capture_module *m = named ? module_of(c, path, start, end) : NULL;
    if (m && elf_offset_to_address(m->elf, offset, &address)) {
        region.kind = UNWIND_REGION_MODULE;
        region.table = m->table;
        region.bias = start - address;
        region.tag = (uint32_t)(m - c->modules.ptr) + 1;
    }
    unwind_space_map(c->space, &region);
}

bool capture_modules(struct capture *c, int pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/maps", pid ? pid : (int)getpid());
    FILE *maps = fopen(path, "re");
    if (!maps)
        return false;
    if (!c->space)
        c->space = unwind_space_new();
    char line[8192];
    while (fgets(line, sizeof line, maps))
        add_mapping(c, line);
    fclose(maps);
    return true;
}

/* ---- samples ---- */

struct ring {
    int fd;
    struct perf_event_mmap_page *page;
    size_t size_bytes;
};

/* Bits of <asm/perf_regs.h> in their order: ax bx cx dx si di bp sp ip, r8 to r15. */
#define REGS_MASK UINT64_C(0xff01ff)
static const uint8_t reg_order[] = { 0, 3, 2, 1, 4, 5, 6, 7, 16, 8, 9, 10, 11, 12, 13, 14, 15 };

static bool ring_open(struct ring *ring, int pid, int cpu, const struct capture_options *options)
{
    struct perf_event_attr attr = {
        .type = PERF_TYPE_SOFTWARE,
        .size = sizeof attr,
        .config = PERF_COUNT_SW_CPU_CLOCK,
        .sample_freq = options->rate_hz,
        .sample_type = PERF_SAMPLE_REGS_USER | PERF_SAMPLE_STACK_USER,
        .sample_regs_user = REGS_MASK,
        .sample_stack_user = options->stack_bytes,
        .freq = 1,
        .inherit = 1,
        .exclude_kernel = 1,
        .exclude_hv = 1,
        .watermark = 1,
        .wakeup_watermark = RING_BYTES_MAX / 4,
    };
    ring->fd = (int)syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
    if (ring->fd < 0)
        return false;
    ring->size_bytes = RING_BYTES_MAX / 2;
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    ring->page =
        mmap(NULL, page + ring->size_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, 0);
    return ring->page != MAP_FAILED;
}

static void ring_close(struct ring *ring)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    if (ring->page && ring->page != MAP_FAILED)
        munmap(ring->page, page + ring->size_bytes);
    if (ring->fd >= 0)
        close(ring->fd);
}

static uint64_t word_at(const uint8_t *bytes, size_t at)
{
    uint64_t value;
    memcpy(&value, bytes + at, sizeof value);
    return value;
}

/* Body of a sample: abi, 17 registers, stack size, stack bytes, how many of them count. */
static void add_sample(
    struct capture *c, const struct capture_options *options, const uint8_t *body)
{
    if (word_at(body, 0) == PERF_SAMPLE_REGS_ABI_NONE || c->samples.len >= options->samples_max)
        return;
    struct capture_sample s = { .stack.wanted_bytes = options->stack_bytes };
    for (size_t i = 0; i < sizeof reg_order; i++)
        s.regs.reg[reg_order[i]] = word_at(body, 8 + 8 * i);
    s.regs.ip = s.regs.reg[16];
    s.regs.sp = s.stack.address = s.regs.reg[7];
    s.regs.bp = s.regs.reg[6];
    const uint8_t *stack = body + 8 + 8 * sizeof reg_order;
    const uint64_t size = word_at(stack, 0);
    if (size == 0)
        return;
    s.stack.len = word_at(stack, 8 + size);
    uint8_t *copy = xmalloc(s.stack.len);
    memcpy(copy, stack + 8, s.stack.len);
    s.stack.bytes = copy;
    vec_push(&c->samples, s);
}

static void ring_drain(struct capture *c, const struct capture_options *options, struct ring *ring)
{
    static uint8_t record[RECORD_BYTES_MAX];
    const uint8_t *data = (const uint8_t *)ring->page + ring->page->data_offset;
    const uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
    uint64_t tail = ring->page->data_tail;
    while (tail < head) {
        struct perf_event_header header;
        for (size_t i = 0; i < sizeof header; i++)
            ((uint8_t *)&header)[i] = data[(tail + i) % ring->size_bytes];
        for (size_t i = 0; i < header.size; i += 8) /* records are a multiple of 8 bytes */
            memcpy(record + i, data + (tail + i) % ring->size_bytes, 8);
        if (header.type == PERF_RECORD_SAMPLE)
            add_sample(c, options, record + sizeof header);
        else if (header.type == PERF_RECORD_LOST)
            c->lost += word_at(record, sizeof header + 8);
        tail += header.size;
    }
    __atomic_store_n(&ring->page->data_tail, tail, __ATOMIC_RELEASE);
}

static void drain_until_exit(struct capture *c, const struct capture_options *options,
    struct ring *rings, size_t count, pid_t child)
{
    struct pollfd polls[CPUS_MAX];
    for (size_t i = 0; i < count; i++)
        polls[i] = (struct pollfd){ .fd = rings[i].fd, .events = POLLIN };
    bool running = true;
    while (running) {
        poll(polls, count, 5);
        running = waitpid(child, NULL, WNOHANG) == 0;
        for (size_t i = 0; i < count; i++)
            ring_drain(c, options, &rings[i]);
    }
}

/* The child waits for a byte: then it is being sampled. */
static pid_t start_child(void (*body)(void *), void *arg, int go_fd, int other_fd)
{
    const pid_t child = fork();
    if (child != 0)
        return child;
    char byte;
    close(other_fd);
    if (read(go_fd, &byte, 1) == 1)
        body(arg);
    _exit(0);
}

bool capture_run(struct capture *c, const struct capture_options *options, void (*body)(void *),
    void *arg, int *ret_errno)
{
    struct ring rings[CPUS_MAX] = { 0 };
    const long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    const size_t count = cpus > CPUS_MAX ? CPUS_MAX : (size_t)cpus;
    int go[2];
    if (!capture_modules(c, 0) || pipe2(go, O_CLOEXEC) < 0)
        return false;
    const pid_t child = start_child(body, arg, go[0], go[1]);
    bool ok = child > 0;
    for (size_t i = 0; i < count && ok; i++)
        ok = ring_open(&rings[i], child, (int)i, options);
    *ret_errno = ok ? 0 : errno;
    if (ok && write(go[1], "g", 1) == 1)
        drain_until_exit(c, options, rings, count, child);
    close(go[0]);
    close(go[1]); /* a child that still waits reads the end and leaves */
    if (!ok && child > 0)
        waitpid(child, NULL, 0);
    for (size_t i = 0; i < count; i++)
        if (rings[i].page)
            ring_close(&rings[i]);
    return ok;
}

void capture_done(struct capture *c)
{
    for (size_t i = 0; i < c->samples.len; i++)
        free((void *)(uintptr_t)c->samples.ptr[i].stack.bytes);
    vec_done(&c->samples);
    unwind_space_free(c->space);
    c->space = NULL;
    for (size_t i = 0; i < c->modules.len; i++) {
        struct capture_module *m = &c->modules.ptr[i];
        unwind_table_free(m->table);
        elf_free(m->elf);
        if (strcmp(m->path, "[vdso]") != 0)
            file_map_done(&m->file);
        free(m->path);
    }
    vec_done(&c->modules);
}
