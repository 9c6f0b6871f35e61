// SPDX-License-Identifier: MIT
/*
 * symbol_resolve(): frames without names, sorted by module and address -> one job per module with
 * each address once -> the worker -> lines of the frames, and notes.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "profile/evidence.h"
#include "symbol/classify.h"
#include "symbol/job.h"
#include "symbol/symbol.h"
#include "symbol/wire.h"
#include "symbol/worker.h"

struct place {
    uint32_t module;
    uint64_t address;
    struct frame_id frame;
};

/* A module's share of the sorted places and of the unique addresses. */
struct range {
    uint32_t first_place, place_count;
    uint32_t first_address, address_count;
};

struct resolver {
    struct profile *profile;
    const struct symbol_options *options;
    VEC(struct place) places;
    VEC(uint64_t) addresses;
    VEC(struct job) jobs;
    VEC(struct range) ranges; /* of the jobs */
};

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    if (x->module != y->module)
        return x->module < y->module ? -1 : 1;
    return x->address < y->address ? -1 : x->address > y->address;
}

static void collect_places(struct resolver *r)
{
    const uint32_t count = profile_frame_count(r->profile);
    for (uint32_t i = 1; i < count; i++) {
        const struct frame *f = profile_frame(r->profile, (struct frame_id){ i });
        if (f->line_count == 0 && f->module.i != 0)
            vec_push(&r->places, ((struct place){ f->module.i, f->address, { i } }));
    }
    if (r->places.len)
        qsort(r->places.ptr, r->places.len, sizeof *r->places.ptr, compare_places);
}

/* ---- jobs ---- */

static const struct symbol_source *source_of(const struct resolver *r, struct module_id module)
{
    for (uint32_t i = 0; i < r->options->source_count; i++)
        if (r->options->sources[i].module.i == module.i)
            return &r->options->sources[i];
    return NULL;
}

/* Where the file is: the path the target knows it by, or the map of the JIT's process. */
static char *path_of(const struct resolver *r, const struct module *m)
{
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    if (m->kind == MODULE_JIT)
        strbuf_addf(&path, "/tmp/perf-%d.map", profile_process(r->profile, m->process)->pid);
    else
        strbuf_addslice(&path, profile_string(r->profile, m->path));
    return xmemdupz(path.ptr, path.len);
}

static bool has_names(const struct module *m)
{
    switch (m->kind) {
    case MODULE_ELF:
    case MODULE_VDSO:
    case MODULE_KERNEL:
    case MODULE_JIT:
        return true;
    case MODULE_UNKNOWN:
    case MODULE_KINDS:
        break;
    }
    return false;
}

static void add_job(struct resolver *r, const struct range *range)
{
    const struct module_id id = { r->places.ptr[range->first_place].module };
    const struct module *m = profile_module(r->profile, id);
    if (!has_names(m))
        return;
    const struct symbol_source *source = source_of(r, id);
    const struct job job = { .module = id,
        .kind = m->kind,
        .path = path_of(r, m),
        .build_id = { (const char *)m->build_id, m->build_id_len },
        .deleted = m->deleted,
        .fd = source ? source->fd : -1,
        .owner_uid = source ? source->owner_uid : (int32_t)geteuid(),
        .count = range->address_count,
        .text_fd = -1 };
    vec_push(&r->jobs, job);
    vec_push(&r->ranges, *range);
}

static struct range next_range(struct resolver *r, uint32_t first)
{
    struct range range = { .first_place = first, .first_address = (uint32_t)r->addresses.len };
    const uint32_t module = r->places.ptr[first].module;
    for (uint32_t i = first; i < r->places.len && r->places.ptr[i].module == module; i++) {
        const uint64_t address = r->places.ptr[i].address;
        range.place_count++;
        if (i > first && r->places.ptr[i - 1].address == address)
            continue;
        vec_push(&r->addresses, address);
        range.address_count++;
    }
    return range;
}

static void make_jobs(struct resolver *r)
{
    for (uint32_t i = 0; i < r->places.len;) {
        const struct range range = next_range(r, i);
        add_job(r, &range);
        i += range.place_count;
    }
    for (uint32_t i = 0; i < r->jobs.len; i++)
        r->jobs.ptr[i].addresses = r->addresses.ptr + r->ranges.ptr[i].first_address;
}

/* ---- results ---- */

