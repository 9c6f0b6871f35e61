// SPDX-License-Identifier: MIT
#include "record/thread_filter.h"

#include <sys/stat.h>

/* PROC_PID_INIT_INO, include/linux/proc_ns.h. */
#define FIRST_PID_NAMESPACE UINT64_C(0xEFFFFFFC)

bool thread_filter_works(void)
{
    struct stat namespace;
    return stat("/proc/self/ns/pid", &namespace) == 0 &&
           (uint64_t) namespace.st_ino == FIRST_PID_NAMESPACE;
}

void thread_filter_text(const struct pid_list *tids, const char *also, struct strbuf *out)
{
    if (also)
        strbuf_addf(out, "(%s) && ", also);
    for (size_t i = 0; i < tids->len; i++)
        strbuf_addf(out, "%scommon_pid == %d", i > 0 ? " || " : "(", (int)tids->ptr[i]);
    strbuf_adds(out, ")");
}
