// SPDX-License-Identifier: MIT
/*
 * An epoll server. With the defect one request in ten is a report that takes some 30 ms of CPU on
 * the loop's thread; all others are done in microseconds.
 */
#include "http.h"
#include "program.h"

enum { PASSES = 300 };

static struct program program;
static uint64_t requests;
static uint32_t rows[1 << 16];

GUILTY(build_report);
static uint32_t __attribute__((noinline)) build_report(void)
{
    uint32_t sum = 0;

    for (int pass = 0; pass < PASSES; pass++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            sum = sum * 31 + (rows[i] ^= (uint32_t)i);
    }
    return sum;
}

static void handle(int fd)
{
    char answer[64];
    uint64_t nth = requests++;
    bool report = nth % 10 == 0 && program_has_defect(&program, nth / 10);
    int len = snprintf(answer, sizeof answer, "%u\n", report ? build_report() : rows[nth % 1000]);

    http_answer(fd, answer, (size_t)len);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "slow-handler",
            .file = __FILE__,
            .expected = "loop-blocked-cpu",
            .acceptable = "single-core",
            BLAME(build_report),
            .load = "-c 8 -r 200" });
    http_serve_epoll(http_listen(program.port), handle);
    return 0;
}