static bool is_program(const struct resolver *r, struct string_id path)
{
    for (uint32_t i = 1; i < profile_process_count(r->profile); i++)
        if (profile_process(r->profile, (struct process_id){ i })->exe.i == path.i)
            return true;
    return false;
}

static struct string_id intern(struct resolver *r, struct slice text)
{
    return profile_add_string(r->profile, text);
}

/* Each worker of a cluster generates the same functions anew: they are of the first one's code, so
 * that they are one. */
static struct module_id func_module(const struct profile *p, struct module_id module)
{
    if (profile_module(p, module)->kind != MODULE_JIT)
        return module;
    for (uint32_t i = 1; i < module.i; i++)
        if (profile_module(p, (struct module_id){ i })->kind == MODULE_JIT)
            return (struct module_id){ i };
    return module;
}

static struct line line_of(
    struct resolver *r, struct module_id module, bool program, const struct found_line *found)
{
    const struct module *m = profile_module(r->profile, module);
    const struct classify_input in = { .module_kind = m->kind,
        .module_path = profile_string(r->profile, m->path),
        .is_program = program,
        .name = found->name,
        .file = found->file };
    const struct func func = { .name = intern(r, found->name),
        .system_name = intern(r, found->system_name),
        .file = intern(r, found->file),
        .line = found->func_line,
        .module = func_module(r->profile, module),
        .kind = classify_func(&in) };
    return (struct line){ profile_add_func(r->profile, &func), found->line, found->tier };
}

/* Gives all frames of one address (they differ in flags) their lines; *place moves behind them. */
static void name_frames(
    struct resolver *r, uint32_t *place, uint32_t end, const struct line *lines, uint32_t count)
{
    const uint64_t address = r->places.ptr[*place].address;
    for (; *place < end && r->places.ptr[*place].address == address; (*place)++)
        if (count)
            profile_resolve_frame(r->profile, r->places.ptr[*place].frame, lines, count);
}

static bool take_notes(struct resolver *r, struct wire_reader *reader)
{
    for (uint32_t i = 0; i < reader->notes; i++) {
        struct wire_note note;
        if (!wire_read_note(reader, &note))
            return false;
        char *what PROF_CLEANUP(free_ptr) = xmemdupz(note.what.ptr, note.what.len);
        char *why PROF_CLEANUP(free_ptr) = xmemdupz(note.why.ptr, note.why.len);
        char *how PROF_CLEANUP(free_ptr) = xmemdupz(note.how.ptr, note.how.len);
        profile_add_note(r->profile, what, why, note.how.len ? how : NULL);
    }
    return true;
}

static void set_module_fact(
    struct resolver *r, struct module_id module, const char *what, struct slice value)
{
    PROF_CLEANUP(strbuf_done) struct strbuf key = STRBUF_INIT;
    strbuf_adds(&key, what);
    strbuf_addslice(&key, profile_string(r->profile, profile_module(r->profile, module)->path));
    profile_set_fact(r->profile, (struct process_id){ 0 }, key.ptr, value);
}

static bool take_lines(struct resolver *r, struct wire_reader *reader, const struct range *range)
{
    struct found_line found[LOOKUP_LINES_MAX];
    struct line lines[LOOKUP_LINES_MAX];
    const struct module_id module = { r->places.ptr[range->first_place].module };
    const bool program = is_program(r, profile_module(r->profile, module)->path);
    const uint32_t end = range->first_place + range->place_count;
    uint32_t place = range->first_place;
    PROF_CLEANUP(strbuf_done) struct strbuf spins = STRBUF_INIT;
    for (uint32_t i = 0; i < range->address_count; i++) {
        uint32_t count;
        if (!wire_read_lines(reader, found, &count))
            return false;
        for (uint32_t k = 0; k < count; k++)
            lines[k] = line_of(r, module, program, &found[k]);
        if (count && found[count - 1].spins) /* a row of the fact, which observed_spins.c reads */
            strbuf_addf(&spins, "%" PRIx64 "%s\n", r->places.ptr[place].address,
                found[count - 1].spins == SPIN_LOCKS ? " lock" : "");
        name_frames(r, &place, end, lines, count);
    }
    if (spins.len)
        set_module_fact(r, module, "spins.", strbuf_slice(&spins));
    return true;
}

