// SPDX-License-Identifier: MIT
/*
 * Decodes frames of a film. With the defect every frame gets a buffer of 1 MiB from calloc(), which
 * the kernel has to clear page by page, because malloc is told to give memory back at once; without
 * it the buffer is kept.
 */
#include <malloc.h>

#include "program.h"

enum { FRAME = 1 << 20, BURST = 16 };

static struct program program;
static volatile unsigned sink;

static void draw(unsigned char *frame, uint64_t nth)
{
    for (size_t i = 0; i < FRAME; i += 512)
        frame[i] = (unsigned char)(nth + i);
    sink += frame[FRAME / 3];
}

GUILTY(decode_frame);
static void __attribute__((noinline)) decode_frame(uint64_t nth)
{
    unsigned char *frame = calloc(1, FRAME);

    if (frame == NULL)
        exit(1);
    draw(frame, nth);
    free(frame);
}

int main(int argc, char **argv)
{
    unsigned char *kept = calloc(1, FRAME);

    program = program_start(argc, argv,
        &(struct truth){ .id = "fresh-pages",
            .file = __FILE__,
            .expected = "page-fault-storm",
            .acceptable = "malloc-heavy,mmap-contention",
            BLAME(decode_frame) });
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    for (uint64_t i = 0; program_now() < program.end; i++) {
        if (program_has_defect(&program, i))
            decode_frame(i);
        else
            draw(kept, i);
        if (i % BURST == 0)
            program_sleep(0.001); /* the next packet comes in */
    }
    return 0;
}
