// SPDX-License-Identifier: MIT
#include "record/fault_guard.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/vec.h"

struct guarded {
    uintptr_t start, end;
};

/* The handler has no other way to find them. Changed only outside of guarded reads. */
static VEC(struct guarded) ranges;
static struct sigaction previous;
static uintptr_t page_bytes;

static bool is_guarded(uintptr_t address)
{
    for (size_t i = 0; i < ranges.len; i++)
        if (address >= ranges.ptr[i].start && address < ranges.ptr[i].end)
            return true;
    return false;
}

static void on_bus_error(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)context;
    const uintptr_t page = (uintptr_t)info->si_addr & ~(page_bytes - 1);
    if (is_guarded((uintptr_t)info->si_addr) &&
        mmap((void *)page, page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
            MAP_FAILED)
        return; /* the read is repeated and finds zeros */
    sigaction(SIGBUS, &previous, NULL);
}

void fault_guard_add(const void *start, size_t len)
{
    if (ranges.len == 0) {
        page_bytes = (uintptr_t)sysconf(_SC_PAGESIZE);
        struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };
        sigemptyset(&action.sa_mask);
        sigaction(SIGBUS, &action, &previous);
    }
    const struct guarded range = { (uintptr_t)start, (uintptr_t)start + len };
    vec_push(&ranges, range);
}

void fault_guard_remove(const void *start)
{
    for (size_t i = 0; i < ranges.len; i++) {
        if (start && ranges.ptr[i].start == (uintptr_t)start) {
            ranges.ptr[i] = ranges.ptr[--ranges.len];
            break;
        }
    }
    if (start && ranges.len == 0 && ranges.cap > 0) {
        sigaction(SIGBUS, &previous, NULL);
        vec_done(&ranges);
    }
}
