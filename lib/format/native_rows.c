// SPDX-License-Identifier: MIT
#include "format/native_rows.h"

#include <string.h>

#include "base/map.h"
#include "base/varint.h"
#include "format/native_wire.h"

/* ---- columns ---- */

static void put(struct strbuf *out, uint64_t value)
{
    varint_add(out, value);
}

/* A column of differences to the row above. */
static void put_delta(struct strbuf *out, uint64_t *above, uint64_t value)
{
    varint_add_signed(out, (int64_t)(value - *above));
    *above = value;
}

/* One column of table `get`; `member` is a field of its rows. */
#define COLUMN(c, get, id, member)                                                                 \
    for (uint32_t row_ = (c)->first; row_ < (c)->end; row_++)                                      \
    put((c)->out, get((c)->p, (struct id){ row_ })->member)

#define DELTA_COLUMN(c, get, id, member)                                                           \
    for (uint64_t row_ = (c)->first, above_ = 0; row_ < (c)->end; row_++)                          \
    put_delta((c)->out, &above_, (uint64_t)get((c)->p, (struct id){ (uint32_t)row_ })->member)

static void encode_strings(const struct native_range *c)
{
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_string(c->p, (struct string_id){ i }).len);
    for (uint32_t i = c->first; i < c->end; i++)
        strbuf_addslice(c->out, profile_string(c->p, (struct string_id){ i }));
}

static void encode_processes(const struct native_range *c)
{
    DELTA_COLUMN(c, profile_process, process_id, pid);
    COLUMN(c, profile_process, process_id, parent.i);
    DELTA_COLUMN(c, profile_process, process_id, name.i);
    DELTA_COLUMN(c, profile_process, process_id, exe.i);
    DELTA_COLUMN(c, profile_process, process_id, start_ns);
    DELTA_COLUMN(c, profile_process, process_id, end_ns);
}

static uint64_t hash_process(const struct profile *p, uint32_t row)
{
    const struct process *r = profile_process(p, (struct process_id){ row });
    uint64_t hash = hash_mix(hash_u64((uint32_t)r->pid), r->parent.i);
    hash = hash_mix(hash, (uint64_t)r->name.i << 32 | r->exe.i);
    return hash_mix(hash_mix(hash, r->start_ns), r->end_ns);
}

static uint64_t module_flags(const struct module *m)
{
    return (m->deleted ? NATIVE_MODULE_DELETED : 0) |
           (m->no_symbols ? NATIVE_MODULE_NO_SYMBOLS : 0);
}

static void encode_modules(const struct native_range *c)
{
    COLUMN(c, profile_module, module_id, path.i);
    COLUMN(c, profile_module, module_id, kind);
    COLUMN(c, profile_module, module_id, process.i);
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, module_flags(profile_module(c->p, (struct module_id){ i })));
    COLUMN(c, profile_module, module_id, build_id_len);
    for (uint32_t i = c->first; i < c->end; i++) {
        const struct module *m = profile_module(c->p, (struct module_id){ i });
        strbuf_add(c->out, m->build_id, m->build_id_len);
    }
}

static uint64_t hash_module(const struct profile *p, uint32_t row)
{
    const struct module *m = profile_module(p, (struct module_id){ row });
    uint64_t hash = hash_mix(hash_u64(m->path.i), (uint64_t)m->process.i << 8 | m->kind);
    hash = hash_mix(hash, module_flags(m) << 8 | m->build_id_len);
    return hash_mix(hash,
        slice_hash((struct slice){ .ptr = (const char *)m->build_id, .len = m->build_id_len }));
}

static void encode_funcs(const struct native_range *c)
{
    DELTA_COLUMN(c, profile_func, func_id, name.i);
    COLUMN(c, profile_func, func_id, system_name.i);
    DELTA_COLUMN(c, profile_func, func_id, file.i);
    COLUMN(c, profile_func, func_id, line);
    COLUMN(c, profile_func, func_id, module.i);
    COLUMN(c, profile_func, func_id, kind);
}

static void encode_frames(const struct native_range *c)
{
    COLUMN(c, profile_frame, frame_id, module.i);
    DELTA_COLUMN(c, profile_frame, frame_id, address);
    COLUMN(c, profile_frame, frame_id, flags);
}

static void encode_stacks(const struct native_range *c)
{
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, i - profile_stack(c->p, (struct stack_id){ i }).caller.i);
    uint64_t above = 0;
    for (uint32_t i = c->first; i < c->end; i++)
        put_delta(c->out, &above, profile_stack(c->p, (struct stack_id){ i }).frame.i);
}

