// SPDX-License-Identifier: MIT
#include "symbol/dwarf.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/map.h"
#include "base/vec.h"
#include "symbol/debugfile.h"
#include "symbol/dwarf_image.h"
#include "symbol/dwarf_scope.h"
#include "symbol/dwarf_walk.h"
#include "symbol/source_path.h"

enum { ORIGIN_STEPS_MAX = 8 };

/* ---- libdw over bytes in memory ---- */

struct handle {
    Elf *elf;
    Dwarf *dwarf;
    char *owned; /* decompressed copy */
};

static void handle_done(struct handle *h)
{
    if (h->dwarf)
        dwarf_end(h->dwarf);
    if (h->elf)
        elf_end(h->elf);
    free(h->owned);
}

static bool handle_open(struct handle *h, const struct image *image)
{
    struct slice bytes = { (const char *)image->map.ptr, image->map.len };
    if (dwarf_image_needed(image->elf)) {
        PROF_CLEANUP(strbuf_done) struct strbuf copy = STRBUF_INIT;
        dwarf_image_build(image->elf, &copy);
        bytes.len = copy.len;
        bytes.ptr = h->owned = strbuf_take(&copy);
    }
    if (elf_version(EV_CURRENT) == EV_NONE)
        return false;
    /* libelf only reads through the pointer: opened for reading, native byte order. */
    h->elf = elf_memory((char *)(uintptr_t)bytes.ptr, bytes.len); // NOLINT
    h->dwarf = h->elf ? dwarf_begin_elf(h->elf, DWARF_C_READ, NULL) : NULL;
    return h->dwarf != NULL;
}

/* ---- functions ---- */

struct function {
    const void *die;  /* of the abstract or only instance: identity */
    const char *file; /* as DWARF has it; NULL unknown */
    bool is_mangled;
    struct found_line line; /* without the executing line */
};

struct reader {
    struct lookup *lookup;
    const struct symbol *symbols;
    struct namer *namer;
    bool no_inline;
    struct dwarf_walk walk;
    struct dwarf_scopes scopes;
    struct map index;
    VEC(struct function) functions;
};

/* Inlined and outlined copies of one function share the DIE they come from. */
static Dwarf_Die origin_of(const Dwarf_Die *die)
{
    Dwarf_Die at = *die;
    for (int i = 0; i < ORIGIN_STEPS_MAX; i++) {
        Dwarf_Attribute attribute;
        Dwarf_Die next;
        if (!dwarf_attr(&at, DW_AT_abstract_origin, &attribute) ||
            !dwarf_formref_die(&attribute, &next))
            break;
        at = next;
    }
    return at;
}

/* Not that of a C function: glibc's malloc is declared as __GI___libc_malloc for its own use. */
static struct slice mangled_name(Dwarf_Die *die)
{
    Dwarf_Attribute attribute;
    if (!dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) &&
        !dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
        return (struct slice){ 0 };
    const struct slice name = slice_of(dwarf_formstring(&attribute));
    return slice_starts(name, "_Z") || slice_starts(name, "_R") ? name : (struct slice){ 0 };
}

/* "ns::Class::function" of a function without a mangled name; C has no scopes to look for. */
static struct slice scoped_name(struct reader *r, Dwarf_Die *origin)
{
    const char *name = dwarf_diename(origin);
    Dwarf_Die unit;
    const int language =
        dwarf_diecu(origin, &unit, NULL, NULL) ? dwarf_srclang(&unit) : (int)DW_LANG_C;
    if (!name || language == DW_LANG_C || language == DW_LANG_C89 || language == DW_LANG_C99 ||
        language == DW_LANG_C11 || language == DW_LANG_Go || language == DW_LANG_Mips_Assembler)
        return slice_of(name);
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    dwarf_scopes_prefix(&r->scopes, origin, &text);
    if (text.len == 0 && strcmp(name, "operator()") == 0)
        strbuf_adds(&text, "{lambda}::"); /* its class lies inside a function */
    strbuf_adds(&text, name);
    return arena_copy(&r->lookup->arena, strbuf_slice(&text));
}

/* Compilers name files from the folder that they ran in; elfutils 0.188 leaves DWARF 5 so. */
static struct slice full_path(struct reader *r, Dwarf_Die *unit, const char *file)
{
    Dwarf_Attribute attribute;
    const char *folder = NULL;
    if (file[0] != '/' && unit && dwarf_attr(unit, DW_AT_comp_dir, &attribute))
        folder = dwarf_formstring(&attribute);
    if (!folder || folder[0] != '/')
        return source_path(&r->lookup->arena, slice_of(file));
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    strbuf_addf(&path, "%s/%s", folder, file);
    return source_path(&r->lookup->arena, strbuf_slice(&path));
}

