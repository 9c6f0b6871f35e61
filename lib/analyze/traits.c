// SPDX-License-Identifier: MIT
#include "analyze/traits.h"

#include <ctype.h>
#include <string.h>

#include "analyze/trait_table.h"
#include "base/strbuf.h"

static const char *const names[TRAITS] = {
    [TRAIT_GC] = "garbage collection",
    [TRAIT_MALLOC] = "memory allocation",
    [TRAIT_MEMCPY] = "copying memory",
    [TRAIT_JSON] = "JSON",
    [TRAIT_REGEX] = "regular expressions",
    [TRAIT_COMPRESS] = "compression",
    [TRAIT_CRYPTO] = "cryptography",
    [TRAIT_TLS_HANDSHAKE] = "TLS handshakes",
    [TRAIT_TLS] = "TLS",
    [TRAIT_LOGGING] = "logging",
    [TRAIT_EXCEPTION] = "exceptions",
    [TRAIT_SYNC_API] = "synchronous calls",
    [TRAIT_FILE_IO] = "files",
    [TRAIT_NETWORK] = "the kernel's network",
    [TRAIT_SYSCALL] = "system calls",
    [TRAIT_FAULT] = "page faults",
    [TRAIT_MMAP] = "mapping memory",
    [TRAIT_MMAP_LOCK] = "the lock of the address space",
    [TRAIT_LOCK] = "locks",
    [TRAIT_CONDITION] = "waiting for work",
    [TRAIT_INTERPRETER_LOCK] = "the interpreter's lock",
    [TRAIT_AWAIT] = "waiting for work on a lock",
    [TRAIT_SPIN] = "spinning",
    [TRAIT_CONNECT] = "connecting",
    [TRAIT_ASK] = "asking other servers",
    [TRAIT_SEND] = "sending",
    [TRAIT_DNS] = "looking up host names",
    [TRAIT_INTERPRETER] = "interpreting",
    [TRAIT_COMPILER] = "compiling",
    [TRAIT_STARTUP] = "loading code",
    [TRAIT_EVENT_LOOP] = "the event loop",
    [TRAIT_EXEC] = "starting processes and threads",
    [TRAIT_SLEEP] = "sleeping",
    [TRAIT_SERIALISE] = "serialising",
    [TRAIT_TEMPLATE] = "templates",
    [TRAIT_SQL] = "the database client",
    [TRAIT_CUT] = "unknown callers",
    [TRAIT_OURS] = "prof itself",
};

const char *trait_name(enum trait t)
{
    return t < TRAITS ? names[t] : "";
}

/* ---- names ---- */

/* "<T as serde_json::de::Read>::next" and "&mut x" begin with marks of Rust, not with a name. */
static struct slice without_marks(struct slice name)
{
    while (name.len && (name.ptr[0] == '<' || name.ptr[0] == '&'))
        name = slice_skip(name, 1);
    return name;
}

static bool is_name(struct slice name, const char *text, size_t len)
{
    if (name.len < len || memcmp(name.ptr, text, len) != 0)
        return false;
    return name.len == len || name.ptr[len] == '.' || name.ptr[len] == '@';
}

static bool row_fits(const struct trait_row *row, struct slice text)
{
    size_t len = strlen(row->text);
    if (text.len < len)
        return false;
    switch (row->match) {
    case MATCH_IS:
        return is_name(text, row->text, len);
    case MATCH_BEGINS:
        return memcmp(text.ptr, row->text, len) == 0;
    case MATCH_HAS:
        return memmem(text.ptr, text.len, row->text, len) != NULL;
    }
    return false;
}

static trait_set of_rows(const struct trait_rows *rows, struct slice text)
{
    trait_set set = 0;
    for (size_t i = 0; i < rows->len && text.len; i++) {
        const struct trait_row *row = &rows->ptr[i];
        bool may_fit = row->match == MATCH_HAS || row->text[0] == text.ptr[0];
        if (may_fit && row_fits(row, text))
            set |= row->traits;
    }
    return set;
}

/* ---- what a name says by its form ---- */

/* Node's own API tells a blocking call by its name: readFileSync, execSync, pbkdf2Sync. */
static bool is_sync_api(const struct profile *p, const struct func *f, struct slice name)
{
    return slice_ends(name, "Sync") && slice_starts(profile_string(p, f->file), "node:");
}

/* Ignition's code for one bytecode: Builtins_LdaNamedPropertyHandler. */
static bool is_bytecode_handler(struct slice name)
{
    return slice_starts(name, "Builtins_") && slice_ends(name, "Handler");
}

/* log, logger, logLine, log_line, writeLog, write_log: not login, logic, blog, dialog. */
static bool is_log_name(struct slice name)
{
    size_t dot = slice_rfind(name, '.');
    struct slice word = dot < name.len ? slice_skip(name, dot + 1) : name;
    if (slice_is(word, "log") || slice_is(word, "logger") || slice_ends(word, "_log"))
        return true;
    if (slice_ends(word, "Log") || slice_starts(word, "log_"))
        return true;
    return slice_starts(word, "log") && word.len > 3 && isupper((unsigned char)word.ptr[3]);
}

