// SPDX-License-Identifier: MIT
/*
 * A profile, worked up for rules: what each thread did and waited for, which stacks carry which
 * trait, windows of time, loops, processes. Built once for all rules; read only.
 */
#ifndef PROF_ANALYZE_OBSERVED_H
#define PROF_ANALYZE_OBSERVED_H

#include <stdbool.h>
#include <stdint.h>

#include "analyze/interval.h"
#include "analyze/traits.h"
#include "profile/evidence.h"
#include "profile/profile.h"
#include "profile/wait.h"

#define WINDOW_NS UINT64_C(250000000)

/* ---- selections of samples ---- */

/* Which samples: all conditions hold. {0} is every on-CPU sample. */
struct selection {
    enum channel channel;
    struct thread_id thread;   /* 0: any */
    struct process_id process; /* 0: any */
    trait_set any_frame;  /* some frame of the stack has one of these traits; 0: no condition */
    trait_set leaf;       /* the innermost frame has one of them; 0: no condition */
    trait_set no_frame;   /* no frame has any of them */
    struct func_id entry; /* CHANNEL_TASKS: tasks that begin with this function; 0: any */
    uint32_t wait_kinds;  /* CHANNEL_WAIT and _TASKS: 1u << enum wait_kind; 0: any */
    const struct interval *in; /* the sample's time lies in one of these, which are in order and do
                                  not overlap; NULL: any */
    size_t in_count;
    bool steady;                  /* only after start-up, see observed.steady_from_ns */
    const struct selection *also; /* that must fit as well, of the same channel; NULL: none */
};

struct amount {
    uint64_t weight; /* ns or bytes */
    uint64_t count;  /* samples */
};

/* ---- threads ---- */

enum thread_role {
    ROLE_OTHER,
    ROLE_LOOP,   /* waits for events most of its time off the CPU, and again and again */
    ROLE_POOL,   /* one of several that run the same code: workers */
    ROLE_HELPER, /* of the runtime: garbage collection, compilation, signals */
};

struct observed_thread {
    struct thread_id id;
    struct process_id process;
    bool is_main; /* of its process */
    enum thread_role role;
    uint32_t pool;                             /* ROLE_POOL: 1.. which; 0 none */
    uint64_t lived_ns;                         /* within the recording */
    uint64_t on_cpu_ns, blocked_ns, queued_ns; /* exact by switch records, else by /proc */
    bool exact;                                /* by switch records */
    struct amount cpu;                         /* samples */
    uint64_t wait_ns[WAIT_KINDS];              /* off CPU, by kind; sums to blocked when known */
    uint32_t window_count; /* WINDOW_NS each, from observed.start_ns; 0: one of so many threads that
                              only the busiest have windows */
    float *on_cpu_share;   /* of each window, 0..1 */
    float *queued_share;
    /* loops */
    uint64_t turns;   /* counted; 0: not seen */
    bool turns_exact; /* counted at each wait of the loop, not inferred from sleeps */
    const struct histogram *turn, *turn_on_cpu; /* NULL: none */
};

/* ---- processes ---- */

enum runtime {
    RUNTIME_NATIVE,
    RUNTIME_NODE,
    RUNTIME_PYTHON,
    RUNTIME_JVM,
    RUNTIME_GO,
    RUNTIME_RUST,
    RUNTIME_DOTNET,
    RUNTIME_RUBY,
    RUNTIME_PHP,
};

struct observed_process {
    struct process_id id;
    enum runtime runtime;
    uint64_t on_cpu_ns;
    bool serves; /* listens on a socket: facts */
    bool lasts;  /* worth a look of its own: it lived for a second, or is one of few */
};

/* ---- the whole ---- */

struct observed_sums; /* observed_inner.h */

