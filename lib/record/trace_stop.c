// SPDX-License-Identifier: MIT
#include "record/trace_stop.h"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "base/compiler.h"

struct trace_stop trace_stop_of(int status)
{
    const int event = status >> 16, signal = WSTOPSIG(status);
    switch (event) {
    case 0:
        return (struct trace_stop){ TRACE_STOP_SIGNAL, signal };
    case PTRACE_EVENT_STOP:
        return (struct trace_stop){ signal == SIGTRAP ? TRACE_STOP_HALT : TRACE_STOP_GROUP, 0 };
    case PTRACE_EVENT_FORK:
    case PTRACE_EVENT_VFORK:
    case PTRACE_EVENT_CLONE:
        return (struct trace_stop){ TRACE_STOP_BIRTH, 0 };
    case PTRACE_EVENT_EXEC:
        return (struct trace_stop){ TRACE_STOP_EXEC, 0 };
    default: /* none that was asked for: it goes on */
        return (struct trace_stop){ TRACE_STOP_HALT, 0 };
    }
}

bool trace_is_tracer(struct slice exe)
{
    static const char *const names[] = { "dlv", "gdb", "gdbserver", "lldb", "lldb-server", "ltrace",
        "proot", "rr", "strace" };
    const struct slice name = slice_basename(exe);
    for (size_t i = 0; i < PROF_ARRAY_LEN(names); i++)
        if (slice_is(name, names[i]))
            return true;
    return false;
}
