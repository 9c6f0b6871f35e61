// SPDX-License-Identifier: MIT
/*
 * A loop on io_uring, without a library: timers of 5 ms complete, each completion is a job. With
 * the defect one job in ten takes some 30 ms of CPU.
 */
#include <linux/io_uring.h>
#include <linux/time_types.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "program.h"

struct ring {
    int fd;
    unsigned char *submitted, *completed;
    struct io_uring_params params;
    struct io_uring_sqe *entries;
};

static struct program program;
static struct __kernel_timespec pause_time = { .tv_nsec = 5000000 };
static volatile uint32_t sink;

static int ring_open(struct ring *r)
{
    r->fd = (int)syscall(__NR_io_uring_setup, 8, &r->params);
    if (r->fd < 0)
        return -1;
    size_t submitted = r->params.sq_off.array + r->params.sq_entries * sizeof(unsigned);
    size_t completed = r->params.cq_off.cqes + r->params.cq_entries * sizeof(struct io_uring_cqe);
    r->submitted = mmap(NULL, submitted, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
        IORING_OFF_SQ_RING);
    r->completed = mmap(NULL, completed, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, r->fd,
        IORING_OFF_CQ_RING);
    r->entries = mmap(NULL, r->params.sq_entries * sizeof *r->entries, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_POPULATE, r->fd, IORING_OFF_SQES);
    return r->submitted == MAP_FAILED || r->completed == MAP_FAILED || r->entries == MAP_FAILED ? -1
                                                                                                : 0;
}

static void ring_add_timer(struct ring *r)
{
    _Atomic unsigned *tail = (_Atomic unsigned *)(r->submitted + r->params.sq_off.tail);
    unsigned mask = *(unsigned *)(r->submitted + r->params.sq_off.ring_mask);
    unsigned index = *tail & mask;

    r->entries[index] = (struct io_uring_sqe){
        .opcode = IORING_OP_TIMEOUT, .addr = (uintptr_t)&pause_time, .len = 1
    };
    ((unsigned *)(r->submitted + r->params.sq_off.array))[index] = index;
    atomic_fetch_add(tail, 1);
}

/* Submits one entry and waits for one completion. */
static void ring_wait(struct ring *r)
{
    _Atomic unsigned *head = (_Atomic unsigned *)(r->completed + r->params.cq_off.head);
    _Atomic unsigned *tail = (_Atomic unsigned *)(r->completed + r->params.cq_off.tail);

    syscall(__NR_io_uring_enter, r->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0);
    atomic_store(head, atomic_load(tail));
}

GUILTY(index_document);
static void __attribute__((noinline)) index_document(void)
{
    for (uint32_t i = 0; i < 40000000; i++)
        sink = sink * 31 + i;
}

int main(int argc, char **argv)
{
    struct ring ring = { 0 };

    program = program_start(argc, argv,
        &(struct truth){ .id = "uring-handler",
            .file = __FILE__,
            .expected = "loop-blocked-cpu",
            .acceptable = "",
            BLAME(index_document) });
    if (ring_open(&ring) != 0) {
        perror("io_uring");
        return 77;
    }
    for (uint64_t i = 0; program_now() < program.end; i++) {
        ring_add_timer(&ring);
        ring_wait(&ring);
        if (i % 10 == 0 && program_has_defect(&program, i / 10))
            index_document();
        sink += (uint32_t)i;
    }
    return 0;
}
