// SPDX-License-Identifier: MIT
#include "record/host.h"

#include <sys/sysinfo.h>
#include <unistd.h>

#include "base/clock.h"

bool host_parse_cpu(struct slice text, struct host_cpu *ret_cpu)
{
    /* proc_stat(5): user nice system idle iowait irq softirq steal; guest is part of user. */
    enum { USER, NICE, SYSTEM, IDLE, IO_WAIT, IRQ, SOFT_IRQ, STEAL, FIELDS };
    uint64_t ticks[FIELDS] = { 0 };
    if (!slice_is(slice_take_word(&text), "cpu"))
        return false;
    text.len = slice_find(text, '\n');
    for (int i = 0; i < FIELDS; i++)
        if (!slice_to_u64(slice_take_word(&text), 10, &ticks[i]))
            return false;
    const uint64_t tick_ns = NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
    const uint64_t busy =
        ticks[USER] + ticks[NICE] + ticks[SYSTEM] + ticks[IRQ] + ticks[SOFT_IRQ] + ticks[STEAL];
    *ret_cpu = (struct host_cpu){
        .busy_ns = busy * tick_ns,
        .stolen_ns = ticks[STEAL] * tick_ns,
        .total_ns = (busy + ticks[IDLE] + ticks[IO_WAIT]) * tick_ns,
    };
    return true;
}

bool host_read_cpu(int fd, struct host_cpu *ret_cpu)
{
    char text[512]; /* the first line is all that is wanted */
    const ssize_t got = fd >= 0 ? pread(fd, text, sizeof text, 0) : 0;
    return got > 0 && host_parse_cpu((struct slice){ text, (size_t)got }, ret_cpu);
}

uint64_t host_memory_bytes(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (uint64_t)info.totalram * info.mem_unit : 0;
}
