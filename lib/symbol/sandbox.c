// SPDX-License-Identifier: MIT
#include "symbol/sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "symbol/arch.h"

static void limit(int resource, rlim_t value)
{
    struct rlimit old;
    if (getrlimit(resource, &old) == 0 && old.rlim_max != RLIM_INFINITY && old.rlim_max < value)
        value = old.rlim_max;
    (void)setrlimit(resource, &(struct rlimit){ value, value });
}

/* Address space in use: the limit counts from there (sanitizers map terabytes before main). */
static uint64_t mapped_bytes(void)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    if (!file_read("/proc/self/statm", 4096, &text, NULL))
        return 0;
    return strtoull(text.ptr, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

void sandbox_limit(uint32_t cpu_seconds)
{
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)prctl(PR_SET_DUMPABLE, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_CPU, cpu_seconds);
    limit(RLIMIT_AS, mapped_bytes() + ((uint64_t)SANDBOX_MEMORY_MAX_MIB << 20));
}

bool sandbox_drop_privileges(void)
{
    if (geteuid() != 0 && getuid() != 0)
        return true;
    /* A user namespace may not know the uid; there root is not root outside either. */
    if (setgroups(0, NULL) < 0 || setresgid(SANDBOX_UID, SANDBOX_UID, SANDBOX_UID) < 0 ||
        setresuid(SANDBOX_UID, SANDBOX_UID, SANDBOX_UID) < 0)
        return errno == EINVAL || errno == EPERM;
    return setuid(0) < 0; /* must be gone */
}

/* fcntl: libelf asks whether its descriptor is open. sysinfo: qsort asks how much memory there is.
 */
static const int allowed_calls[] = { SYS_read, SYS_pread64, SYS_write, SYS_close, SYS_lseek,
    SYS_fstat, SYS_newfstatat, SYS_fcntl, SYS_mmap, SYS_munmap, SYS_mremap, SYS_mprotect,
    SYS_madvise, SYS_brk, SYS_futex, SYS_sysinfo, SYS_clock_gettime, SYS_getrandom, SYS_getpid,
    SYS_gettid, SYS_tgkill, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_rt_sigreturn, SYS_sigaltstack,
    SYS_sched_yield, SYS_restart_syscall, SYS_exit, SYS_exit_group };

enum { FILTER_HEAD = 4, FILTER_MAX = FILTER_HEAD + 2 * PROF_ARRAY_LEN(allowed_calls) + 1 };

static struct sock_filter statement(uint16_t code, uint32_t k)
{
    return (struct sock_filter)BPF_STMT(code, k);
}

bool sandbox_enter(void)
{
    const uint32_t refuse = SECCOMP_RET_ERRNO | (EPERM & SECCOMP_RET_DATA);
    struct sock_filter code[FILTER_MAX];
    unsigned short n = 0;
    code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
    code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, sandbox_audit_arch, 1, 0);
    code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS);
    code[n++] = statement(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (size_t i = 0; i < PROF_ARRAY_LEN(allowed_calls); i++) {
        code[n++] = (struct sock_filter)BPF_JUMP(
            BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)allowed_calls[i], 0, 1);
        code[n++] = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    }
    code[n++] = statement(BPF_RET | BPF_K, refuse);
    const struct sock_fprog program = { .len = n, .filter = code };
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}
