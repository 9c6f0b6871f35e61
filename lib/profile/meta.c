// SPDX-License-Identifier: MIT
#include "profile/meta.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/compiler.h"

#define TEXT(field)                                                                                \
    {                                                                                              \
#field, META_TEXT, offsetof(struct profile_meta, field)                                    \
    }
#define NUMBER(field)                                                                              \
    {                                                                                              \
#field, META_NUMBER, offsetof(struct profile_meta, field)                                  \
    }

static const struct meta_row rows[] = {
    TEXT(kind),
    TEXT(title),
    TEXT(command),
    TEXT(program),
    TEXT(tool),
    TEXT(host),
    TEXT(kernel),
    TEXT(machine),
    TEXT(level),
    TEXT(event),
    TEXT(sampler),
    TEXT(unwinder),
    TEXT(runtime_env),
    TEXT(ended),
    NUMBER(weight_unit),
    NUMBER(start_realtime_ns),
    NUMBER(start_ns),
    NUMBER(end_ns),
    NUMBER(rate_hz),
    NUMBER(period_ns),
    NUMBER(cpus),
    NUMBER(samples_lost),
    NUMBER(stacks_complete),
    NUMBER(stacks_truncated),
    NUMBER(stacks_broken),
    NUMBER(stack_copy_bytes),
    NUMBER(target_user_ns),
    NUMBER(target_kernel_ns),
    NUMBER(kernel_unsampled_ns),
    NUMBER(self_cpu_ns),
    NUMBER(report_cpu_ns),
    NUMBER(overhead_ns),
};

const struct meta_row *profile_meta_rows(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(rows);
    return rows;
}

void meta_set_text(char **field, struct slice text)
{
    char *copy = xmemdupz(text.ptr, text.len); /* text may lie inside *field */
    free(*field);
    *field = copy;
}

uint64_t *meta_number(struct profile_meta *m, const struct meta_row *row)
{
    return (uint64_t *)(void *)((char *)m + row->offset);
}

char **meta_text(struct profile_meta *m, const struct meta_row *row)
{
    return (char **)(void *)((char *)m + row->offset);
}

uint64_t meta_get_number(const struct profile_meta *m, const struct meta_row *row)
{
    return *(const uint64_t *)(const void *)((const char *)m + row->offset);
}

const char *meta_get_text(const struct profile_meta *m, const struct meta_row *row)
{
    return *(char *const *)(const void *)((const char *)m + row->offset);
}

const char *weight_unit_name(enum weight_unit unit)
{
    switch (unit) {
    case WEIGHT_NANOSECONDS:
        return "nanoseconds";
    case WEIGHT_COUNT:
        return "count";
    case WEIGHT_BYTES:
        return "bytes";
    case WEIGHT_UNITS:
        break;
    }
    return "unknown";
}