static void encode_threads(const struct native_range *c)
{
    COLUMN(c, profile_thread, thread_id, process.i);
    DELTA_COLUMN(c, profile_thread, thread_id, tid);
    DELTA_COLUMN(c, profile_thread, thread_id, name.i);
    DELTA_COLUMN(c, profile_thread, thread_id, start_ns);
    DELTA_COLUMN(c, profile_thread, thread_id, end_ns);
    COLUMN(c, profile_thread, thread_id, cpu_user_ns);
    COLUMN(c, profile_thread, thread_id, cpu_kernel_ns);
}

static uint64_t hash_thread(const struct profile *p, uint32_t row)
{
    const struct thread *t = profile_thread(p, (struct thread_id){ row });
    uint64_t hash = hash_mix(hash_u64((uint32_t)t->tid), (uint64_t)t->process.i << 32 | t->name.i);
    hash = hash_mix(hash_mix(hash, t->start_ns), t->end_ns);
    return hash_mix(hash_mix(hash, t->cpu_user_ns), t->cpu_kernel_ns);
}

static void encode_series(const struct native_range *c)
{
    COLUMN(c, profile_series, series_id, name.i);
    COLUMN(c, profile_series, series_id, unit.i);
    COLUMN(c, profile_series, series_id, thread.i);
    COLUMN(c, profile_series, series_id, process.i);
}

static void encode_notes(const struct native_range *c)
{
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_note(c->p, i).what.i);
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_note(c->p, i).why.i);
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_note(c->p, i).how.i);
}

/* ---- evidence ---- */

static uint32_t count_spans(const struct profile *p)
{
    uint32_t count;
    profile_spans(p, &count);
    return count;
}

static const struct span *span_at(const struct profile *p, uint32_t i)
{
    uint32_t count;
    return &profile_spans(p, &count)[i];
}

/* One column of rows that are not named by an id. */
#define ROW_COLUMN(c, get, member)                                                                 \
    for (uint32_t row_ = (c)->first; row_ < (c)->end; row_++)                                      \
    put((c)->out, get((c)->p, row_)->member)

static void encode_spans(const struct native_range *c)
{
    uint64_t above = 0;
    for (uint32_t i = c->first; i < c->end; i++)
        put_delta(c->out, &above, span_at(c->p, i)->start_ns);
    ROW_COLUMN(c, span_at, duration_ns);
    ROW_COLUMN(c, span_at, on_cpu_ns);
    ROW_COLUMN(c, span_at, blocked_ns);
    ROW_COLUMN(c, span_at, queued_ns);
    ROW_COLUMN(c, span_at, thread.i);
    ROW_COLUMN(c, span_at, kind);
    ROW_COLUMN(c, span_at, events);
    ROW_COLUMN(c, span_at, label.i);
}

static uint32_t used_buckets(const struct histogram *h)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < HISTOGRAM_BUCKETS; i++)
        used += h->buckets[i] != 0;
    return used;
}

static void encode_histograms(const struct native_range *c)
{
    ROW_COLUMN(c, profile_histogram_at, name.i);
    ROW_COLUMN(c, profile_histogram_at, thread.i);
    ROW_COLUMN(c, profile_histogram_at, count);
    ROW_COLUMN(c, profile_histogram_at, sum_ns);
    ROW_COLUMN(c, profile_histogram_at, max_ns);
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, used_buckets(profile_histogram_at(c->p, i)));
    for (int counts = 0; counts < 2; counts++) {
        for (uint32_t i = c->first; i < c->end; i++) {
            const uint64_t *buckets = profile_histogram_at(c->p, i)->buckets;
            for (uint32_t k = 0; k < HISTOGRAM_BUCKETS; k++)
                if (buckets[k])
                    put(c->out, counts ? buckets[k] : k);
        }
    }
}

static uint64_t hash_histogram(const struct profile *p, uint32_t row)
{
    const struct histogram *h = profile_histogram_at(p, row);
    return hash_mix(hash_mix(hash_u64(h->count), h->sum_ns), h->max_ns);
}

static uint32_t count_tallies(const struct profile *p)
{
    uint32_t count;
    profile_tallies(p, &count);
    return count;
}

static const struct tally *tally_at(const struct profile *p, uint32_t i)
{
    uint32_t count;
    return &profile_tallies(p, &count)[i];
}

static void encode_tallies(const struct native_range *c)
{
    ROW_COLUMN(c, tally_at, thread.i);
    ROW_COLUMN(c, tally_at, name.i);
    ROW_COLUMN(c, tally_at, what.i);
    ROW_COLUMN(c, tally_at, count);
    ROW_COLUMN(c, tally_at, ns);
    ROW_COLUMN(c, tally_at, max_ns);
    ROW_COLUMN(c, tally_at, bytes);
    ROW_COLUMN(c, tally_at, small);
}

static uint64_t hash_tally(const struct profile *p, uint32_t row)
{
    const struct tally *t = tally_at(p, row);
    uint64_t hash = hash_mix(hash_mix(hash_u64(t->count), t->ns), t->max_ns);
    return hash_mix(hash_mix(hash, t->bytes), t->small);
}

