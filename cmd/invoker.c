// SPDX-License-Identifier: MIT
#include "cmd/invoker.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/slice.h"
#include "base/strbuf.h"

static bool id_from(const char *variable, uint64_t *ret_id)
{
    const char *text = getenv(variable);
    return text && slice_to_u64(slice_of(text), 10, ret_id) && *ret_id < UINT32_MAX;
}

void invoker_init(struct invoker *who)
{
    *who = (struct invoker){ .search_path = getenv("PATH") };
    if (!who->search_path)
        who->search_path = "/usr/local/bin:/usr/bin:/bin";
    uint64_t uid, gid;
    if (geteuid() != 0 || !id_from("SUDO_UID", &uid) || !id_from("SUDO_GID", &gid) || uid == 0)
        return;
    who->sudo = true;
    who->user = (struct record_user){
        .uid = (uid_t)uid,
        .gid = (gid_t)gid,
        .name = getenv("SUDO_USER"),
    };
}

void invoker_own(const struct invoker *who, int fd)
{
    struct stat st;
    if (!who->sudo || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != 0)
        return;
    if (fchown(fd, who->user.uid, who->user.gid) != 0)
        return; /* stays root's: readable with sudo */
}

enum lookup { LOOKUP_UNREACHABLE, LOOKUP_MISSING, LOOKUP_REFUSED, LOOKUP_OK };

static enum lookup look_at(const char *path, int *ret_errno)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        *ret_errno = errno;
        return errno == ENOENT || errno == ENOTDIR ? LOOKUP_MISSING : LOOKUP_UNREACHABLE;
    }
    *ret_errno = S_ISDIR(st.st_mode) ? EISDIR : EACCES;
    return S_ISREG(st.st_mode) && access(path, X_OK) == 0 ? LOOKUP_OK : LOOKUP_REFUSED;
}

/* A folder of PATH that may not be entered has no programs, as shells see it. */
static enum lookup look_along(const char *search_path, const char *name, int *ret_errno)
{
    enum lookup best = LOOKUP_MISSING;
    *ret_errno = ENOENT;
    for (const char *at = search_path;;) {
        size_t len = strcspn(at, ":");
        PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
        strbuf_addf(&path, "%.*s/%s", len ? (int)len : 1, len ? at : ".", name);
        int errnum;
        enum lookup found = look_at(path.ptr, &errnum);
        if (found > best) {
            best = found;
            *ret_errno = errnum;
        }
        if (best == LOOKUP_OK || at[len] == '\0')
            return best;
        at += len + 1;
    }
}

bool invoker_find_program(const struct invoker *who, const char *name, struct err *e)
{
    int errnum = ENOENT;
    bool plain = strchr(name, '/') == NULL;
    enum lookup found = *name == '\0' ? LOOKUP_MISSING
                        : plain       ? look_along(who->search_path, name, &errnum)
                                      : look_at(name, &errnum);
    if (found == LOOKUP_OK)
        return true;
    if (found == LOOKUP_REFUSED || found == LOOKUP_UNREACHABLE) {
        err_sys(e, errnum, "cannot run '%s'", name);
        e->code = ERR_TARGET;
        return errnum == EISDIR ? false : err_hint(e, "is it executable? chmod +x '%s'", name);
    }
    err_set(e, ERR_NOT_FOUND, "cannot run '%s': no such program", name);
    int ignored;
    if (plain && *name && look_at(name, &ignored) == LOOKUP_OK)
        return err_hint(e, "to run the one in this folder: ./%s", name);
    return err_hint(e, plain ? "it is in no folder of PATH" : "check the path");
}

/* In the child: becomes the person, lets go of the terminal, runs the browser's starter. */
static void exec_opener(const struct invoker *who, const char *path)
{
    if (who->sudo) {
        const struct record_user *user = &who->user;
        bool groups =
            user->name ? initgroups(user->name, user->gid) == 0 : setgroups(1, &user->gid) == 0;
        if (!groups || setgid(user->gid) != 0 || setuid(user->uid) != 0)
            _exit(1);
    }
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = 0; fd <= 2 && null >= 0; fd++)
        dup2(null, fd);
    setsid();
    if (fork() == 0)
        execlp("xdg-open", "xdg-open", path, (char *)NULL);
    _exit(0); /* the grandchild belongs to init: nobody waits for a browser */
}

bool invoker_open(const struct invoker *who, const char *path, struct err *e)
{
    struct err ignored = { 0 };
    bool found = invoker_find_program(who, "xdg-open", &ignored);
    err_done(&ignored);
    if (!found) {
        err_set(e, ERR_NOT_FOUND, "cannot open a browser: 'xdg-open' is not installed");
        return err_hint(e, "apt install xdg-utils, or open '%s' by hand", path);
    }
    PROF_CLEANUP(free_ptr) char *full = realpath(path, NULL);
    pid_t child = fork();
    if (child < 0)
        return err_sys(e, errno, "cannot start a browser");
    if (child == 0)
        exec_opener(who, full ? full : path);
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return true;
}
