// SPDX-License-Identifier: MIT
/*
 * A loop over epoll. With the defect it asks with a time-out of 0 and goes round without ever
 * sleeping, without it waits for the next event.
 */
#include "http.h"
#include "program.h"

static struct program program;

GUILTY(wait_for_events);
static int __attribute__((noinline)) wait_for_events(int poll_fd, struct epoll_event *ready)
{
    return epoll_wait(poll_fd, ready, 16, program.strength > 0 ? 0 : 1000);
}

int main(int argc, char **argv)
{
    struct epoll_event ready[16], event = { .events = EPOLLIN };

    program = program_start(argc, argv,
        &(struct truth){ .id = "busy-poll",
            .file = __FILE__,
            .expected = "busy-polling",
            .acceptable = "spinning,single-core",
            BLAME(wait_for_events),
            .load = "-c 2 -r 50" });
    int listener = http_listen(program.port), poll_fd = epoll_create1(EPOLL_CLOEXEC);
    event.data.fd = listener;
    epoll_ctl(poll_fd, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int n = wait_for_events(poll_fd, ready);
        for (int i = 0; i < n; i++) {
            if (ready[i].data.fd == listener) {
                event.data.fd = http_accept(listener);
                epoll_ctl(poll_fd, EPOLL_CTL_ADD, event.data.fd, &event);
            } else if (http_read(ready[i].data.fd)) {
                http_answer(ready[i].data.fd, "now\n", 4);
            } else {
                close(ready[i].data.fd);
            }
        }
    }
}
