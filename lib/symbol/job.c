// SPDX-License-Identifier: MIT
#include "symbol/job.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "symbol/arch.h"
#include "symbol/debugfile.h"
#include "symbol/dwarf.h"
#include "symbol/fde.h"
#include "symbol/kallsyms.h"
#include "symbol/namer.h"
#include "symbol/perfmap.h"
#include "symbol/symtab.h"

/* ---- opening ---- */

static void refuse(struct job *job, struct err *e)
{
    job->why_not = e->message ? xstrdup(e->message) : xstrdup("the file cannot be read");
    job->how = e->hint ? xstrdup(e->hint) : NULL;
    err_done(e);
}

static void open_text(struct job *job)
{
    struct err e = { 0 };
    if (job->kind == MODULE_KERNEL)
        job->text_fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
    else if (job->fd < 0)
        job->text_fd = perfmap_open(job->path, job->owner_uid, &e);
    else if (perfmap_check(job->fd, job->path, job->owner_uid, &e))
        job->text_fd = dup(job->fd);
    if (job->text_fd < 0 && e.code == ERR_NONE)
        err_sys(&e, errno, "cannot open '%s'", job->path);
    if (job->text_fd < 0)
        refuse(job, &e);
    err_done(&e);
}

/* A path may hold another file than the one that was mapped. */
static bool same_build(const struct job *job, struct err *e)
{
    if (job->build_id.len && !slice_equal(job->build_id, elf_build_id(job->main.elf))) {
        err_set(e, ERR_NOT_FOUND, "the file was replaced after the target had loaded it");
        return err_hint(e, "record again, or report before the program is rebuilt");
    }
    if (!job->build_id.len && job->deleted && job->fd < 0) {
        err_set(e, ERR_NOT_FOUND, "the file was removed or replaced while the target ran");
        return err_hint(e, "keep the program in place while it is recorded");
    }
    return true;
}

static bool open_main(struct job *job, struct err *e)
{
    if (job->kind == MODULE_VDSO)
        return image_open_vdso(&job->main, e);
    if (job->fd >= 0)
        return image_open_fd(&job->main, job->fd, job->path, e);
    return image_open(&job->main, job->path, e);
}

static void open_debug(struct job *job)
{
    if (job->depth == JOB_DEPTH_FULL || !symtab_exists(job->main.elf, SYMTAB_FULL))
        (void)debugfile_find(job->main.elf, job->path, &job->debug);
    if (job->depth == JOB_DEPTH_FULL && job->debug.elf)
        (void)debugfile_find_alternate(job->debug.elf, &job->alternate);
}

void job_open(struct job *job)
{
    job->text_fd = -1;
    if (job->kind == MODULE_KERNEL || job->kind == MODULE_JIT) {
        open_text(job);
        return;
    }
    struct err e = { 0 };
    if (!open_main(job, &e) || !same_build(job, &e)) {
        image_done(&job->main);
        refuse(job, &e);
        return;
    }
    if (debugfile_has_dwarf(job->main.elf))
        (void)debugfile_find_alternate(job->main.elf, &job->alternate);
    else if (job->kind == MODULE_ELF)
        open_debug(job);
}

void job_done(struct job *job)
{
    image_done(&job->main);
    image_done(&job->debug);
    image_done(&job->alternate);
    close_fd(&job->text_fd);
    free(job->path);
    free(job->why_not);
    free(job->how);
}

static bool strings_hold_cxx(const struct elf *elf, const char *section)
{
    struct elf_section s;
    if (!elf || !elf_find_section(elf, section, &s))
        return false;
    const struct slice bytes = elf_section_bytes(elf, &s);
    return bytes.len && memmem(bytes.ptr, bytes.len, "\0_Z", 3) != NULL;
}

