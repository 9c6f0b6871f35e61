// SPDX-License-Identifier: MIT
/*
 * signals [SECONDS]: works outside of signal handlers (20 %), in a handler on the thread's own
 * stack (50 %) and in one on an alternate stack (30 %). interrupted() is the caller beneath each
 * handler.
 */
#include <signal.h>

#include "truth.h"

enum { OUTSIDE, ON_STACK, ON_ALTSTACK, ALTSTACK_BYTES = 256 * 1024 };

static struct truth_row rows[] = { { "outside_work", 0 }, { "handler_work", 0 },
    { "altstack_work", 0 } };
static char altstack[ALTSTACK_BYTES];
static const uint64_t unit_ns = 1000000;

HOT static void handler_work(int signal)
{
    rows[ON_STACK].ns += burn(5 * unit_ns) + (uint64_t)(signal & 0);
}

HOT static void altstack_work(int signal)
{
    rows[ON_ALTSTACK].ns += burn(3 * unit_ns) + (uint64_t)(signal & 0);
}

HOT static void outside_work(void)
{
    rows[OUTSIDE].ns += burn(2 * unit_ns);
}

HOT static void interrupted(void)
{
    outside_work();
    raise(SIGUSR1);
    raise(SIGUSR2);
    burn_sink++;
}

static void handle(int signal, void (*handler)(int), int flags)
{
    struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

    if (sigaction(signal, &action, NULL) != 0) {
        perror("signals: sigaction");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();
    const stack_t stack = { .ss_sp = altstack, .ss_size = sizeof altstack };

    if (sigaltstack(&stack, NULL) != 0) {
        perror("signals: sigaltstack");
        return 1;
    }
    handle(SIGUSR1, handler_work, 0);
    handle(SIGUSR2, altstack_work, SA_ONSTACK);
    while (cpu_ns() - begin < wanted_ns)
        interrupted();
    truth_print("total", rows, 3, cpu_ns() - begin);
    return 0;
}
