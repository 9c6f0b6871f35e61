// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "record/arch.h"
#include "record/trace_stop.h"

static int status_of(int signal, int event)
{
    return (signal | event << 8) << 8 | 0x7f;
}

Test(trace_stop, each_stop_is_told_from_its_wait_status)
{
    static const struct {
        const char *name;
        int signal, event;
        enum trace_stop_kind kind;
        int delivered;
    } rows[] = {
        { "a signal on its way", SIGUSR1, 0, TRACE_STOP_SIGNAL, SIGUSR1 },
        { "SIGTRAP of the program's own", SIGTRAP, 0, TRACE_STOP_SIGNAL, SIGTRAP },
        { "SIGSTOP on its way", SIGSTOP, 0, TRACE_STOP_SIGNAL, SIGSTOP },
        { "stopped by SIGSTOP", SIGSTOP, PTRACE_EVENT_STOP, TRACE_STOP_GROUP, 0 },
        { "stopped by the terminal", SIGTSTP, PTRACE_EVENT_STOP, TRACE_STOP_GROUP, 0 },
        { "asked", SIGTRAP, PTRACE_EVENT_STOP, TRACE_STOP_HALT, 0 },
        { "fork", SIGTRAP, PTRACE_EVENT_FORK, TRACE_STOP_BIRTH, 0 },
        { "vfork", SIGTRAP, PTRACE_EVENT_VFORK, TRACE_STOP_BIRTH, 0 },
        { "clone", SIGTRAP, PTRACE_EVENT_CLONE, TRACE_STOP_BIRTH, 0 },
        { "exec", SIGTRAP, PTRACE_EVENT_EXEC, TRACE_STOP_EXEC, 0 },
        { "not asked for", SIGTRAP, PTRACE_EVENT_SECCOMP, TRACE_STOP_HALT, 0 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct trace_stop stop = trace_stop_of(status_of(rows[i].signal, rows[i].event));
        cr_expect_eq(stop.kind, rows[i].kind, "%s", rows[i].name);
        cr_expect_eq(stop.signal, rows[i].delivered, "%s", rows[i].name);
    }
}

Test(trace_stop, debuggers_are_known_by_the_name_of_their_file)
{
    cr_expect(trace_is_tracer(slice_of("/usr/bin/gdb")));
    cr_expect(trace_is_tracer(slice_of("strace")));
    cr_expect_not(trace_is_tracer(slice_of("/home/gdb/server")));
    cr_expect_not(trace_is_tracer(slice_of("/usr/bin/gdbus")));
}

Test(trace_stop, registers_come_as_a_sample_has_them)
{
    struct user_regs_struct regs;
    uint64_t values[ARCH_REGS_MAX];
    struct unwind_regs decoded = { 0 };
    memset(&regs, 0, sizeof regs);
    regs.rip = 0x401000;
    regs.rsp = 0x7ffe0000;
    regs.rbp = 0x7ffe0100;
    regs.r15 = 15;
    cr_assert(arch_regs_of_trace(&regs, sizeof regs, values));
    arch_regs_decode(values, &decoded);
    cr_expect_eq(decoded.ip, 0x401000);
    cr_expect_eq(decoded.sp, 0x7ffe0000);
    cr_expect_eq(decoded.bp, 0x7ffe0100);
    cr_expect_eq(decoded.reg[15], 15);
}

Test(trace_stop, of_a_32_bit_process_the_instruction_is_known)
{
    uint32_t regs[17] = { 0 };
    uint64_t values[ARCH_REGS_MAX];
    struct unwind_regs decoded = { 0 };
    regs[12] = 0x8048000;
    cr_assert_not(arch_regs_of_trace(regs, sizeof regs, values));
    arch_regs_decode(values, &decoded);
    cr_expect_eq(decoded.ip, 0x8048000);
}