bool job_wants_cxx(const struct job *job)
{
    if (job->depth > JOB_DEPTH_SYMBOLS)
        return false;
    return strings_hold_cxx(job->main.elf, ".strtab") ||
           strings_hold_cxx(job->main.elf, ".dynstr") ||
           strings_hold_cxx(job->debug.elf, ".strtab") ||
           (job->main.elf && !symtab_exists(job->main.elf, SYMTAB_FULL) &&
               strings_hold_cxx(job->debug.elf, ".debug_str"));
}

/* ---- running ---- */

struct run {
    struct job *job;
    struct lookup lookup;
    struct namer namer;
    struct symbol *symbols;
    struct image minidebug;
    bool has_symbols; /* a table of all functions, not only the exported ones */
    uint32_t unnamed;
    VEC(struct wire_note) notes;
};

static void add_note(struct run *r, const char *what, const char *why, const char *how)
{
    struct arena *arena = &r->lookup.arena;
    const struct wire_note note = { arena_copy(arena, slice_of(what)),
        arena_copy(arena, slice_of(why)), arena_copy(arena, slice_of(how)) };
    if (r->notes.len < WIRE_NOTES_MAX)
        vec_push(&r->notes, note);
}

static struct slice module_base(const struct job *job)
{
    struct slice base = slice_basename(slice_of(job->path));
    const struct slice deleted = slice_of(" (deleted)");
    if (slice_ends(base, deleted.ptr))
        base.len -= deleted.len;
    return base;
}

static void match_symbols(struct run *r)
{
    struct job *job = r->job;
    r->has_symbols = true;
    if (symtab_exists(job->main.elf, SYMTAB_FULL)) {
        symtab_match(job->main.elf, SYMTAB_FULL, &r->lookup, r->symbols);
    } else if (job->debug.elf && symtab_exists(job->debug.elf, SYMTAB_FULL)) {
        symtab_match(job->debug.elf, SYMTAB_FULL, &r->lookup, r->symbols);
    } else {
        symtab_match(job->main.elf, SYMTAB_DYNAMIC, &r->lookup, r->symbols);
        r->has_symbols = image_open_minidebug(&r->minidebug, job->main.elf);
        if (r->has_symbols)
            symtab_match(r->minidebug.elf, SYMTAB_FULL, &r->lookup, r->symbols);
    }
    symtab_match_plt(job->main.elf, &r->lookup, r->symbols);
}

/* "libfoo.so+0x1200", by the start of the function where the unwind data know it. */
static struct slice offset_name(struct run *r, uint64_t address)
{
    uint64_t start = address;
    (void)fde_function_start(r->job->main.elf, address, &start);
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "%.*s+0x%" PRIx64, SLICE_ARG(module_base(r->job)), start);
    return arena_copy(&r->lookup.arena, strbuf_slice(&text));
}

/* Names what DWARF did not. */
static void apply_symbols(struct run *r)
{
    for (uint32_t i = 0; i < r->lookup.count; i++) {
        if (r->lookup.found[i].len)
            continue;
        struct found_line line = { 0 };
        if (r->symbols[i].name.len) {
            line.name = namer_name(&r->namer, r->symbols[i].name, &line.system_name);
        } else {
            line.name = offset_name(r, r->lookup.addresses[i]);
            r->unnamed++;
        }
        lookup_add(&r->lookup, i, &line);
    }
}

/* Home-made spin locks have no name that tells: their code does. */
static void mark_spins_of(struct lookup *l, const struct elf *elf, const struct elf_section *s)
{
    const struct slice code = elf_section_bytes(elf, s);
    uint32_t at;
    const uint32_t end = code.len ? lookup_range(l, s->address, s->address + code.len, &at) : 0;
    for (at = code.len ? at : 0; at < end; at++) {
        struct found *f = &l->found[at];
        const size_t offset = (size_t)(l->addresses[at] - s->address);
        if (f->len)
            f->lines[f->len - 1].spins = in_spin_loop((const uint8_t *)code.ptr, code.len, offset);
    }
}

