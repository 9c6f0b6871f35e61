// SPDX-License-Identifier: MIT
#include "cmd/summary.h"

#include <string.h>

#include "base/clock.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "cmd/say.h"
#include "profile/calltree.h"
#include "profile/own_caller.h"
#include "record/record.h"

enum {
    TOP_ROWS = 5,
    NAME_COLUMNS = 38,
    PLACE_COLUMNS = 24,
    STAND_OUT_PERCENT = 20, /* the hottest function is worth a word of its own from here on */
};

static void add_amount(struct strbuf *out, enum weight_unit unit, uint64_t weight)
{
    if (unit == WEIGHT_NANOSECONDS)
        strbuf_addf(out, ", %.2f s of CPU", (double)weight / NS_PER_S);
    else if (unit != WEIGHT_COUNT) /* the number of samples says that already */
        strbuf_addf(out, ", %llu %s", (unsigned long long)weight, weight_unit_name(unit));
}

/* Text in at most `columns` bytes, cut at a whole character; the end of a path tells more than its
 * beginning, the beginning of a name more than its end. */
static void add_cut(struct strbuf *out, struct slice text, size_t columns, bool keep_end)
{
    PROF_CLEANUP(strbuf_done) struct strbuf safe = STRBUF_INIT;
    utf8_add_printable(&safe, text);
    struct slice shown = strbuf_slice(&safe);
    if (shown.len > columns && keep_end) {
        shown = slice_skip(shown, shown.len - columns + 2);
        while (shown.len && ((unsigned char)shown.ptr[0] & 0xc0) == 0x80)
            shown = slice_skip(shown, 1);
        strbuf_adds(out, "..");
    } else if (shown.len > columns) {
        shown.len = columns - 2;
        while (shown.len && ((unsigned char)shown.ptr[shown.len] & 0xc0) == 0x80)
            shown.len--;
    }
    strbuf_addslice(out, shown);
    if (safe.len > columns && !keep_end)
        strbuf_adds(out, "..");
}

static void add_place(struct strbuf *out, const struct profile *p, const struct func *func)
{
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    if (func->file.i && func->line)
        strbuf_addf(&place, "%.*s:%u", SLICE_ARG(slice_basename(profile_string(p, func->file))),
            func->line);
    else if (func->file.i)
        strbuf_addslice(&place, slice_basename(profile_string(p, func->file)));
    else if (func->module.i)
        strbuf_addslice(
            &place, slice_basename(profile_string(p, profile_module(p, func->module)->path)));
    add_cut(out, strbuf_slice(&place), PLACE_COLUMNS, true);
}

static void say_row(const struct profile *p, const struct func_total *row, uint64_t whole)
{
    const struct func *func = profile_func(p, row->func);
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    add_cut(&name, profile_string(p, func->name), NAME_COLUMNS, false);
    add_place(&place, p, func);
    say("%6.1f%%  %6.1f%%  %-*s  %s", 100.0 * (double)row->self_weight / (double)whole,
        100.0 * (double)row->total_weight / (double)whole, NAME_COLUMNS, name.ptr, place.ptr);
}

/* Whose fault it is when the hottest function is not the program's own. */
static void say_own_caller(const struct profile *p, const struct func_totals *totals)
{
    struct own_caller caller;
    if (totals->len == 0 ||
        totals->rows[0].self_weight * 100 < totals->weight * STAND_OUT_PERCENT ||
        !own_caller_find(p, totals->rows[0].func, &caller))
        return;
    PROF_CLEANUP(strbuf_done) struct strbuf hot = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf own = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf place = STRBUF_INIT;
    add_cut(
        &hot, profile_string(p, profile_func(p, totals->rows[0].func)->name), NAME_COLUMNS, false);
    add_cut(&own, profile_string(p, profile_func(p, caller.func)->name), NAME_COLUMNS, false);
    add_place(&place, p, profile_func(p, caller.func));
    say("%s is %s %s (%s)", hot.ptr, caller.nearly_all ? "called from" : "mostly called from",
        own.ptr, place.ptr);
}

/* Many short processes: the figures above would mislead. */
static void say_unsampled(const struct profile *p)
{
    for (uint32_t i = 0; i < profile_note_count(p); i++) {
        const struct note note = profile_note(p, i);
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        strbuf_addslice(&text, profile_string(p, note.why));
        if (slice_equal(profile_string(p, note.what), slice_of(RECORD_NOTE_UNSAMPLED)))
            say_warning("%s (%s); -F 4999 finds more of it", RECORD_NOTE_UNSAMPLED, text.ptr);
    }
}

static void say_losses(const struct profile_meta *meta, uint64_t samples)
{
    uint64_t cpu_ns = meta->target_user_ns + meta->target_kernel_ns;
    if (meta->kernel_unsampled_ns * 20 > cpu_ns && cpu_ns > 0)
        say_warning("%.0f %% of the CPU time was spent in the kernel, which could not be sampled: "
                    "'prof check' says what would allow it",
            100.0 * (double)meta->kernel_unsampled_ns / (double)cpu_ns);
    if (meta->samples_lost > 0)
        say_warning("%llu samples were lost by the kernel", (unsigned long long)meta->samples_lost);
    uint64_t cut = meta->stacks_truncated + meta->stacks_broken;
    if (samples > 0 && cut * 20 > samples) /* more than 5 % */
        say_warning("%.0f %% of the stacks are incomplete: the report says why",
            100.0 * (double)cut / (double)samples);
}

void summary_say(const struct profile *p)
{
    const struct profile_meta *meta = profile_meta_get(p);
    struct func_totals totals;
    func_totals_build(p, &totals);
    PROF_CLEANUP(strbuf_done) struct strbuf head = STRBUF_INIT;
    strbuf_addf(&head, "prof: %llu samples", (unsigned long long)totals.count);
    add_amount(&head, (enum weight_unit)meta->weight_unit, totals.weight);
    if (meta->end_ns > meta->start_ns)
        strbuf_addf(&head, ", %.2f s observed", (double)(meta->end_ns - meta->start_ns) / NS_PER_S);
    say("%s", head.ptr);
    if (totals.weight > 0)
        say("%7s  %7s  %-*s  %s", "self", "total", NAME_COLUMNS, "function", "where");
    for (uint32_t i = 0; i < totals.len && i < TOP_ROWS && totals.rows[i].self_weight; i++)
        say_row(p, &totals.rows[i], totals.weight);
    say_own_caller(p, &totals);
    say_losses(meta, totals.count);
    say_unsampled(p);
    func_totals_done(&totals);
}

void summary_say_paths(const struct outputs *outputs)
{
    for (size_t i = 0; i < outputs->list.len; i++)
        if (outputs->list.ptr[i].written && strcmp(outputs->list.ptr[i].file.path, "-") != 0)
            say("%s", outputs->list.ptr[i].file.path);
}
