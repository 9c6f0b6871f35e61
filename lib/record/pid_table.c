// SPDX-License-Identifier: MIT
#include "record/pid_table.h"

#include <stdlib.h>

#include "base/alloc.h"

uint32_t pid_table_get(const struct pid_table *t, pid_t pid)
{
    if (pid < 0 || pid / PID_PAGE >= PID_PAGES || !t->pages[pid / PID_PAGE])
        return 0;
    return t->pages[pid / PID_PAGE][pid % PID_PAGE];
}

void pid_table_set(struct pid_table *t, pid_t pid, uint32_t value)
{
    if (pid < 0 || pid / PID_PAGE >= PID_PAGES)
        return;
    if (!t->pages[pid / PID_PAGE])
        t->pages[pid / PID_PAGE] = xcalloc(PID_PAGE, sizeof(uint32_t));
    t->pages[pid / PID_PAGE][pid % PID_PAGE] = value;
}

void pid_table_clear_bits(struct pid_table *t, uint32_t bits)
{
    for (size_t i = 0; i < PID_PAGES; i++)
        for (size_t k = 0; t->pages[i] && k < PID_PAGE; k++)
            t->pages[i][k] &= ~bits;
}

void pid_table_done(struct pid_table *t)
{
    for (size_t i = 0; i < PID_PAGES; i++)
        free(t->pages[i]);
    *t = (struct pid_table){ 0 };
}
