// SPDX-License-Identifier: MIT
/*
 * jit [SECONDS]: generates machine code, calls it from call_generated() and names it in
 * /tmp/perf-PID.map as runtimes do. The generated code keeps a frame pointer (x86-64).
 */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "truth.h"

/* push rbp; mov rbp,rsp; mov rcx,rdi; 1: imul rax,rax,3; dec rcx; jnz 1b; pop rbp; ret */
static const unsigned char loop_code[] = { 0x55, 0x48, 0x89, 0xe5, 0x48, 0x89, 0xf9, 0x48, 0x6b,
    0xc0, 0x03, 0x48, 0xff, 0xc9, 0x75, 0xf7, 0x5d, 0xc3 };

/* push rbp; mov rbp,rsp; call rsi; pop rbp; ret */
static const unsigned char caller_code[] = { 0x55, 0x48, 0x89, 0xe5, 0xff, 0xd6, 0x5d, 0xc3 };

typedef void (*generated)(uint64_t rounds, void *callee);

HOT static void call_generated(generated caller, void *callee)
{
    caller(20000, callee);
    burn_sink++;
}

static void write_map(const unsigned char *code)
{
    char path[64];

    snprintf(path, sizeof path, "/tmp/perf-%d.map", (int)getpid());
    FILE *map = fopen(path, "we");
    if (map == NULL) {
        perror(path);
        exit(1);
    }
    fprintf(map, "%" PRIxPTR " %zx generated_caller\n", (uintptr_t)code, sizeof caller_code);
    fprintf(map, "%" PRIxPTR " %zx generated_loop\n", (uintptr_t)(code + 64), sizeof loop_code);
    fclose(map);
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2);
    unsigned char *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (code == MAP_FAILED) {
        perror("jit: mmap");
        return 1;
    }
    memcpy(code, caller_code, sizeof caller_code);
    memcpy(code + 64, loop_code, sizeof loop_code);
    if (mprotect(code, 4096, PROT_READ | PROT_EXEC) != 0) {
        perror("jit: mprotect");
        return 1;
    }
    write_map(code);

    generated caller;
    memcpy(&caller, &code, sizeof caller);
    struct truth_row rows[] = { { "generated_loop", 0 }, { "call_generated", 0 } };
    uint64_t begin = cpu_ns();
    while (cpu_ns() - begin < wanted_ns)
        call_generated(caller, code + 64);
    rows[0].ns = rows[1].ns = cpu_ns() - begin;
    truth_print("total", rows, 2, cpu_ns() - begin);
    return 0;
}
