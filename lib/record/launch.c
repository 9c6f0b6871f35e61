// SPDX-License-Identifier: MIT
#include "record/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/vec.h"

enum { GROUPS_MAX = 65536, EXIT_NO_EXEC = 127 };

/* What the child reports when it cannot start the program. */
struct failure {
    int error;
    bool privileges; /* before the exec: the user could not be changed */
};

struct groups {
    gid_t *ptr;
    size_t len, cap;
};

/* Looked up before the fork; a user without an entry has his group alone. */
static void find_groups(const struct record_user *user, struct groups *ret_groups)
{
    int count = 64;
    while (user->name && count <= GROUPS_MAX) {
        const int room = count;
        vec_reserve(ret_groups, (size_t)room);
        if (getgrouplist(user->name, user->gid, ret_groups->ptr, &count) >= 0) {
            ret_groups->len = (size_t)count;
            return;
        }
        count = count > room ? count : room * 2;
    }
    vec_push(ret_groups, user->gid);
}

static bool become(const struct record_user *user, const struct groups *groups)
{
    uid_t real, effective, saved;
    if (setgroups(groups->len, groups->ptr) != 0 ||
        setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0 ||
        getresuid(&real, &effective, &saved) != 0)
        return false;
    errno = EPERM;
    return real == user->uid && effective == user->uid && saved == user->uid;
}

/* Runs in the child and never returns. */
static void child(const struct launch_options *o, const struct groups *groups, int go, int report)
{
    char byte;
    ssize_t got;
    do
        got = read(go, &byte, 1);
    while (got < 0 && errno == EINTR);
    if (got != 1)
        _exit(EXIT_NO_EXEC); /* prof has given up, or died */
    struct failure failure = { 0 };
    setrlimit(RLIMIT_NOFILE, &o->file_limit);
    if (o->output_fd > 0)
        dup2(o->output_fd, STDOUT_FILENO);
    if (o->error_fd > 0)
        dup2(o->error_fd, STDERR_FILENO);
    if (o->run_as && !become(o->run_as, groups)) {
        failure.privileges = true;
    } else {
        /* Handlers are reset by exec; what prof found ignored stays ignored. */
        sigprocmask(SIG_SETMASK, &o->signal_mask, NULL);
        environ = o->env; /* execvp looks for PATH here */
        execvp(o->argv[0], o->argv);
    }
    failure.error = errno;
    if (write(report, &failure, sizeof failure) < 0)
        _exit(EXIT_NO_EXEC);
    _exit(EXIT_NO_EXEC);
}

bool launch_stopped(const struct launch_options *o, struct launched *ret_launched, struct err *e)
{
    int go[2] = { -1, -1 }, report[2] = { -1, -1 };
    struct groups groups = { 0 };
    if (o->run_as)
        find_groups(o->run_as, &groups);
    pid_t pid = -1;
    if (pipe2(go, O_CLOEXEC) == 0 && pipe2(report, O_CLOEXEC) == 0)
        pid = fork();
    if (pid == 0) {
        close(go[1]);
        close(report[0]);
        child(o, &groups, go[0], report[1]);
    }
    const int error = errno;
    vec_done(&groups);
    close_fd(&go[0]);
    close_fd(&report[1]);
    if (pid < 0) {
        close_fd(&go[1]);
        close_fd(&report[0]);
        err_sys(e, error, "cannot start a process for '%s'", o->argv[0]);
        return err_hint(e, "raise the limit: ulimit -n for files, ulimit -u for processes");
    }
    *ret_launched = (struct launched){ .pid = pid, .go_fd = go[1], .error_fd = report[0] };
    return true;
}

static void explain(struct err *e, const struct failure *f, const char *program)
{
    if (f->privileges) {
        err_sys(e, f->error, "cannot become the invoking user to run '%s'", program);
        err_hint(e, "run prof without sudo, or as root without SUDO_UID");
        return;
    }
    err_sys(e, f->error, "cannot run '%s'", program);
    if (e)
        e->code = ERR_TARGET;
    if (f->error == ENOENT)
        err_hint(e,
            "the program is there, but not the interpreter that it names: that of its "
            "line #!, or its loader ('file %s' shows it)",
            program);
    else if (f->error == EACCES)
        err_hint(e, "is it executable? chmod +x, or name its interpreter");
}

int launch_go(struct launched *l, struct err *e, const char *program)
{
    struct failure failure = { 0 };
    if (write(l->go_fd, "g", 1) != 1)
        failure.error = errno;
    ssize_t got;
    do
        got = read(l->error_fd, &failure, sizeof failure);
    while (got < 0 && errno == EINTR);
    launch_done(l);
    if (got == (ssize_t)sizeof failure || failure.error)
        explain(e, &failure, program);
    return failure.error;
}

void launch_done(struct launched *l)
{
    close_fd(&l->go_fd);
    close_fd(&l->error_fd);
}