struct observed {
    const struct profile *profile;
    struct observed_sums *sums; /* samples added up by stack and thread, indexes */
    uint64_t start_ns, end_ns;
    uint64_t steady_from_ns; /* the first second, and until a server listens, is start-up */
    double seconds;          /* end - start */
    double steady_seconds;
    double cpus_allowed; /* by affinity and cgroup quota; at least a fraction of 1 */
    double cpus_online;
    uint64_t on_cpu_ns, blocked_ns, queued_ns; /* of all threads */
    uint64_t target_cpu_ns;                    /* by the kernel's accounting */
    double cores;                              /* target_cpu / time */
    struct amount cpu, wait, faults;           /* all samples of each channel */
    bool has_timed; /* the kernel's time is known by timed calls, and only so */
    bool has_waits, has_switches, has_faults, has_turns, has_bursts, has_requests;
    struct observed_thread *threads; /* [i] is the profile's thread i + 1 */
    uint32_t thread_count;
    struct observed_process *processes; /* [i] is the profile's process i + 1 */
    uint32_t process_count;
    const struct observed_thread *busiest; /* by CPU; NULL: none */
    const struct observed_thread *loop;    /* the busiest loop; NULL: none */
    double requests_per_s;                 /* by the load tool or counted accepts; 0: unknown */
    const trait_set *frame_traits;         /* by frame id: its own */
    const trait_set *stack_traits;         /* by stack id: of all its frames */
    /* gates, set after they have looked */
    double starved_share; /* queued / (queued + on CPU) caused by others, 0..1 */
    bool starved, throttled, under_driven;
};

struct observed *observed_new(const struct profile *p);
void observed_free(struct observed *o);

/* Adds up a selection. Goes over distinct stacks; over all samples only when `in` is given. */
struct amount observed_sum(const struct observed *o, const struct selection *s);

/* part of whole as a share with its Wilson bounds (stats.h), samples counted as they are. */
struct share {
    double value, low, high; /* 0..1; low and high at 95 % */
    uint64_t n;              /* samples of the whole */
    struct amount part, whole;
};

struct share observed_share(
    const struct observed *o, const struct selection *part, const struct selection *whole);

/* Heaviest functions of a selection: for blaming. self: by the innermost frame only. */
struct func_amount {
    struct func_id func;
    uint32_t line; /* hottest */
    struct string_id
        on; /* CHANNEL_WAIT, _TASKS: what is waited for most, wait.h text form; else 0 */
    struct amount amount;
};

struct func_amounts {
    struct func_amount *ptr; /* by falling weight; free with func_amounts_done() */
    size_t len;
};

enum blame {
    BLAME_SELF, /* innermost function */
    BLAME_OWN,  /* nearest function of the application; else of a dependency; else innermost */
};

void observed_functions(const struct observed *o, const struct selection *s, enum blame how,
    struct func_amounts *ret_functions);
void func_amounts_done(struct func_amounts *f);

/* A function of the program through which stacks of a selection pass. */
struct passage {
    struct func_id func;
    uint32_t line;        /* of the heaviest stack: where it calls on */
    struct amount amount; /* of the stacks that it is in */
    double depth;         /* how many of the program's functions are further in, mean by weight */
    uint64_t outermost;   /* weight of the stacks in which no other is further out */
    uint64_t heaviest;    /* weight of that stack */
};

struct passages {
    struct passage *ptr; /* the innermost first; free with passages_done() */
    size_t len;
};

void observed_passages(
    const struct observed *o, const struct selection *s, struct passages *ret_passages);
void passages_done(struct passages *p);

/* Two functions of the program at least call it: a helper. By all samples of all channels. */
bool observed_is_shared(const struct observed *o, struct func_id func);

/* A series by name (running totals are as recorded); NULL: none. */
const struct series_point *observed_series(const struct observed *o, const char *name,
    struct process_id process, struct thread_id thread, uint32_t *ret_count);

/* last - first of a running total, over the steady time; NAN: no such series. Process 0 when the
 * series is one of processes: all of them together. */
double observed_increase(const struct observed *o, const char *name, struct process_id process);
double observed_rate(const struct observed *o, const char *name, struct process_id process);

/* Tallies of that name and wait kinds (bits), summed. */
struct tally observed_tally(const struct observed *o, const char *name, uint32_t wait_kinds);

double observed_fact_number(
    const struct observed *o, struct process_id process, const char *key); /* NAN: none */
struct slice observed_fact(const struct observed *o, struct process_id process, const char *key);

/* What a request takes as a rule, by the load tool: the median, or the mean where it says no more;
 * NAN: not known. */
double observed_latency_ns(const struct observed *o);

const struct observed_thread *observed_thread(const struct observed *o, struct thread_id id);
const struct observed_process *observed_process(const struct observed *o, struct process_id id);

/* How long it stood ready while other programs had the CPUs. */
double observed_queued_by_others(const struct observed *o, const struct observed_thread *t);

const char *observed_thread_name(const struct observed *o, const struct observed_thread *t);

#endif
