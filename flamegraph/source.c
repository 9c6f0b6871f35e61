// SPDX-License-Identifier: MIT
#include "flamegraph/source.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/json.h"
#include "flamegraph/html.h"
#include "profile/calltree.h"

enum {
    FILE_MAX_BYTES = 4 << 20,
    LINE_MAX_BYTES = 240,
    FUNCS_MAX = 60,       /* hottest by self, then by total */
    TEXT_MAX_LINES = 120, /* per function */
    AROUND = 3,           /* lines before and after a hot one */
};

/* ---- reading ---- */

/* May uid do this (r = 4, x = 1) by owner's or others' bits? Groups are not looked at: a refusal
 * too many costs a snippet, a permission too many leaks a file. */
static bool mode_allows(const struct stat *st, uid_t uid, mode_t bit)
{
    const mode_t shifted = st->st_uid == uid ? bit << 6 : bit;
    return (st->st_mode & shifted) != 0;
}

static bool folders_allow(const char *path, uid_t uid)
{
    char folder[PATH_MAX];
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        const size_t len = slash == path ? 1 : (size_t)(slash - path);
        if (len >= sizeof folder)
            return false;
        memcpy(folder, path, len);
        folder[len] = '\0';
        struct stat st;
        if (stat(folder, &st) != 0 || !mode_allows(&st, uid, 1))
            return false;
    }
    return true;
}

/* The name behind the descriptor has no links left, so its folders are the ones that count. */
static bool reader_may(int fd, const struct stat *st, uid_t reader)
{
    if (reader == 0)
        return true;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t len = readlink(link, path, sizeof path - 1);
    if (len <= 0 || path[0] != '/')
        return false;
    path[len] = '\0';
    return mode_allows(st, reader, 4) && folders_allow(path, reader);
}

bool source_read(const char *path, uid_t reader, struct strbuf *out)
{
    if (path[0] != '/')
        return false;
    PROF_CLEANUP(close_fd)
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_MAX_BYTES)
        return false;
    if (!reader_may(fd, &st, reader))
        return false;
    return file_read_fd(fd, path, FILE_MAX_BYTES, out, NULL);
}

/* ---- which functions ---- */

static int by_falling_total(const void *a, const void *b)
{
    const struct hot_func *x = a, *y = b;
    if (x->total_weight != y->total_weight)
        return x->total_weight < y->total_weight ? 1 : -1;
    return x->func < y->func ? -1 : x->func > y->func;
}

static bool listed(const struct hot_func *chosen, uint32_t len, uint32_t func)
{
    for (uint32_t i = 0; i < len; i++) {
        if (chosen[i].func == func)
            return true;
    }
    return false;
}

/* Half of the places by self, the rest by total; main itself is often only in the second list. */
static uint32_t choose_funcs(const struct hottest *h, struct hot_func ret_chosen[static FUNCS_MAX])
{
    uint32_t len = 0;
    for (uint32_t i = 0; i < h->len && len < FUNCS_MAX / 2; i++)
        ret_chosen[len++] = h->rows[i];
    VEC(struct hot_func) rows = { 0 };
    vec_reserve(&rows, h->len + (size_t)1);
    memcpy(rows.ptr, h->rows, h->len * sizeof *rows.ptr);
    qsort(rows.ptr, h->len, sizeof *rows.ptr, by_falling_total);
    for (uint32_t i = 0; i < h->len && len < FUNCS_MAX; i++) {
        if (!listed(ret_chosen, len, rows.ptr[i].func))
            ret_chosen[len++] = rows.ptr[i];
    }
    vec_done(&rows);
    return len;
}

/* ---- writing ---- */

struct line_range {
    const struct line_total *rows;
    uint32_t len;
};

static struct line_range lines_of(const struct line_totals *all, uint32_t func)
{
    uint32_t from = 0, to = all->len;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (all->rows[middle].func.i < func)
            from = middle + 1;
        else
            to = middle;
    }
    uint32_t end = from;
    while (end < all->len && all->rows[end].func.i == func)
        end++;
    return (struct line_range){ .rows = all->rows + from, .len = end - from };
}

