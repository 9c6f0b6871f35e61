// SPDX-License-Identifier: MIT
/*
 * denied [-t] ERRNO PROGRAM [args]: runs a program that may not use perf_event_open(2), as
 * containers and hardened systems have it: the call fails with that errno. -t: nor ptrace(2).
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const int trace = argc > 1 && strcmp(argv[1], "-t") == 0;
    char **args = argv + 1 + trace;
    if (argc < 3 + trace) {
        fprintf(stderr, "usage: denied [-t] ERRNO PROGRAM [args]\n");
        return 2;
    }
    const uint32_t refuse = SECCOMP_RET_ERRNO | ((uint32_t)atoi(args[0]) & SECCOMP_RET_DATA);
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_perf_event_open, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, trace ? SYS_ptrace : SYS_perf_event_open, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, refuse),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { .len = sizeof code / sizeof *code, .filter = code };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("denied: seccomp");
        return 2;
    }
    execvp(args[1], args + 1);
    perror(args[1]);
    return 127;
}
