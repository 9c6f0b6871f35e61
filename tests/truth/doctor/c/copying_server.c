// SPDX-License-Identifier: MIT
/*
 * A server that gives every answer out of a picture of 4 MiB. With the defect it makes a copy of
 * the whole picture for each of three stages first, without it the stages share the picture.
 */
#include "http.h"
#include "program.h"

enum { PICTURE = 4 << 20, STAGES = 3 };

static struct program program;
static unsigned char *picture, *stages[STAGES];
static uint64_t requests;

GUILTY(copy_to_stages);
static const unsigned char *__attribute__((noinline)) copy_to_stages(const unsigned char *from)
{
    for (int i = 0; i < STAGES; i++) {
        memcpy(stages[i], from, PICTURE);
        stages[i][requests % PICTURE]++;
        from = stages[i];
    }
    return from;
}

static void handle(int fd)
{
    const unsigned char *last = picture;
    char answer[64];

    if (program_has_defect(&program, requests++))
        last = copy_to_stages(picture);
    int len = snprintf(answer, sizeof answer, "{\"pixel\": %d}\n", last[requests % PICTURE]);
    http_answer(fd, answer, (size_t)len);
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "copying-server",
            .file = __FILE__,
            .expected = "memcpy-heavy",
            .acceptable = "single-core,loop-blocked-cpu",
            BLAME(copy_to_stages),
            .load = "-c 4 -r 400" });
    picture = malloc(PICTURE);
    memset(picture, 7, PICTURE);
    for (int i = 0; i < STAGES; i++)
        stages[i] = malloc(PICTURE);
    http_serve_epoll(http_listen(program.port), handle);
    return 0;
}