/* The script that prof loads into node (record/node_preload.js), in a folder of its own. */
static bool is_ours(struct slice file)
{
    return slice_ends(file, "/prof.cjs") && memmem(file.ptr, file.len, "/prof-", 6) != NULL;
}

static trait_set of_form(const struct profile *p, const struct func *f, struct slice name)
{
    trait_set set = is_ours(profile_string(p, f->file)) ? TRAIT(OURS) : 0;
    if (is_sync_api(p, f, name))
        set |= TRAIT(SYNC_API);
    if (is_bytecode_handler(name))
        set |= TRAIT(INTERPRETER);
    bool scripted = f->kind == FUNC_APP || f->kind == FUNC_DEPENDENCY;
    if (scripted && is_log_name(name))
        set |= TRAIT(LOGGING);
    return set;
}

/* ---- modules ---- */

/* Libraries that do one thing: their symbols are often stripped. */
static const struct trait_row modules[] = {
    { MATCH_BEGINS, "libz.so", TRAIT(COMPRESS) },
    { MATCH_BEGINS, "libzstd.so", TRAIT(COMPRESS) },
    { MATCH_BEGINS, "libbrotli", TRAIT(COMPRESS) },
    { MATCH_BEGINS, "liblzma.so", TRAIT(COMPRESS) },
    { MATCH_BEGINS, "libbz2.so", TRAIT(COMPRESS) },
    { MATCH_BEGINS, "libcrypto.so", TRAIT(CRYPTO) },
    { MATCH_BEGINS, "libcrypt.so", TRAIT(CRYPTO) },
    { MATCH_BEGINS, "libjansson.so", TRAIT(JSON) },
    { MATCH_BEGINS, "libjson-c.so", TRAIT(JSON) },
    { MATCH_BEGINS, "libpcre", TRAIT(REGEX) },
    { MATCH_BEGINS, "libre2.so", TRAIT(REGEX) },
    { MATCH_BEGINS, "libonig.so", TRAIT(REGEX) },
    { MATCH_BEGINS, "libjemalloc.so", TRAIT(MALLOC) },
    { MATCH_BEGINS, "libtcmalloc", TRAIT(MALLOC) },
    { MATCH_BEGINS, "libmimalloc", TRAIT(MALLOC) },
    { MATCH_BEGINS, "libsqlite3.so", TRAIT(SQL) },
    { MATCH_BEGINS, "libpq.so", TRAIT(SQL) },
    { MATCH_BEGINS, "ld-linux", TRAIT(STARTUP) },
    { MATCH_BEGINS, "_json.cpython", TRAIT(JSON) },
    { MATCH_BEGINS, "_sre.cpython", TRAIT(REGEX) },
    { MATCH_BEGINS, "_pickle.cpython", TRAIT(SERIALISE) },
    { MATCH_BEGINS, "zlib.cpython", TRAIT(COMPRESS) },
    { MATCH_BEGINS, "_queue.cpython", TRAIT(CONDITION) | TRAIT(AWAIT) },
};

static const struct trait_rows module_rows = { modules, sizeof modules / sizeof modules[0] };

static trait_set of_name(enum func_kind kind, struct slice name)
{
    trait_set set = of_rows(&trait_runtime_names, name) | of_rows(&trait_library_names, name);
    if (kind != FUNC_APP)
        set |= of_rows(&trait_common_names, name);
    return set;
}

/* Rust writes a method as "<std::sys::sync::mutex::futex::Mutex>::lock" or without the brackets. */
static trait_set of_bracketed_name(enum func_kind kind, struct slice name)
{
    PROF_CLEANUP(strbuf_done) struct strbuf plain = STRBUF_INIT;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] != '>' || i + 1 >= name.len || name.ptr[i + 1] != ':')
            strbuf_addc(&plain, name.ptr[i]);
    return of_name(kind, strbuf_slice(&plain));
}

trait_set traits_of(const struct profile *p, const struct func *f)
{
    const struct slice whole = profile_string(p, f->name);
    struct slice name = without_marks(whole);
    if (f->kind == FUNC_MARKER)
        return TRAIT(CUT);
    if (f->kind == FUNC_KERNEL)
        return of_rows(&trait_kernel_names, name);
    const struct module *module = profile_module(p, f->module);
    trait_set set = of_name(f->kind, name);
    if (name.len < whole.len)
        set |= of_bracketed_name(f->kind, name);
    set |= of_rows(&trait_files, profile_string(p, f->file));
    set |= of_rows(&module_rows, slice_basename(profile_string(p, module->path)));
    return set | of_form(p, f, name);
}
