// SPDX-License-Identifier: MIT
#include <assert.h>
#include <inttypes.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "profile/tables.h"

static const struct func_kind_info kinds[FUNC_KINDS] = {
    [FUNC_UNKNOWN] = { "unknown", "unknown", '?' },
    [FUNC_APP] = { "app", "application", 'A' },
    [FUNC_DEPENDENCY] = { "dependency", "dependency", 'D' },
    [FUNC_STDLIB] = { "stdlib", "standard library", 'S' },
    [FUNC_RUNTIME] = { "runtime", "runtime", 'R' },
    [FUNC_JIT] = { "jit", "generated code", 'J' },
    [FUNC_GC] = { "gc", "memory management", 'G' },
    [FUNC_KERNEL] = { "kernel", "kernel", 'K' },
    [FUNC_MARKER] = { "marker", "marker", '!' },
    [FUNC_WAIT] = { "wait", "waiting", 'w' },
};

static const char *const tier_names[TIERS] = {
    [TIER_NONE] = "",
    [TIER_INTERPRETED] = "interpreted",
    [TIER_BASELINE] = "baseline",
    [TIER_MID] = "mid-tier",
    [TIER_OPTIMISED] = "optimised",
    [TIER_BUILTIN] = "builtin",
};

const struct func_kind_info *func_kind_info(enum func_kind kind)
{
    return &kinds[kind < FUNC_KINDS ? kind : FUNC_UNKNOWN];
}

const char *func_tier_name(enum func_tier tier)
{
    return tier < TIERS ? tier_names[tier] : "";
}

/* ---- funcs ---- */

static bool same_func(const struct func *a, const struct func *b)
{
    return a->name.i == b->name.i && a->system_name.i == b->system_name.i &&
           a->file.i == b->file.i && a->line == b->line && a->module.i == b->module.i &&
           a->kind == b->kind;
}

struct func_id profile_add_func(struct profile *p, const struct func *f)
{
    uint64_t hash = hash_u64((uint64_t)f->name.i << 32 | f->file.i);
    hash = hash_mix(hash, (uint64_t)f->line << 32 | f->module.i);
    hash = hash_mix(hash, (uint64_t)f->system_name.i << 8 | f->kind);
    struct map_probe probe = map_probe(&p->func_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (same_func(&p->funcs.ptr[item], f))
            return (struct func_id){ item };
    }
    item = (uint32_t)p->funcs.len;
    vec_push(&p->funcs, *f);
    map_add(&p->func_index, hash, item);
    return (struct func_id){ item };
}

const struct func *profile_func(const struct profile *p, struct func_id id)
{
    assert(id.i < p->funcs.len);
    return &p->funcs.ptr[id.i];
}

uint32_t profile_func_count(const struct profile *p)
{
    return (uint32_t)p->funcs.len;
}

/* ---- frames ---- */

struct frame_id profile_add_frame(
    struct profile *p, struct module_id module, uint64_t address, uint32_t flags)
{
    uint64_t hash = hash_mix(hash_u64(address), (uint64_t)module.i << 32 | flags);
    struct map_probe probe = map_probe(&p->frame_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        const struct frame *f = &p->frames.ptr[item];
        if (f->address == address && f->module.i == module.i && f->flags == flags)
            return (struct frame_id){ item };
    }
    item = (uint32_t)p->frames.len;
    vec_push(&p->frames, ((struct frame){ .module = module, .address = address, .flags = flags }));
    map_add(&p->frame_index, hash, item);
    return (struct frame_id){ item };
}

static bool has_lines(
    const struct profile *p, const struct frame *f, const struct line *lines, uint32_t count)
{
    if (f->line_count != count || f->address || f->flags)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct line *have = &p->lines.ptr[f->first_line + i];
        if (have->func.i != lines[i].func.i || have->line != lines[i].line ||
            have->tier != lines[i].tier)
            return false;
    }
    return true;
}

static void set_lines(struct profile *p, struct frame *f, const struct line *lines, uint32_t count)
{
    f->first_line = (uint32_t)p->lines.len;
    f->line_count = count;
    for (uint32_t i = 0; i < count; i++) {
        assert(lines[i].func.i < p->funcs.len);
        vec_push(&p->lines, lines[i]);
    }
}

struct frame_id profile_add_frame_lines(struct profile *p, const struct line *lines, uint32_t count)
{
    assert(count > 0);
    uint64_t hash = hash_u64(count);
    for (uint32_t i = 0; i < count; i++)
        hash = hash_mix(hash,
            (uint64_t)lines[i].func.i << 32 | (lines[i].line ^ (uint32_t)lines[i].tier << 28));
    struct map_probe probe = map_probe(&p->frame_index, hash);
    uint32_t item;
    while (map_next(&probe, &item)) {
        if (has_lines(p, &p->frames.ptr[item], lines, count))
            return (struct frame_id){ item };
    }
    item = (uint32_t)p->frames.len;
    struct frame frame = { .module = profile_func(p, lines[0].func)->module };
    set_lines(p, &frame, lines, count);
    vec_push(&p->frames, frame);
    map_add(&p->frame_index, hash, item);
    return (struct frame_id){ item };
}

void profile_resolve_frame(
    struct profile *p, struct frame_id id, const struct line *lines, uint32_t count)
{
    assert(id.i > 0 && id.i < p->frames.len);
    struct frame *f = &p->frames.ptr[id.i];
    if (f->line_count == 0 && count > 0)
        set_lines(p, f, lines, count);
}

const struct frame *profile_frame(const struct profile *p, struct frame_id id)
{
    assert(id.i < p->frames.len);
    return &p->frames.ptr[id.i];
}

const struct line *profile_frame_lines(const struct profile *p, struct frame_id id)
{
    const struct frame *f = profile_frame(p, id);
    return f->line_count ? &p->lines.ptr[f->first_line] : NULL;
}

uint32_t profile_frame_count(const struct profile *p)
{
    return (uint32_t)p->frames.len;
}

/* "libfoo.so+0x1234", or "0x1234" where no module is known. */
static struct func_id func_of_address(struct profile *p, const struct frame *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf name = STRBUF_INIT;
    struct slice module = profile_string(p, profile_module(p, f->module)->path);
    if (module.len) {
        strbuf_addslice(&name, slice_basename(module));
        strbuf_addc(&name, '+');
    }
    strbuf_addf(&name, "0x%" PRIx64, f->address);
    bool kernel = profile_module(p, f->module)->kind == MODULE_KERNEL;
    struct func func = {
        .name = profile_add_string(p, strbuf_slice(&name)),
        .module = f->module,
        .kind = kernel ? FUNC_KERNEL : FUNC_UNKNOWN,
    };
    return profile_add_func(p, &func);
}

void profile_name_unresolved(struct profile *p)
{
    for (uint32_t i = 1; i < p->frames.len; i++) {
        struct frame frame = p->frames.ptr[i];
        if (frame.line_count)
            continue;
        struct line line = { .func = func_of_address(p, &frame) };
        profile_resolve_frame(p, (struct frame_id){ i }, &line, 1);
    }
}
