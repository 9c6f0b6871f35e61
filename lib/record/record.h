// SPDX-License-Identifier: MIT
/*
 * Runs or attaches to a target and fills a profile while it runs: session.c owns the life of a
 * recording (probe, spawn, sources, drain loop, end), each source (perf.c, procfs.c,
 * ptrace.c) is a row in source.c. Samples are unwound in place in the ring and interned at once.
 *
 * One session per process; all calls from the thread that made it.
 */
#ifndef PROF_RECORD_RECORD_H
#define PROF_RECORD_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "profile/profile.h"
#include "symbol/symbol.h"

enum {
    RECORD_RATE_DEFAULT_HZ =
        499, /* beside 500, so as not to march in step with the target's timers */
    RECORD_RATE_DOCTOR_HZ = 199, /* beside evidence of other kinds, which costs as well */
    RECORD_RATE_MAX_HZ = 20000,
    /* The kernel copies what there is, so a size costs room in the ring rather than time. Servers
     * on libuv have 12 KiB of events on the stack below each handler: 16 KiB would cut them all. */
    RECORD_STACK_BYTES_DEFAULT = 32 * 1024,
    RECORD_STACK_BYTES_MAX = 65528, /* the record's size is a u16; a multiple of 8 */
};

/* What a note says when much of the CPU time fell between the samples. */
#define RECORD_NOTE_UNSAMPLED "some of the CPU time has no samples"

/* Who the target runs as when prof itself was started with sudo: groups and all, before exec. */
struct record_user {
    uid_t uid;
    gid_t gid;
    const char *name; /* for its supplementary groups; NULL: none but gid */
};

struct record_options {
    char *const *argv;    /* program and arguments to launch; NULL: attach */
    pid_t pid;            /* to attach to, when argv is NULL */
    const char *on_port;  /* shell command run with $PORT once the target listens; NULL: none */
    uint64_t duration_ns; /* 0: until the target ends */
    uint64_t delay_ns;    /* recorded time starts this long after the launch */
    uint32_t rate_hz;     /* 0: default */
    uint32_t stack_bytes; /* first size of the stack copy; 0: default */
    bool no_children;     /* the launched process only */
    bool no_runtime_env;  /* do not set NODE_OPTIONS and the like */
    const char *sampler;  /* NULL or "auto": best available; else a source's name */
    const char *unwinder; /* NULL: "table" */
    int save_fd;          /* FILE.prof under way, or -1 */
    const struct record_user *run_as; /* NULL: as prof itself */
    char *const *env;                 /* of the target and of the --on-port command; NULL: empty */
    bool no_inline;                   /* for record_session_resolve: physical functions only */
    bool doctor;                      /* collect evidence beyond samples (docs/evidence.md) */
};

/* The rate that was asked for, or the default of the kind of recording. */
static inline uint32_t record_rate_hz(const struct record_options *o)
{
    if (o->rate_hz)
        return o->rate_hz;
    return o->doctor ? RECORD_RATE_DOCTOR_HZ : RECORD_RATE_DEFAULT_HZ;
}

/* Called about four times a second while recording, for a progress line. */
struct record_progress {
    uint64_t elapsed_ns;
    uint64_t samples;
    uint64_t lost;
    uint64_t self_cpu_ns;
    uint32_t interrupts; /* how often prof was told to stop: it waits for the target's end */
};

struct record_callbacks {
    void (*progress)(void *ctx, const struct record_progress *progress);
    void *ctx;
};

/* How the target ended, for the exit status (cmd/ decides what it becomes). */
struct record_outcome {
    bool exited;        /* the main process ended by itself (or by Ctrl-C) */
    int wait_status;    /* as wait(2) gives it; valid when exited and launched by us */
    bool stopped_by_us; /* duration over, or the --on-port command ended */
    int load_status;    /* wait status of the --on-port command; -1: none was run */
    int interrupts;     /* SIGINT and the like that prof has answered */
    int exec_errno;     /* not 0: the program could not be started; record_session_run() failed */
};

struct record_session;

/* Probes, opens, spawns stopped. Fails with a hint before the target has run a single instruction.
 */
struct record_session *record_session_new(const struct record_options *options, struct err *e);

/*
 * Records until the end. Handles SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGCHLD itself while it runs:
 * the first interrupt goes to the target, the second kills it. *ret_outcome is set on failure too
 * (exec_errno: the status is 126 or 127).
 */
bool record_session_run(struct record_session *s, const struct record_callbacks *callbacks,
    struct record_outcome *ret_outcome, struct err *e);

/* Names all frames (symbol_resolve with the session's open files). */
void record_session_resolve(struct record_session *s);

/*
 * Writes what save_fd does not have yet (names too, so call it after record_session_resolve) and
 * the end mark. True when there is no save_fd. False also when an earlier write failed: the file
 * then holds what was recorded until then.
 */
bool record_session_finish_save(struct record_session *s, struct err *e);

struct profile *record_session_profile(struct record_session *s); /* borrowed: lives as long as s */
void record_session_free(struct record_session *s);

#endif