static void mark_spins(struct lookup *l, const struct elf *elf)
{
    for (uint32_t i = 0; i < elf_section_count(elf); i++) {
        const struct elf_section s = elf_section(elf, i);
        if (s.flags & SHF_EXECINSTR)
            mark_spins_of(l, elf, &s);
    }
}

static void note_unnamed(struct run *r)
{
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT, why = STRBUF_INIT;
    const struct slice base = module_base(r->job);
    strbuf_addf(&what, "functions of %.*s have no names", SLICE_ARG(base));
    strbuf_addf(&why, "it is stripped: %u of its %u addresses show as %.*s+0xaddress", r->unnamed,
        r->lookup.count, SLICE_ARG(base));
    add_note(r, what.ptr, why.ptr,
        "install its debug symbols (Debian: the package's -dbgsym), or build it with -g and "
        "without "
        "stripping");
}

static void note_cxx(struct run *r)
{
    for (uint32_t i = 0; i < r->lookup.count; i++) {
        const struct found *f = &r->lookup.found[i];
        if (f->len && demangle_is_cxx(f->lines[0].name)) {
            add_note(r, "C++ names are shown as the compiler mangled them",
                "libstdc++.so.6 could not be loaded, or did not survive them",
                "install libstdc++6");
            return;
        }
    }
}

static void run_elf(struct run *r, const struct job_options *options)
{
    struct job *job = r->job;
    match_symbols(r);
    if (job->depth == JOB_DEPTH_FULL) {
        const struct dwarf_input input = { .main = job->main.elf,
            .debug = job->debug.elf ? &job->debug : &job->main,
            .alternate = job->alternate.elf ? &job->alternate : NULL,
            .no_inline = options->no_inline };
        dwarf_match(&input, &r->lookup, r->symbols, &r->namer);
    }
    apply_symbols(r);
    mark_spins(&r->lookup, job->main.elf);
    if (!r->has_symbols && r->unnamed)
        note_unnamed(r);
    if (!r->namer.demangler->cxx)
        note_cxx(r);
}

static void run_text(struct run *r)
{
    struct err e = { 0 };
    const bool ok = r->job->kind == MODULE_KERNEL
                        ? kallsyms_match(r->job->text_fd, &r->lookup, &e)
                        : perfmap_match(r->job->text_fd, r->job->path, &r->lookup, &e);
    if (!ok)
        refuse(r->job, &e);
    err_done(&e);
}

static void note_refusal(struct run *r)
{
    PROF_CLEANUP(strbuf_done) struct strbuf what = STRBUF_INIT;
    const struct slice base = module_base(r->job);
    if (r->job->kind == MODULE_KERNEL)
        strbuf_adds(&what, "kernel functions have no names");
    else if (r->job->kind == MODULE_JIT)
        strbuf_adds(&what, "generated code has no names");
    else
        strbuf_addf(&what, "functions of %.*s have no names", SLICE_ARG(base));
    add_note(r, what.ptr, r->job->why_not, r->job->how ? r->job->how : "");
}

void job_run(struct job *job, uint32_t number, const struct job_options *options,
    const struct demangler *demangler, struct wire_writer *out)
{
    struct run r = { .job = job };
    lookup_init(&r.lookup, job->addresses, job->count);
    namer_init(&r.namer, demangler, &r.lookup.arena);
    r.symbols = xcalloc(job->count, sizeof *r.symbols);
    if (job->main.elf)
        run_elf(&r, options);
    else if (job->text_fd >= 0)
        run_text(&r);
    if (job->why_not)
        note_refusal(&r);
    const bool nameless = job->why_not || (!r.has_symbols && r.unnamed);
    wire_result(
        out, number, nameless ? WIRE_NO_SYMBOLS : 0, r.notes.ptr, (uint32_t)r.notes.len, &r.lookup);
    vec_done(&r.notes);
    image_done(&r.minidebug);
    free(r.symbols);
    namer_done(&r.namer);
    lookup_done(&r.lookup);
}
