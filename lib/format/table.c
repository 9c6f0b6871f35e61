// SPDX-License-Identifier: MIT
#include <inttypes.h>
#include <string.h>

#include "format/formats.h"
#include "format/gunzip.h"

enum { SNIFF_BYTES = 64 * 1024 };
static const size_t GUNZIP_BYTES_MAX = (size_t)1 << 30;

/* Sniffed in this order: the looser a format's signs, the later its row. */
static const struct format table[] = {
    {
        .name = "text",
        .endings = ".txt",
        .text = true,
        .write = text_write,
    },
    {
        .name = "markdown",
        .endings = ".md",
        .text = true,
        .write = markdown_write,
    },
    {
        .name = "json",
        .endings = ".json",
        .text = true,
        .write = json_write,
    },
    {
        .name = "pprof",
        .endings = ".pb.gz .pprof",
        .write = pprof_write,
    },
    {
        .name = "speedscope",
        .endings = ".speedscope.json",
        .write = speedscope_write,
    },
    {
        .name = "prof",
        .endings = ".prof",
        .sniff = native_sniff,
        .write = native_write,
        .read = native_read,
    },
    {
        .name = "cpuprofile",
        .endings = ".cpuprofile",
        .sniff = cpuprofile_sniff,
        .read = cpuprofile_read,
    },
    {
        .name = "perfscript",
        .endings = ".perfscript",
        .sniff = perfscript_sniff,
        .read = perfscript_read,
    },
    {
        .name = "folded",
        .endings = ".folded .collapsed",
        .text = true,
        .sniff = folded_sniff,
        .write = folded_write,
        .read = folded_read,
    },
};

const struct format *format_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(table);
    return table;
}

const struct format *format_by_name(const char *name)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(table); i++) {
        if (strcmp(table[i].name, name) == 0)
            return &table[i];
    }
    return NULL;
}

size_t format_ending(const struct format *f, const char *path)
{
    struct slice whole = slice_of(path), rest = slice_of(f->endings), ending;
    while (slice_split(&rest, ' ', &ending)) {
        if (whole.len > ending.len &&
            slice_equal(slice_skip(whole, whole.len - ending.len), ending))
            return ending.len;
    }
    return 0;
}

const struct format *format_by_path(const char *path)
{
    const struct format *best = NULL;
    size_t best_len = 0;
    for (size_t i = 0; i < PROF_ARRAY_LEN(table); i++) {
        size_t len = format_ending(&table[i], path);
        if (len > best_len) {
            best = &table[i];
            best_len = len;
        }
    }
    return best;
}

/* ---- reading ---- */

/* Formats that people try and that need another step first. */
static const struct stranger {
    const char *magic;
    size_t len;
    const char *what, *hint;
} strangers[] = {
    { "PERFILE2", 8, "a perf.data file", "perf script -i FILE > FILE.perfscript, then read that" },
    { "\x28\xb5\x2f\xfd", 4, "compressed with zstd", "unzstd it first" },
    { "\x7f"
      "ELF",
        4, "a program, not a profile", "prof flame -- FILE" },
    { "<!doctype html", 14, "a report",
        "reports cannot be read back: keep the data with --save "
        "FILE.prof" },
    { "<svg", 4, "a picture", "read the folded stacks that it was drawn from" },
    { "<?xml", 5, "a picture", "read the folded stacks that it was drawn from" },
};

static bool unknown_format(const char *path, struct slice bytes, struct err *e)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(strangers); i++) {
        const struct stranger *s = &strangers[i];
        if (bytes.len < s->len || strncasecmp(bytes.ptr, s->magic, s->len) != 0)
            continue;
        err_set(e, ERR_FORMAT, "cannot read '%s': it is %s", path, s->what);
        return err_hint(e, "%s", s->hint);
    }
    const struct format *by_ending = format_by_path(path);
    if (by_ending && !by_ending->read) {
        err_set(
            e, ERR_FORMAT, "cannot read '%s': %s is written, but not read", path, by_ending->name);
        return err_hint(e, "keep the data with --save FILE.prof and report from that");
    }
    err_set(
        e, ERR_FORMAT, "cannot read '%s': it looks like none of the formats that prof reads", path);
    return err_hint(e, "FILE.prof, folded stacks, the text of perf script, or a .cpuprofile");
}

static const struct format *find_reader(const char *path, struct slice bytes)
{
    struct slice head = { bytes.ptr, bytes.len < SNIFF_BYTES ? bytes.len : SNIFF_BYTES };
    for (size_t i = 0; i < PROF_ARRAY_LEN(table); i++) {
        if (table[i].sniff && table[i].sniff(head))
            return &table[i];
    }
    const struct format *by_ending = format_by_path(path);
    return by_ending && by_ending->read ? by_ending : NULL;
}

static struct profile *read_plain(struct slice bytes, const char *path, struct err *e)
{
    const struct format *f = find_reader(path, bytes);
    if (!f) {
        unknown_format(path, bytes, e);
        return NULL;
    }
    struct profile *p = f->read(bytes, e);
    if (!p) {
        err_wrap(e, "cannot read '%s' as %s", path, f->name);
        return NULL;
    }
    struct profile_meta *m = profile_meta(p);
    if (!m->title && f->read != native_read)
        meta_set_text(&m->title, slice_basename(slice_of(path)));
    return p;
}

struct profile *format_read(struct slice bytes, const char *path, struct err *e)
{
    if (bytes.len == 0) {
        err_set(e, ERR_FORMAT, "cannot read '%s': the file is empty", path);
        return NULL;
    }
    if (!gunzip_sniff(bytes))
        return read_plain(bytes, path, e);
    PROF_CLEANUP(strbuf_done) struct strbuf plain = STRBUF_INIT;
    if (!gunzip(bytes, GUNZIP_BYTES_MAX, &plain, e)) {
        err_wrap(e, "cannot read '%s'", path);
        return NULL;
    }
    return read_plain(strbuf_slice(&plain), path, e);
}
