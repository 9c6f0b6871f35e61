// SPDX-License-Identifier: MIT
#include "record/late_close.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Whoever reads what we write must not wait for this process; and a terminal's signals are not for
 * it. Ends when the other end of the pipe is closed. */
static void hold(int wait_fd)
{
    char none;
    setsid();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        close(fd);
    while (read(wait_fd, &none, 1) < 0 && errno == EINTR)
        ;
    _exit(0);
}

/* A grandchild, which init reaps. */
static void make_holder(int wait_fd, int go_fd)
{
    const pid_t child = fork();
    if (child == 0) {
        close(go_fd);
        if (fork() == 0)
            hold(wait_fd);
        _exit(0);
    }
    while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
}

void late_close_begin(struct late_close *ret)
{
    int ends[2];
    ret->go_fd = -1;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    make_holder(ends[0], ends[1]);
    close(ends[0]);
    ret->go_fd = ends[1];
}

void late_close_end(struct late_close *l)
{
    if (l->go_fd >= 0)
        close(l->go_fd);
    l->go_fd = -1;
}

static void *close_list(void *arg)
{
    const struct late_closer *c = arg;
    for (size_t i = 0; i < c->count; i++)
        close(c->fds[i]);
    return NULL;
}

void late_closer_start(struct late_closer *c, int *fds, size_t count)
{
    late_closer_wait(c);
    c->fds = fds;
    c->count = count;
    c->runs = pthread_create(&c->thread, NULL, close_list, c) == 0;
    if (!c->runs) {
        close_list(c);
        late_closer_wait(c);
    }
}

void late_closer_wait(struct late_closer *c)
{
    if (c->runs)
        pthread_join(c->thread, NULL);
    c->runs = false;
    free(c->fds);
    c->fds = NULL;
    c->count = 0;
}