static void describe(struct reader *r, Dwarf_Die *origin, struct function *f)
{
    Dwarf_Die unit;
    const struct slice mangled = mangled_name(origin);
    /* Names outlive libdw's handle. */
    const struct slice symbol =
        arena_copy(&r->lookup->arena, mangled.len ? mangled : scoped_name(r, origin));
    int line = 0;
    f->die = origin->addr;
    f->is_mangled = mangled.len > 0;
    f->file = dwarf_decl_file(origin);
    if (symbol.len)
        f->line.name = namer_name(r->namer, symbol, &f->line.system_name);
    if (f->file)
        f->line.file = full_path(r, dwarf_diecu(origin, &unit, NULL, NULL) ? &unit : NULL, f->file);
    if (dwarf_decl_line(origin, &line) == 0 && line > 0)
        f->line.func_line = (uint32_t)line;
}

static const struct function *function_of(struct reader *r, const Dwarf_Die *die)
{
    Dwarf_Die origin = origin_of(die);
    const uint64_t hash = hash_u64((uint64_t)(uintptr_t)origin.addr);
    struct map_probe probe = map_probe(&r->index, hash);
    uint32_t item;
    while (map_next(&probe, &item))
        if (r->functions.ptr[item].die == origin.addr)
            return &r->functions.ptr[item];
    struct function f = { 0 };
    describe(r, &origin, &f);
    map_add(&r->index, hash, (uint32_t)r->functions.len);
    vec_push(&r->functions, f);
    return &r->functions.ptr[r->functions.len - 1];
}

/* ---- lines ---- */

struct place {
    const char *file; /* NULL: unknown */
    uint32_t line;
    Dwarf_Die *unit;
};

static struct place place_of(Dwarf_Die *unit, uint64_t address)
{
    struct place place = { .unit = unit };
    int line;
    Dwarf_Line *row = dwarf_getsrc_die(unit, address);
    if (row && dwarf_lineno(row, &line) == 0 && line > 0) {
        place.file = dwarf_linesrc(row, NULL, NULL);
        place.line = (uint32_t)line;
    }
    return place;
}

static uint32_t number_of(Dwarf_Die *die, unsigned attribute_name)
{
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr(die, attribute_name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
        value > UINT32_MAX)
        return 0;
    return (uint32_t)value;
}

/* Where an inlined function is called from. */
static struct place call_place(Dwarf_Die *unit, Dwarf_Die *inlined)
{
    struct place place = { NULL, number_of(inlined, DW_AT_call_line), unit };
    Dwarf_Files *files;
    size_t count;
    const uint32_t index = number_of(inlined, DW_AT_call_file);
    if (index && dwarf_getsrcfiles(unit, &files, &count) == 0 && index < count)
        place.file = dwarf_filesrc(files, index, NULL, NULL);
    return place;
}

/* Units may spell a file's folder differently; code from another file (a macro's, an included
 * fragment's) has a line that means nothing in the function's own file. */
static bool same_file(const char *a, const char *b)
{
    return a == b || strcmp(a, b) == 0 ||
           slice_equal(slice_basename(slice_of(a)), slice_basename(slice_of(b)));
}

static struct found_line line_in(struct reader *r, const struct function *f, struct place place)
{
    struct found_line line = f->line;
    if (!place.file || !f->file || same_file(place.file, f->file))
        line.line = place.line;
    if (!f->file && place.file)
        line.file = full_path(r, place.unit, place.file);
    return line;
}

/* Of a C function's many aliases the exported one is the one people know: malloc, not
 * __GI___libc_malloc. A mangled symbol says more than a bare DWARF name. */
static bool symbol_is_better(const struct function *f, const struct symbol *s)
{
    if (s->name.len == 0 || slice_ends(s->name, "@plt"))
        return false;
    if (f->line.name.len == 0)
        return true;
    if (f->is_mangled)
        return false;
    return demangle_is_cxx(s->name) ||
           (s->global && f->line.name.ptr[0] == '_' && s->name.len < f->line.name.len);
}

static void add_physical(struct reader *r, uint32_t i, const struct function *f, struct place place)
{
    struct found_line line = line_in(r, f, place);
    if (symbol_is_better(f, &r->symbols[i]))
        line.name = namer_name(r->namer, r->symbols[i].name, &line.system_name);
    if (line.name.len)
        lookup_add(r->lookup, i, &line);
}

