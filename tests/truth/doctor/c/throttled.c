// SPDX-License-Identifier: MIT
/*
 * A healthy server, which the suite puts into a control group with a fifth of a processor when the
 * strength is above 0. The program itself has no defect.
 */
#include "http.h"
#include "program.h"

static uint64_t answers;

static void handle(int fd)
{
    char answer[64];
    uint64_t x = answers++;

    for (int i = 0; i < 400000; i++)
        x = x * 6364136223846793005u + 1;
    int len = snprintf(answer, sizeof answer, "%llu\n", (unsigned long long)x);
    http_answer(fd, answer, (size_t)len);
}

int main(int argc, char **argv)
{
    const struct program p = program_start(argc, argv,
        &(struct truth){ .id = "throttled",
            .file = __FILE__,
            .expected = "throttled",
            .acceptable = "starved-by-others",
            .load = "-c 4 -r 800" });

    http_serve_epoll(http_listen(p.port), handle);
    return 0;
}
