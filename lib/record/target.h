// SPDX-License-Identifier: MIT
/*
 * The program under observation as a process: launched by us or found running, and how it ends. A
 * launched program's orphans become our children (PR_SET_CHILD_SUBREAPER), so that a program that
 * puts itself into the background can be followed to its end. One thread.
 */
#ifndef PROF_RECORD_TARGET_H
#define PROF_RECORD_TARGET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "record/launch.h"
#include "record/load_output.h"
#include "record/processes.h"
#include "record/signals.h"
#include "record/tracer.h"

struct target {
    pid_t pid;
    bool launched;
    int pidfd; /* of an attached process; -1 */
    struct launched child;
    uint64_t started_ns;

    bool ended; /* the main process has */
    uint64_t ended_ns;
    int wait_status;
    bool childless;              /* nothing that we launched is left */
    uint64_t user_ns, kernel_ns; /* of what has ended, by wait4(2); of all once we stop it */
    uint64_t switches;           /* of what has ended */

    uint32_t interrupts; /* SIGINT and SIGTERM that prof has got */
    bool interrupted;    /* the main process got one of them */
    bool stopping;       /* we are ending it */
    uint64_t kill_ns;    /* when patience ends */

    pid_t load_pid;           /* --on-port command, 0: not started */
    struct load_output *load; /* of the session */
    bool load_ended;
    int load_status;

    struct tracer *tracer; /* of the sampler, borrowed; NULL: nobody is traced */
};

bool target_launch(struct target *t, const struct launch_options *o, struct err *e);
bool target_attach(struct target *t, pid_t pid, struct err *e);

/* Lets a launched program begin. Returns the errno of its exec, 0 when it runs. */
int target_go(struct target *t, const char *program, struct err *e);

/* The --on-port command: env is the user's own, without what the target's runtimes were told.
 * output: made by the caller, with pipes or without. */
struct load_command {
    const char *command;
    char *const *env;
    uint16_t port;
    struct load_output *output;
};

/* Runs it with PORT set. */
bool target_start_load(struct target *t, const struct launch_options *o,
    const struct load_command *load, struct err *e);

/* Takes note of what has ended. */
void target_reap(struct target *t, uint64_t now_ns);

/* Hands a signal on, unless the terminal has; the second one kills. */
void target_signal(struct target *t, const struct signal_event *event, struct processes *ps);

/* SIGTERM to what we launched, SIGKILL once kill_ns has passed: call it again and again. */
void target_stop(struct target *t, struct processes *ps, uint64_t now_ns);

/* Is there nothing left to record? */
bool target_is_over(const struct target *t, const struct processes *ps, uint64_t now_ns);

/* Ends what must not outlive prof: the load, a child that never began. */
void target_done(struct target *t);

#endif