/* The lines of one address: the line of each function is where it calls the next inner one. */
static void add_chain(struct reader *r, Dwarf_Die *unit, uint32_t i, struct place innermost)
{
    for (uint32_t at = r->walk.first[i]; at != CHAIN_END; at = r->walk.links.ptr[at].next) {
        const struct function *f = function_of(r, &r->walk.links.ptr[at].die);
        const uint32_t next = r->walk.links.ptr[at].next;
        const struct place place =
            next == CHAIN_END ? innermost : call_place(unit, &r->walk.links.ptr[next].die);
        if (at == r->walk.first[i]) {
            add_physical(r, i, f, place);
            if (r->no_inline || r->lookup->found[i].len == 0)
                return;
            continue;
        }
        const struct found_line line = line_in(r, f, place);
        if (line.name.len)
            lookup_add(r->lookup, i, &line);
    }
}

/* Assembly has lines but no function DIEs: the symbol names it. */
static void add_symbol_line(struct reader *r, uint32_t i, struct place place)
{
    const struct function nameless = { 0 };
    if (place.file && r->symbols[i].name.len)
        add_physical(r, i, &nameless, place);
}

static enum build_level level_of_unit(Dwarf_Die *unit)
{
    Dwarf_Attribute attribute;
    const char *producer =
        dwarf_attr(unit, DW_AT_producer, &attribute) ? dwarf_formstring(&attribute) : NULL;
    return producer ? build_level_of(slice_of(producer)) : BUILD_UNKNOWN;
}

static void read_addresses(struct reader *r, Dwarf_Die *unit, uint32_t from, uint32_t to)
{
    uint32_t *built = &r->lookup->built_at[level_of_unit(unit)];
    dwarf_walk_unit(&r->walk, unit, from, to);
    for (uint32_t i = from; i < to; i++) {
        if (!r->walk.mine[i] || r->lookup->found[i].len)
            continue;
        (*built)++;
        const struct place place = place_of(unit, r->lookup->addresses[i]);
        if (r->walk.first[i] != CHAIN_END)
            add_chain(r, unit, i, place);
        else
            add_symbol_line(r, i, place);
    }
}

/* Units of Rust and of -ffunction-sections have hundreds of ranges: all addresses in one walk. */
static void read_unit(struct reader *r, Dwarf_Die *unit)
{
    Dwarf_Addr base, start, end;
    ptrdiff_t at = 0;
    uint32_t from = r->lookup->count, to = 0;
    memset(r->walk.mine, 0, r->lookup->count * sizeof *r->walk.mine);
    while ((at = dwarf_ranges(unit, at, &base, &start, &end)) > 0) {
        uint32_t i;
        const uint32_t stop = start ? lookup_range(r->lookup, start, end, &i) : (i = 0);
        if (i >= stop)
            continue;
        from = i < from ? i : from;
        to = stop > to ? stop : to;
        for (; i < stop; i++)
            r->walk.mine[i] = true;
    }
    if (from < to)
        read_addresses(r, unit, from, to);
}

static void read_units(struct reader *r, Dwarf *dwarf)
{
    Dwarf_CU *unit = NULL;
    Dwarf_Die die;
    uint8_t type;
    while (dwarf_get_units(dwarf, unit, &unit, NULL, &type, &die, NULL) == 0) {
        if (type == DW_UT_compile && dwarf_tag(&die) == DW_TAG_compile_unit)
            read_unit(r, &die);
    }
}

void dwarf_match(const struct dwarf_input *input, struct lookup *l, const struct symbol *symbols,
    struct namer *namer)
{
    struct handle debug = { 0 }, alternate = { 0 };
    if (!debugfile_has_dwarf(input->debug->elf))
        return;
    if (handle_open(&debug, input->debug)) {
        if (input->alternate && handle_open(&alternate, input->alternate))
            dwarf_setalt(debug.dwarf, alternate.dwarf);
        struct reader r = {
            .lookup = l, .symbols = symbols, .namer = namer, .no_inline = input->no_inline
        };
        dwarf_walk_init(&r.walk, l);
        read_units(&r, debug.dwarf);
        dwarf_walk_done(&r.walk);
        dwarf_scopes_done(&r.scopes);
        map_done(&r.index);
        vec_done(&r.functions);
    }
    handle_done(&debug);
    handle_done(&alternate);
}
