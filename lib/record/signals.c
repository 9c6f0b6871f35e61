// SPDX-License-Identifier: MIT
#include "record/signals.h"

#include <errno.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"

bool signals_start(struct signals *s, struct err *e)
{
    static const int answered[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGCHLD, SIGUSR1, SIGUSR2 };
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < PROF_ARRAY_LEN(answered); i++)
        sigaddset(&set, answered[i]);
    s->fd = -1;
    if (sigprocmask(SIG_BLOCK, &set, &s->previous) != 0)
        return err_sys(e, errno, "cannot block signals");
    s->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->fd >= 0)
        return true;
    err_sys(e, errno, "cannot open a signal descriptor");
    signals_stop(s);
    return false;
}

bool signals_next(struct signals *s, struct signal_event *ret_event)
{
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    *ret_event = (struct signal_event){
        .number = (int)info.ssi_signo,
        .from_terminal = info.ssi_code == SI_KERNEL,
    };
    return true;
}

void signals_stop(struct signals *s)
{
    close_fd(&s->fd);
    sigprocmask(SIG_SETMASK, &s->previous, NULL);
}