/* "optimised.PATH": how the module was compiled, by its debug data. */
static void add_level(struct resolver *r, struct module_id module, enum build_level level)
{
    if (level != BUILD_UNKNOWN)
        set_module_fact(r, module, "optimised.", slice_of(build_level_name(level)));
}

static bool take_result(void *ctx, struct slice payload)
{
    struct resolver *r = ctx;
    struct wire_reader reader;
    bool ok = wire_read_result(&reader, payload) && reader.job < r->jobs.len &&
              r->jobs.ptr[reader.job].count > 0 && take_notes(r, &reader) &&
              wire_read_address_count(&reader) &&
              reader.addresses == r->ranges.ptr[reader.job].address_count &&
              take_lines(r, &reader, &r->ranges.ptr[reader.job]);
    if (ok)
        add_level(r, r->jobs.ptr[reader.job].module, (enum build_level)reader.level);
    if (ok && reader.flags & WIRE_NO_SYMBOLS)
        profile_module_edit(r->profile, r->jobs.ptr[reader.job].module)->no_symbols = true;
    wire_reader_done(&reader);
    return ok;
}

static void note_failure(void *ctx, const struct job *job, const char *how)
{
    struct resolver *r = ctx;
    static const char *const lost[] = {
        [JOB_DEPTH_FULL] = "nothing",
        [JOB_DEPTH_SYMBOLS] = "file names, lines and inlined functions",
        [JOB_DEPTH_PLAIN] = "readable C++ names",
        [JOB_DEPTH_NONE] = "all names",
    };
    const struct slice base = slice_basename(slice_of(job->path));
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT, why = STRBUF_INIT;
    strbuf_addf(&what, "%s of %.*s are missing", lost[job->depth], SLICE_ARG(base));
    strbuf_addf(&why, "the process that reads symbols %s on this file", how);
    profile_add_note(r->profile, what.ptr, why.ptr,
        "check the file with readelf --debug-dump=info; report this if the file is sound");
    if (job->depth == JOB_DEPTH_NONE)
        profile_module_edit(r->profile, job->module)->no_symbols = true;
}

/* ---- what stays without names ---- */

struct nameless {
    const char *name; /* NULL: module+0xaddress */
    enum func_kind kind;
};

/* Addresses in generated code, the kernel or unknown memory say nothing to a reader: one function
 * for all of them. */
static struct nameless nameless_of(enum module_kind kind)
{
    switch (kind) {
    case MODULE_KERNEL:
        return (struct nameless){ "[kernel]", FUNC_KERNEL };
    case MODULE_JIT:
        return (struct nameless){ "[generated code]", FUNC_JIT };
    case MODULE_UNKNOWN:
        return (struct nameless){ "[unknown]", FUNC_UNKNOWN };
    case MODULE_ELF:
    case MODULE_VDSO:
    case MODULE_KINDS:
        break;
    }
    return (struct nameless){ 0 };
}

static void name_rest(struct resolver *r)
{
    for (uint32_t i = 0; i < r->places.len; i++) {
        const struct place *place = &r->places.ptr[i];
        const struct module_id module = { place->module };
        const struct nameless n = nameless_of(profile_module(r->profile, module)->kind);
        if (!n.name || profile_frame(r->profile, place->frame)->line_count)
            continue;
        const struct func func = {
            .name = intern(r, slice_of(n.name)), .module = module, .kind = n.kind
        };
        const struct line line = { .func = profile_add_func(r->profile, &func) };
        profile_resolve_frame(r->profile, place->frame, &line, 1);
    }
    profile_name_unresolved(r->profile);
}

void symbol_resolve(struct profile *p, const struct symbol_options *options)
{
    struct resolver r = { .profile = p, .options = options };
    collect_places(&r);
    make_jobs(&r);
    const struct job_options job_options = { .no_inline = options->no_inline,
        .timeout_ms = options->timeout_ms ? options->timeout_ms : SYMBOL_TIMEOUT_MS };
    const struct worker_callbacks callbacks = { take_result, note_failure, &r };
    worker_run(r.jobs.ptr, (uint32_t)r.jobs.len, &job_options, &callbacks);
    name_rest(&r);
    for (uint32_t i = 0; i < r.jobs.len; i++)
        job_done(&r.jobs.ptr[i]);
    vec_done(&r.places);
    vec_done(&r.addresses);
    vec_done(&r.jobs);
    vec_done(&r.ranges);
}