static void encode_facts(const struct native_range *c)
{
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_fact_at(c->p, i).process.i);
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_fact_at(c->p, i).key.i);
    for (uint32_t i = c->first; i < c->end; i++)
        put(c->out, profile_fact_at(c->p, i).value.i);
}

static uint64_t hash_fact(const struct profile *p, uint32_t row)
{
    return hash_u64(profile_fact_at(p, row).value.i);
}

const struct native_table native_tables[TABLES] = {
    [TABLE_STRINGS] = { NATIVE_STRINGS, 1, profile_string_count, encode_strings, NULL },
    [TABLE_PROCESSES] = { NATIVE_PROCESSES, 0, profile_process_count, encode_processes,
        hash_process },
    [TABLE_MODULES] = { NATIVE_MODULES, 0, profile_module_count, encode_modules, hash_module },
    [TABLE_FUNCS] = { NATIVE_FUNCS, 1, profile_func_count, encode_funcs, NULL },
    [TABLE_FRAMES] = { NATIVE_FRAMES, 1, profile_frame_count, encode_frames, NULL },
    [TABLE_STACKS] = { NATIVE_STACKS, 1, profile_stack_count, encode_stacks, NULL },
    [TABLE_THREADS] = { NATIVE_THREADS, 0, profile_thread_count, encode_threads, hash_thread },
    [TABLE_SERIES] = { NATIVE_SERIES, 0, profile_series_count, encode_series, NULL },
    [TABLE_NOTES] = { NATIVE_NOTES, 0, profile_note_count, encode_notes, NULL },
    [TABLE_SPANS] = { NATIVE_SPANS, 0, count_spans, encode_spans, NULL },
    [TABLE_HISTOGRAMS] = { NATIVE_HISTOGRAMS, 0, profile_histogram_count, encode_histograms,
        hash_histogram },
    [TABLE_TALLIES] = { NATIVE_TALLIES, 0, count_tallies, encode_tallies, hash_tally },
    [TABLE_FACTS] = { NATIVE_FACTS, 0, profile_fact_count, encode_facts, hash_fact },
};

/* ---- lines ---- */

void native_encode_lines(
    const struct profile *p, const uint32_t *frames, uint32_t count, struct strbuf *out)
{
    for (uint32_t i = 0; i < count; i++)
        put(out, profile_frame(p, (struct frame_id){ frames[i] })->line_count);
    uint64_t above = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t lines = profile_frame(p, (struct frame_id){ frames[i] })->line_count;
        const struct line *line = profile_frame_lines(p, (struct frame_id){ frames[i] });
        for (uint32_t k = 0; k < lines; k++)
            put_delta(out, &above, line[k].func.i);
    }
    for (uint32_t i = 0; i < count; i++) {
        uint32_t lines = profile_frame(p, (struct frame_id){ frames[i] })->line_count;
        const struct line *line = profile_frame_lines(p, (struct frame_id){ frames[i] });
        for (uint32_t k = 0; k < lines; k++)
            put(out, (uint64_t)line[k].line << NATIVE_TIER_BITS | (uint64_t)line[k].tier);
    }
}

/* ---- points ---- */

void native_encode_points(
    const struct profile *p, struct series_id id, uint32_t first, uint32_t end, struct strbuf *out)
{
    uint32_t count;
    const struct series_point *points = profile_points(p, id, &count);
    uint64_t above = 0;
    for (uint32_t i = first; i < end; i++)
        put_delta(out, &above, points[i].time_ns);
    for (uint32_t i = first; i < end; i++) {
        uint64_t bits;
        uint8_t bytes[sizeof bits];
        memcpy(&bits, &points[i].value, sizeof bits);
        native_put_u64(bytes, bits);
        strbuf_add(out, bytes, sizeof bytes);
    }
}

/* ---- meta ---- */

uint64_t native_meta_hash(const struct profile_meta *m, const struct meta_row *row)
{
    if (row->type == META_NUMBER) {
        uint64_t value = meta_get_number(m, row);
        return value ? hash_u64(value) | 1 : 0;
    }
    struct slice text = slice_of(meta_get_text(m, row));
    return text.len ? slice_hash(text) | 1 : 0;
}

void native_encode_meta(const struct profile_meta *m, const bool *keep, struct strbuf *out)
{
    size_t count;
    const struct meta_row *rows = profile_meta_rows(&count);
    for (size_t i = 0; i < count; i++) {
        if (!keep[i])
            continue;
        put(out, strlen(rows[i].key));
        strbuf_adds(out, rows[i].key);
        put(out, rows[i].type);
        if (rows[i].type == META_NUMBER) {
            put(out, meta_get_number(m, &rows[i]));
            continue;
        }
        struct slice text = slice_of(meta_get_text(m, &rows[i]));
        put(out, text.len);
        strbuf_addslice(out, text);
    }
}
