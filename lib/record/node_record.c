// SPDX-License-Identifier: MIT
#include "record/node_record.h"

#include <assert.h>
#include <limits.h>
#include <math.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "profile/evidence.h"

enum { RECORD_HEADER, RECORD_PERIOD, RECORD_PAUSE, RECORD_AFTER_MAJOR };
enum { MAGIC = 0x70726f66, VERSION = 1 };

#define DURATION_MAX_NS (3600.0 * 1e9)
#define BYTES_MAX 1e15
#define COUNT_MAX 1e9

static_assert(sizeof(struct node_record) == NODE_RECORD_BYTES, "as the script writes it");

/* The order of numbers in the script. */
static const char *const gc_kinds[] = { "other", "minor", "major", "incremental", "weak" };

static bool within(double value, double most)
{
    return value >= 0 && value <= most; /* false for NaN */
}

bool node_record_header(const struct node_record *r, int32_t *ret_pid)
{
    const double *w = r->words;
    if (!within(w[0], RECORD_HEADER) || !within(w[2], INT_MAX) || (int)w[2] != MAGIC ||
        !within(w[3], INT_MAX) || (int)w[3] != VERSION || !within(w[4], INT_MAX) || w[4] < 1)
        return false;
    *ret_pid = (int32_t)w[4];
    return true;
}

static void add_point(struct profile *p, const struct node_scope *scope, uint64_t time_ns,
    const char *name, const char *unit, double value, double most)
{
    if (!within(value, most))
        return;
    const struct series row = {
        .name = profile_add_string(p, slice_of(name)),
        .unit = profile_add_string(p, slice_of(unit)),
        .process = scope->process,
    };
    profile_add_point(p, profile_add_series(p, &row), time_ns, value);
}

static void apply_period(
    struct profile *p, const struct node_scope *scope, uint64_t time_ns, const double *w)
{
    add_point(p, scope, time_ns, "loop_delay_max", "ns", w[2], DURATION_MAX_NS);
    add_point(p, scope, time_ns, "loop_utilisation", "share", w[3], 1);
    add_point(p, scope, time_ns, "heap_used", "bytes", w[4], BYTES_MAX);
    add_point(p, scope, time_ns, "external", "bytes", w[5], BYTES_MAX);
    add_point(p, scope, time_ns, "resources", "count", w[6], COUNT_MAX);
}

static bool apply_pause(
    struct profile *p, const struct node_scope *scope, uint64_t start_ns, const double *w)
{
    if (!within(w[2], DURATION_MAX_NS) || !within(w[3], PROF_ARRAY_LEN(gc_kinds) - 1) ||
        !within(w[4], COUNT_MAX))
        return false;
    const struct span span = {
        .start_ns = start_ns,
        .duration_ns = (uint64_t)w[2],
        .thread = scope->thread,
        .kind = SPAN_GC,
        .events = (uint32_t)w[4],
        .label = profile_add_string(p, slice_of(gc_kinds[(size_t)w[3]])),
    };
    profile_add_span(p, &span);
    return true;
}

bool node_record_apply(
    struct profile *p, const struct node_scope *scope, const struct node_record *r)
{
    const double *w = r->words;
    if (!within(w[0], RECORD_AFTER_MAJOR) || !within(w[1], (double)(UINT64_MAX >> 1)))
        return false;
    const uint64_t time_ns = (uint64_t)w[1];
    if (time_ns < scope->from_ns || time_ns > scope->to_ns)
        return false;
    switch ((int)w[0]) {
    case RECORD_PERIOD:
        apply_period(p, scope, time_ns, w);
        return true;
    case RECORD_PAUSE:
        return apply_pause(p, scope, time_ns, w);
    case RECORD_AFTER_MAJOR:
        add_point(p, scope, time_ns, "heap_after_gc", "bytes", w[2], BYTES_MAX);
        return true;
    default:
        return false;
    }
}
