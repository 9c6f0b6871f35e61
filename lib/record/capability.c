// SPDX-License-Identifier: MIT
#include "record/capability.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/vec.h"
#include "record/perf_open.h"
#include "record/perf_trial.h"
#include "record/procfs_read.h"
#include "record/ptrace_trial.h"

enum { KALLSYMS_HEAD = 4096 };

struct finding {
    bool available;
    struct strbuf detail;
    const char *how;
};

struct probe {
    const char *id;
    const char *title;
    void (*run)(struct finding *f);
};

const char *record_level_name(enum record_level level)
{
    switch (level) {
    case LEVEL_NONE:
        return "none";
    case LEVEL_USER:
        return "user";
    case LEVEL_FULL:
        return "full";
    }
    return "";
}

static void say_trial(struct finding *f, enum record_level level)
{
    struct perf_trial trial;
    struct err e = { 0 };
    f->available = perf_trial_run(level, &trial, &e);
    if (f->available)
        strbuf_addf(&f->detail,
            "%llu samples in a trial, about %.1f us of the target's CPU for each",
            (unsigned long long)trial.samples, (double)trial.cost_ns / (double)NS_PER_US);
    else
        strbuf_adds(&f->detail, e.message ? e.message : "refused");
    err_done(&e);
}

static void probe_user(struct finding *f)
{
    f->how = perf_refused_hint();
    say_trial(f, LEVEL_USER);
}

static void probe_kernel(struct finding *f)
{
    f->how =
        "sudo sysctl kernel.perf_event_paranoid=1, or run prof as root, or give it CAP_PERFMON";
    say_trial(f, LEVEL_FULL);
    int64_t paranoid;
    if (!f->available && procfs_setting("kernel/perf_event_paranoid", &paranoid))
        strbuf_addf(&f->detail, "; perf_event_paranoid is %lld", (long long)paranoid);
}

/* Addresses are zeros for those who may not see them. */
static void probe_kernel_names(struct finding *f)
{
    f->how = "sudo sysctl kernel.kptr_restrict=0, or run prof as root";
    char head[KALLSYMS_HEAD];
    FILE *file = fopen("/proc/kallsyms", "re");
    const size_t len = file ? fread(head, 1, sizeof head, file) : 0;
    if (file)
        fclose(file);
    struct slice rest = { head, len }, line;
    while (slice_split(&rest, '\n', &line) && !f->available) {
        uint64_t address = 0;
        slice_to_u64((struct slice){ line.ptr, slice_find(line, ' ') }, 16, &address);
        f->available = address != 0;
    }
    strbuf_adds(&f->detail, f->available ? "/proc/kallsyms shows addresses"
                                         : "/proc/kallsyms is missing or hides addresses");
}

static void probe_attach(struct finding *f)
{
    int64_t scope = 0;
    const bool yama = procfs_setting("kernel/yama/ptrace_scope", &scope);
    f->available = geteuid() == 0 || scope == 0;
    f->how = "sudo sysctl kernel.yama.ptrace_scope=0, or run prof as root";
    if (!yama)
        strbuf_adds(&f->detail, "your own processes; no security module forbids it");
    else
        strbuf_addf(&f->detail, "yama's ptrace_scope is %lld", (long long)scope);
}

static void probe_stopped(struct finding *f)
{
    struct ptrace_trial trial;
    struct err e = { 0 };
    f->available = ptrace_trial_run(&trial, &e);
    f->how = "in a container: --cap-add SYS_PTRACE, or a seccomp profile that allows ptrace and "
             "process_vm_readv; else sudo sysctl kernel.yama.ptrace_scope=1";
    if (f->available)
        strbuf_addf(&f->detail,
            "used where perf events are refused; a thread stands still for about %.0f us for each",
            (double)trial.cost_ns / (double)NS_PER_US);
    else
        strbuf_adds(&f->detail, e.message ? e.message : "refused");
    err_done(&e);
}

static void probe_deep_stacks(struct finding *f)
{
    uint64_t from = 42, to = 0;
    const struct iovec local = { &to, sizeof to }, remote = { &from, sizeof from };
    f->available = process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == sizeof to && to == from;
    f->how = "allow process_vm_readv in the seccomp profile";
    strbuf_adds(&f->detail, f->available ? "process_vm_readv works"
                                         : "stacks beyond 64 KiB will be cut, and marked as such");
}

static void probe_rings(struct finding *f)
{
    const struct perf_settings settings = {
        .rate_hz = 1, .stack_bytes = RECORD_STACK_BYTES_DEFAULT, .level = LEVEL_USER
    };
    struct cpu_list cpus;
    struct perf_rings rings;
    struct err e = { 0 };
    cpu_list_read(&cpus);
    f->how = "sudo sysctl kernel.perf_event_mlock_kb=4096";
    if (perf_rings_open(&rings, &settings, getpid(), &cpus, &e)) {
        f->available = rings.ring_bytes >= RING_BYTES_MIN * 4;
        strbuf_addf(&f->detail, "%zu KiB for each of %zu CPUs", rings.ring_bytes / 1024, rings.len);
        perf_rings_close(&rings);
    } else {
        strbuf_adds(&f->detail, e.message ? e.message : "refused");
    }
    err_done(&e);
    vec_done(&cpus);
}

static const struct probe probes[] = {
    { "user-stacks", "stacks of your own processes", probe_user },
    { "kernel-frames", "kernel frames in stacks, other users' processes", probe_kernel },
    { "kernel-names", "names of kernel functions", probe_kernel_names },
    { "stopped-stacks", "stacks of threads that are stopped for a moment (ptrace)", probe_stopped },
    { "attach", "attaching to a running process (-p)", probe_attach },
    { "deep-stacks", "stacks deeper than 64 KiB", probe_deep_stacks },
    { "ring-memory", "buffers large enough not to lose samples", probe_rings },
};

void capabilities_probe(struct capabilities *ret_caps)
{
    VEC(struct capability) rows = { 0 };
    bool user = false, kernel = false, stopped = false;
    for (size_t i = 0; i < PROF_ARRAY_LEN(probes); i++) {
        struct finding f = { .detail = STRBUF_INIT };
        probes[i].run(&f);
        user |= probes[i].run == probe_user && f.available;
        kernel |= probes[i].run == probe_kernel && f.available;
        stopped |= probes[i].run == probe_stopped && f.available;
        const struct capability row = {
            .id = probes[i].id,
            .title = probes[i].title,
            .available = f.available,
            .detail = strbuf_take(&f.detail),
            .how = f.available || !f.how ? NULL : xstrdup(f.how),
        };
        vec_push(&rows, row);
    }
    *ret_caps = (struct capabilities){
        .level = kernel ? LEVEL_FULL
                 : user ? LEVEL_USER
                        : LEVEL_NONE,
        .samples = user || kernel || stopped,
        .rows = rows.ptr,
        .count = rows.len,
    };
}

void capabilities_done(struct capabilities *caps)
{
    for (size_t i = 0; i < caps->count; i++) {
        free(caps->rows[i].detail);
        free(caps->rows[i].how);
    }
    free(caps->rows);
    *caps = (struct capabilities){ 0 };
}
