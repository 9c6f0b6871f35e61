// SPDX-License-Identifier: MIT
/*
 * What the runtime of a Go program knows of its goroutines, read from the process's memory while it
 * goes on running:
 *
 *     runtime.allgptr -> | *g | *g | ...       runtime.allglen of them; the list only grows, and
 * the |                   g of a goroutine that has ended is used again
 *                          v
 *     g: | stack: low, high | ... | sched: sp pc g .. bp | ... | status | id | ... | reason | ...
 *
 * Which member lies where depends on the version (struct g in Go's src/runtime/runtime2.go): a
 * table of layouts, and none is believed before the first goroutine of the process, which runs
 * runtime.main and has the number 1, looks as it must. Waiting goroutines are told apart by the
 * words that the runtime itself has for them (runtime.waitReasonStrings), which do not depend on
 * how it numbers them.
 *
 * Needs the executable's symbols and the rights of ptrace(2). One thread at a time.
 */
#ifndef PROF_RECORD_GO_RUNTIME_H
#define PROF_RECORD_GO_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "profile/wait.h"
#include "record/target_memory.h"
#include "symbol/elf.h"

/* Of one file: ELF addresses. */
struct go_symbols {
    uint64_t count, list; /* runtime.allglen, runtime.allgptr; 0: the file does not say */
    uint64_t version, reasons, reasons_bytes, main_start, text_start, text_end;
};

struct go_symbols go_symbols_find(const struct elf *elf);

enum { GO_REASONS_MAX = 96, GO_REASON_BYTES = 40, GO_BATCH = TARGET_PIECES_MAX };

/* Why a goroutine waits. */
struct go_reason {
    enum wait_kind kind;
    bool own; /* only the runtime's own goroutines wait so: collector, finalizers */
    char operation[GO_REASON_BYTES]; /* one word, as wait.h wants it: "chan-receive" */
};

/* From the runtime's words for it. */
struct go_reason go_reason_of(struct slice text);

struct go_layout; /* of struct g */

struct go_runtime {
    pid_t pid;
    const struct go_layout *layout;
    uint64_t count, list, main_start, text_start, text_end; /* addresses in the process */
    struct go_reason reasons[GO_REASONS_MAX];
    uint32_t reason_count;
};

enum go_opened {
    GO_OPEN,
    GO_NOT_YET, /* no goroutine yet, or it cannot be read: try again */
    GO_UNKNOWN, /* laid out in a way that is not known */
};

/* bias: what to add to ELF addresses. */
enum go_opened go_runtime_open(
    struct go_runtime *rt, pid_t pid, const struct go_symbols *symbols, uint64_t bias);

/* How many there are, those included that have ended; 0: cannot be read. */
uint64_t go_runtime_count(const struct go_runtime *rt);

/* Addresses of `count` of them from the first-th on, which never change. False: not to be read. */
bool go_runtime_addresses(
    const struct go_runtime *rt, uint64_t first, size_t count, uint64_t *ret_addresses);

enum go_state {
    GO_NONE,    /* has ended, is being born or moved, or what was read is not plausible */
    GO_RUNNING, /* on a thread, be it in a call of the kernel */
    GO_READY,   /* waits for a thread */
    GO_WAITING,
};

struct goroutine {
    enum go_state state;
    uint64_t id;
    uint64_t stack_low, stack_high; /* it lies in [low, high) */
    uint64_t sp, pc, bp;            /* of one that is ready or waits: where it goes on */
    uint64_t start;                 /* its first function */
    uint32_t reason;                /* of one that waits: index into reasons */
    uint8_t left;                   /* goes up whenever it leaves its thread, and round */
};

/* count: at most GO_BATCH. */
void go_runtime_read(
    const struct go_runtime *rt, const uint64_t *addresses, size_t count, struct goroutine *ret);

#endif
