// SPDX-License-Identifier: MIT
#include "symbol/wire.h"

#include <string.h>

#include "base/varint.h"

/* ---- writing ---- */

void wire_writer_done(struct wire_writer *w)
{
    strbuf_done(&w->out);
    map_done(&w->index);
    vec_done(&w->texts);
}

static void start_message(struct wire_writer *w, enum wire_type type)
{
    strbuf_clear(&w->out);
    map_done(&w->index);
    vec_clear(&w->texts);
    const char header[WIRE_HEADER_BYTES] = { 0, 0, 0, 0, (char)type };
    strbuf_add(&w->out, header, sizeof header);
}

static void end_message(struct wire_writer *w)
{
    const uint32_t len = (uint32_t)(w->out.len - WIRE_HEADER_BYTES);
    for (int i = 0; i < 4; i++)
        w->out.ptr[i] = (char)(len >> (8 * i));
}

static void add_text(struct wire_writer *w, struct slice text)
{
    if (text.len > WIRE_TEXT_MAX)
        text.len = WIRE_TEXT_MAX;
    const uint64_t hash = slice_hash(text);
    struct map_probe probe = map_probe(&w->index, hash);
    uint32_t id;
    while (map_next(&probe, &id)) {
        if (slice_equal(w->texts.ptr[id], text)) {
            varint_add(&w->out, id);
            return;
        }
    }
    id = (uint32_t)w->texts.len;
    vec_push(&w->texts, text);
    map_add(&w->index, hash, id);
    varint_add(&w->out, id);
    varint_add(&w->out, text.len);
    strbuf_addslice(&w->out, text);
}

void wire_begin(struct wire_writer *w, uint32_t job)
{
    start_message(w, WIRE_BEGIN);
    varint_add(&w->out, job);
    end_message(w);
}

static void add_line(struct wire_writer *w, const struct found_line *line)
{
    add_text(w, line->name);
    add_text(w, line->system_name);
    add_text(w, line->file);
    varint_add(&w->out, line->func_line);
    varint_add(&w->out, line->line);
    varint_add(&w->out, line->tier);
    varint_add(&w->out, line->spins);
}

/* The level at which most of the addresses were compiled that say so. */
static enum build_level usual_level(const struct lookup *l)
{
    enum build_level most = BUILD_UNKNOWN;
    for (int i = BUILD_UNKNOWN + 1; i < BUILD_LEVELS; i++)
        if (l->built_at[i] > (most ? l->built_at[most] : 0))
            most = (enum build_level)i;
    return most;
}

void wire_result(struct wire_writer *w, uint32_t job, uint32_t flags, const struct wire_note *notes,
    uint32_t note_count, const struct lookup *l)
{
    start_message(w, WIRE_RESULT);
    varint_add(&w->out, job);
    varint_add(&w->out, flags);
    varint_add(&w->out, usual_level(l));
    varint_add(&w->out, note_count);
    for (uint32_t i = 0; i < note_count; i++) {
        add_text(w, notes[i].what);
        add_text(w, notes[i].why);
        add_text(w, notes[i].how);
    }
    varint_add(&w->out, l->count);
    for (uint32_t i = 0; i < l->count; i++) {
        varint_add(&w->out, l->found[i].len);
        for (uint32_t k = 0; k < l->found[i].len; k++)
            add_line(w, &l->found[i].lines[k]);
    }
    end_message(w);
}

/* ---- reading ---- */

static bool read_u32(struct wire_reader *r, uint32_t limit, uint32_t *ret_value)
{
    uint64_t value;
    if (!varint_read(&r->at, r->end, &value) || value > limit)
        return false;
    *ret_value = (uint32_t)value;
    return true;
}

static bool read_text(struct wire_reader *r, struct slice *ret_text)
{
    uint32_t id, len;
    if (!read_u32(r, (uint32_t)r->texts.len, &id))
        return false;
    if (id < r->texts.len) {
        *ret_text = r->texts.ptr[id];
        return true;
    }
    if (!read_u32(r, WIRE_TEXT_MAX, &len) || len > (size_t)(r->end - r->at))
        return false;
    *ret_text = (struct slice){ (const char *)r->at, len };
    vec_push(&r->texts, *ret_text);
    r->at += len;
    return true;
}

bool wire_read_begin(struct slice payload, uint32_t *ret_job)
{
    struct wire_reader r = { .at = (const uint8_t *)payload.ptr };
    r.end = r.at + payload.len;
    return read_u32(&r, UINT32_MAX, ret_job);
}

bool wire_read_result(struct wire_reader *r, struct slice payload)
{
    *r = (struct wire_reader){ .at = (const uint8_t *)payload.ptr };
    r->end = r->at + payload.len;
    return read_u32(r, UINT32_MAX, &r->job) && read_u32(r, UINT32_MAX, &r->flags) &&
           read_u32(r, BUILD_LEVELS - 1, &r->level) && read_u32(r, WIRE_NOTES_MAX, &r->notes);
}

bool wire_read_note(struct wire_reader *r, struct wire_note *ret_note)
{
    return read_text(r, &ret_note->what) && read_text(r, &ret_note->why) &&
           read_text(r, &ret_note->how);
}

bool wire_read_address_count(struct wire_reader *r)
{
    return read_u32(r, UINT32_MAX, &r->addresses);
}

static bool read_line(struct wire_reader *r, struct found_line *line)
{
    uint32_t tier, spins;
    if (!read_text(r, &line->name) || !read_text(r, &line->system_name) ||
        !read_text(r, &line->file) || !read_u32(r, UINT32_MAX, &line->func_line) ||
        !read_u32(r, UINT32_MAX, &line->line) || !read_u32(r, TIERS - 1, &tier) ||
        !read_u32(r, SPIN_LOCKS, &spins))
        return false;
    line->tier = (enum func_tier)tier;
    line->spins = (enum spin_kind)spins;
    return true;
}

bool wire_read_lines(struct wire_reader *r, struct found_line *lines, uint32_t *ret_count)
{
    uint32_t count;
    if (!read_u32(r, LOOKUP_LINES_MAX, &count))
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (!read_line(r, &lines[i]))
            return false;
    *ret_count = count;
    return true;
}

void wire_reader_done(struct wire_reader *r)
{
    vec_done(&r->texts);
}