static void add_lines(struct json *j, struct line_range lines)
{
    json_key(j, "lines");
    json_array(j);
    for (uint32_t i = 0; i < lines.len; i++) {
        const struct line_total *l = &lines.rows[i];
        json_array(j);
        json_u64(j, l->line);
        json_u64(j, l->self_count);
        json_u64(j, l->self_weight);
        json_u64(j, l->total_weight);
        json_array_end(j);
    }
    json_array_end(j);
}

struct text_range {
    uint32_t from, to; /* lines, both included */
};

/* From the definition when it is near, and always with the heaviest line inside. */
static struct text_range choose_text(const struct func *f, struct line_range lines)
{
    uint32_t first = UINT32_MAX, last = 0, heaviest = 0;
    uint64_t most = 0;
    for (uint32_t i = 0; i < lines.len; i++) {
        const struct line_total *l = &lines.rows[i];
        if (l->line == 0)
            continue;
        first = l->line < first ? l->line : first;
        last = l->line > last ? l->line : last;
        if (heaviest == 0 || l->total_weight > most) {
            heaviest = l->line;
            most = l->total_weight;
        }
    }
    if (last == 0)
        return (struct text_range){ f->line, f->line > 0 ? f->line + AROUND : 0 };
    if (f->line > 0 && f->line < first && last - f->line < TEXT_MAX_LINES)
        first = f->line + AROUND;
    if (last - first > TEXT_MAX_LINES - 2 * AROUND) {
        first = heaviest > TEXT_MAX_LINES / 2 ? heaviest - TEXT_MAX_LINES / 2 : 1;
        last = first + TEXT_MAX_LINES - 2 * AROUND;
    }
    return (struct text_range){ first > AROUND ? first - AROUND : 1, last + AROUND };
}

void source_add_line(struct strbuf *out, struct slice line)
{
    size_t tabs = 0;
    for (; tabs < line.len && tabs < LINE_MAX_BYTES && line.ptr[tabs] == '\t'; tabs++)
        strbuf_adds(out, "    ");
    text_clean(out, slice_skip(line, tabs), LINE_MAX_BYTES);
}

static void add_text(struct json *j, struct slice file, struct text_range range)
{
    json_key(j, "from");
    json_u64(j, range.from);
    json_key(j, "text");
    json_array(j);
    PROF_CLEANUP(strbuf_done) struct strbuf clean = STRBUF_INIT;
    struct slice line;
    for (uint32_t number = 1; number <= range.to && slice_split(&file, '\n', &line); number++) {
        if (number < range.from)
            continue;
        strbuf_clear(&clean);
        source_add_line(&clean, line);
        json_string(j, strbuf_slice(&clean));
    }
    json_array_end(j);
}

static struct slice without_scheme(struct slice path)
{
    return slice_starts(path, "file://") ? slice_skip(path, strlen("file://")) : path;
}

bool source_text(const struct profile *p, const struct func *f,
    const struct source_options *options, struct strbuf *out)
{
    const struct slice path = without_scheme(profile_string(p, f->file));
    return !options->no_text && path.len > 0 && source_read(path.ptr, options->reader, out);
}

static void add_func(struct json *j, const struct profile *p, const struct func *f,
    struct line_range lines, const struct source_options *options)
{
    add_lines(j, lines);
    const struct text_range range = choose_text(f, lines);
    PROF_CLEANUP(strbuf_done) struct strbuf bytes = STRBUF_INIT;
    if (range.to > 0 && source_text(p, f, options, &bytes))
        add_text(j, strbuf_slice(&bytes), range);
}

void source_pack(const struct profile *p, const struct names *names, const struct hottest *h,
    const struct source_options *options, struct strbuf *out)
{
    struct hot_func chosen[FUNCS_MAX];
    const uint32_t len = choose_funcs(h, chosen);
    struct line_totals totals;
    line_totals_build(p, &totals);
    struct json j;
    json_init(&j, out);
    json_object(&j);
    for (uint32_t i = 0; i < len; i++) {
        const uint32_t func = chosen[i].func;
        const struct line_range lines = lines_of(&totals, func);
        if (func == 0 || lines.len == 0)
            continue;
        char key[16];
        snprintf(key, sizeof key, "%u", names->func_of[func]);
        json_key(&j, key);
        json_object(&j);
        add_func(&j, p, profile_func(p, (struct func_id){ func }), lines, options);
        json_object_end(&j);
    }
    json_object_end(&j);
    line_totals_done(&totals);
}
