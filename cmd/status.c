// SPDX-License-Identifier: MIT
#include "cmd/status.h"

#include <errno.h>
#include <sys/wait.h>

int status_of_error(const struct err *e)
{
    return e->code == ERR_USAGE ? STATUS_USAGE : STATUS_PROF_FAILED;
}

int status_of_exec_errno(int errnum)
{
    return errnum == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUNNABLE;
}

int status_of_outcome(const struct record_outcome *outcome)
{
    if (outcome->exec_errno != 0)
        return status_of_exec_errno(outcome->exec_errno);
    if (outcome->stopped_by_us || !outcome->exited)
        return STATUS_OK;
    if (WIFSIGNALED(outcome->wait_status))
        return STATUS_SIGNAL_BASE + WTERMSIG(outcome->wait_status);
    return WIFEXITED(outcome->wait_status) ? WEXITSTATUS(outcome->wait_status) : STATUS_OK;
}
