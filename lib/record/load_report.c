// SPDX-License-Identifier: MIT
#include "record/load_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/compiler.h"
#include "base/strbuf.h"

#define UNKNOWN ((double)NAN)

enum { TEXT_BYTES_MAX = 1 << 20, NUMBER_BYTES_MAX = 40, COLUMNS_MAX = 16 };

enum unit {
    UNIT_PLAIN,
    UNIT_MS, /* to ns, when the number has no unit of its own */
    UNIT_NS, /* the number has a unit, or is in seconds */
    UNIT_SECONDS,
};

/* Where a number stands: so many words behind a text in the line (or, -1, the word before it). */
struct row {
    const char *line; /* the line begins so; NULL: any */
    const char *text;
    int word;
    enum load_field field;
    enum unit unit;
    bool add; /* to what earlier lines of the same run gave */
};

struct tool {
    const char *name;
    const char *sign;   /* the text holds it */
    const char *begins; /* a line that begins so starts a run; NULL: runs are added up */
    const struct row *rows;
    size_t row_count;
    const char *columns; /* a line that begins so has columns as the header above it names them */
    enum unit column_unit;
};

/* ---- numbers ---- */

static double scale_of(const char *suffix, enum unit unit)
{
    static const struct {
        const char *suffix;
        double seconds;
    } known[] = { { "ns", 1e-9 }, { "us", 1e-6 }, { "\xc2\xb5s", 1e-6 }, { "ms", 1e-3 }, { "s", 1 },
        { "m", 60 }, { "h", 3600 } };
    double seconds = unit == UNIT_MS ? 1e-3 : 1;
    for (size_t i = 0; i < PROF_ARRAY_LEN(known); i++)
        if (strcmp(suffix, known[i].suffix) == 0)
            seconds = known[i].seconds;
    if (unit == UNIT_PLAIN)
        return suffix[0] == 'k' ? 1e3 : suffix[0] == 'M' ? 1e6 : 1;
    return unit == UNIT_SECONDS ? seconds : seconds * 1e9;
}

/* "1.97ms", "11,231", "18k"; NaN: no number. */
static double number_of(struct slice word, enum unit unit)
{
    char text[NUMBER_BYTES_MAX + 1];
    size_t len = 0;
    for (size_t i = 0; i < word.len; i++) {
        if (len == NUMBER_BYTES_MAX)
            return UNKNOWN;
        if (word.ptr[i] != ',' && word.ptr[i] != '%')
            text[len++] = word.ptr[i];
    }
    text[len] = '\0';
    char *end;
    if (text[0] < '0' || text[0] > '9')
        return UNKNOWN;
    const double number = strtod(text, &end);
    if (isinf(number))
        return UNKNOWN;
    return number * scale_of(end, unit);
}

/* ---- lines ---- */

static struct slice word_at(struct slice line, int index)
{
    struct slice word = { line.ptr, 0 };
    for (int i = 0; i < index; i++)
        word = slice_take_word(&line);
    return word;
}

static struct slice word_before(struct slice line, const char *at)
{
    struct slice before = slice_trim((struct slice){ line.ptr, (size_t)(at - line.ptr) });
    const size_t blank = slice_rfind(before, ' ');
    return slice_skip(before, blank == before.len ? 0 : blank + 1);
}

static void set(struct load_report *r, enum load_field field, double value, bool add)
{
    if (isnan(value))
        return;
    r->values[field] = add && !isnan(r->values[field]) ? r->values[field] + value : value;
}

static void take_row(struct load_report *r, const struct row *row, struct slice line)
{
    if (line.len == 0 || (row->line && !slice_starts(line, row->line)))
        return;
    const char *at = memmem(line.ptr, line.len, row->text, strlen(row->text));
    if (!at)
        return;
    const struct slice after = slice_skip(line, (size_t)(at - line.ptr) + strlen(row->text));
    const struct slice word = row->word < 0 ? word_before(line, at) : word_at(after, row->word);
    set(r, row->field, number_of(word, row->unit), row->add);
}

static bool column_field(struct slice name, enum load_field *ret_field)
{
    static const struct {
        const char *name;
        enum load_field field;
    } known[] = { { "mean", LOAD_MEAN_NS }, { "avg", LOAD_MEAN_NS }, { "p50", LOAD_P50_NS },
        { "median", LOAD_P50_NS }, { "p90", LOAD_P90_NS }, { "p99", LOAD_P99_NS },
        { "max", LOAD_MAX_NS } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(known); i++) {
        if (!slice_is(name, known[i].name))
            continue;
        *ret_field = known[i].field;
        return true;
    }
    return false;
}

static void take_columns(
    struct load_report *r, struct slice header, struct slice line, enum unit unit)
{
    for (int i = 0; i < COLUMNS_MAX; i++) {
        const struct slice name = slice_take_word(&header), word = slice_take_word(&line);
        enum load_field field;
        if (name.len > 0 && word.len > 0 && column_field(name, &field))
            set(r, field, number_of(word, unit), false);
    }
}

static bool is_header(struct slice line)
{
    return (slice_starts(line, "min ") || slice_starts(line, "avg ")) &&
           memmem(line.ptr, line.len, " max", 4) != NULL;
}

/* ---- tools ---- */

#define P(percent, of, in)                                                                         \
    {                                                                                              \
        percent, percent, 1, LOAD_P##of##_NS, in, false                                            \
    }

static const struct row wrk_rows[] = {
    { NULL, " requests in ", -1, LOAD_REQUESTS, UNIT_PLAIN, false },
    { NULL, " requests in ", 1, LOAD_SECONDS, UNIT_SECONDS, false },
    { "Requests/sec:", "Requests/sec:", 1, LOAD_RPS, UNIT_PLAIN, false },
    { NULL, " connections", -1, LOAD_CONNECTIONS, UNIT_PLAIN, false },
    { "Latency ", "Latency ", 1, LOAD_MEAN_NS, UNIT_NS, false },
    { "Latency ", "Latency ", 3, LOAD_MAX_NS, UNIT_NS, false },
    { "Socket errors:", "connect ", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "Socket errors:", "read ", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "Socket errors:", "write ", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "Socket errors:", "timeout ", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "Non-2xx or 3xx responses:", "responses:", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    P("50%", 50, UNIT_NS),
    P("50.000%", 50, UNIT_NS),
    P("90%", 90, UNIT_NS),
    P("90.000%", 90, UNIT_NS),
    P("99%", 99, UNIT_NS),
    P("99.000%", 99, UNIT_NS),
};

/* Its table, with the lines between the columns taken away: number and unit are words. */
static const struct row autocannon_rows[] = {
    { NULL, " requests in ", -1, LOAD_REQUESTS, UNIT_PLAIN, false },
    { NULL, " requests in ", 1, LOAD_SECONDS, UNIT_SECONDS, false },
    { NULL, " connections", -1, LOAD_CONNECTIONS, UNIT_PLAIN, false },
    { "Latency ", "Latency ", 3, LOAD_P50_NS, UNIT_MS, false },
    { "Latency ", "Latency ", 7, LOAD_P99_NS, UNIT_MS, false },
    { "Latency ", "Latency ", 9, LOAD_MEAN_NS, UNIT_MS, false },
    { "Latency ", "Latency ", 13, LOAD_MAX_NS, UNIT_MS, false },
    { "Req/Sec ", "Req/Sec ", 5, LOAD_RPS, UNIT_PLAIN, false },
    { NULL, " errors (", -1, LOAD_ERRORS, UNIT_PLAIN, true },
    { NULL, " non 2xx responses", -1, LOAD_ERRORS, UNIT_PLAIN, true },
};

static const struct row h2load_rows[] = {
    { "finished in", "finished in ", 1, LOAD_SECONDS, UNIT_SECONDS, false },
    { "finished in", " req/s", -1, LOAD_RPS, UNIT_PLAIN, false },
    { "requests:", " done,", -1, LOAD_REQUESTS, UNIT_PLAIN, false },
    { "requests:", " failed,", -1, LOAD_ERRORS, UNIT_PLAIN, false }, /* errored and timed out too */
    { "spawning thread", " total client(s)", -1, LOAD_CONNECTIONS, UNIT_PLAIN, true },
};

static const struct row ab_rows[] = {
    { "Complete requests:", "requests:", 1, LOAD_REQUESTS, UNIT_PLAIN, false },
    { "Failed requests:", "requests:", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "Non-2xx responses:", "responses:", 1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "Concurrency Level:", "Level:", 1, LOAD_CONNECTIONS, UNIT_PLAIN, false },
    { "Time taken for tests:", "tests:", 1, LOAD_SECONDS, UNIT_SECONDS, false },
    { "Requests per second:", "second:", 1, LOAD_RPS, UNIT_PLAIN, false },
    { "Total:", "Total:", 2, LOAD_MEAN_NS, UNIT_MS, false },
    P("50%", 50, UNIT_MS),
    P("90%", 90, UNIT_MS),
    P("99%", 99, UNIT_MS),
    { "100%", "100%", 1, LOAD_MAX_NS, UNIT_MS, false },
};

static const struct row hey_rows[] = {
    { "Total:", "Total:", 1, LOAD_SECONDS, UNIT_SECONDS, false },
    { "Slowest:", "Slowest:", 1, LOAD_MAX_NS, UNIT_NS, false },
    { "Average:", "Average:", 1, LOAD_MEAN_NS, UNIT_NS, false },
    { "Requests/sec:", "Requests/sec:", 1, LOAD_RPS, UNIT_PLAIN, false },
    { "[", " responses", -1, LOAD_REQUESTS, UNIT_PLAIN, true },
    { "[4", " responses", -1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "[5", " responses", -1, LOAD_ERRORS, UNIT_PLAIN, true },
    { "50%", " in ", 1, LOAD_P50_NS, UNIT_NS, false },
    { "90%", " in ", 1, LOAD_P90_NS, UNIT_NS, false },
    { "99%", " in ", 1, LOAD_P99_NS, UNIT_NS, false },
};

static const struct row redis_rows[] = {
    { NULL, " requests completed in ", -1, LOAD_REQUESTS, UNIT_PLAIN, true },
    { NULL, " requests completed in ", 1, LOAD_SECONDS, UNIT_SECONDS, true },
    { NULL, " parallel clients", -1, LOAD_CONNECTIONS, UNIT_PLAIN, false },
};

static const struct row redis_quiet_rows[] = {
    { NULL, " requests per second", -1, LOAD_RPS, UNIT_PLAIN, false },
};

static const struct row pgbench_rows[] = {
    { "number of transactions actually processed:", "processed:", 1, LOAD_REQUESTS, UNIT_PLAIN,
        false },
    { "number of failed transactions:", "transactions:", 1, LOAD_ERRORS, UNIT_PLAIN, false },
    { "number of clients:", "clients:", 1, LOAD_CONNECTIONS, UNIT_PLAIN, false },
    { "duration:", "duration:", 1, LOAD_SECONDS, UNIT_SECONDS, false },
    { "latency average =", "=", 1, LOAD_MEAN_NS, UNIT_MS, false },
    { "tps =", "=", 1, LOAD_RPS, UNIT_PLAIN, false },
};

#define ROWS(rows) rows, PROF_ARRAY_LEN(rows)

static const struct tool tools[] = {
    { "wrk", "Thread Stats ", "Running ", ROWS(wrk_rows), NULL, UNIT_PLAIN },
    { "autocannon", "Req/Bytes counts sampled", "Running ", ROWS(autocannon_rows), NULL,
        UNIT_PLAIN },
    { "h2load", "time for request:", "starting benchmark", ROWS(h2load_rows),
        "time for request:", UNIT_NS },
    { "ab", "This is ApacheBench", "This is ApacheBench", ROWS(ab_rows), NULL, UNIT_PLAIN },
    { "hey", "Response time histogram:", "Summary:", ROWS(hey_rows), NULL, UNIT_PLAIN },
    { "redis-benchmark", " parallel clients", NULL, ROWS(redis_rows), "", UNIT_MS },
    { "redis-benchmark", " requests per second, p50=", NULL, ROWS(redis_quiet_rows), NULL,
        UNIT_PLAIN },
    { "pgbench", "number of transactions actually processed:", "transaction type:",
        ROWS(pgbench_rows), NULL, UNIT_PLAIN },
};

/* ---- a whole text ---- */

static void clear(struct load_report *r)
{
    for (int i = 0; i < LOAD_FIELDS; i++)
        r->values[i] = UNKNOWN;
}

static void take_line(
    struct load_report *r, const struct tool *tool, struct slice line, struct slice *header)
{
    if (tool->begins && slice_starts(line, tool->begins))
        clear(r);
    for (size_t i = 0; i < tool->row_count; i++)
        take_row(r, &tool->rows[i], line);
    if (!tool->columns)
        return;
    if (header->len > 0 && slice_starts(line, tool->columns)) {
        take_columns(r, *header, slice_skip(line, strlen(tool->columns)), tool->column_unit);
        *header = (struct slice){ 0 };
    } else if (is_header(line)) {
        *header = line;
    }
}

/* Two tests of one command have one sum, but no percentile in common. */
static void settle_sections(struct load_report *r, struct slice text, const char *sign)
{
    const char *first = memmem(text.ptr, text.len, sign, strlen(sign));
    const struct slice rest = slice_skip(text, (size_t)(first - text.ptr) + strlen(sign));
    if (!memmem(rest.ptr, rest.len, sign, strlen(sign)))
        return;
    for (int field = LOAD_MEAN_NS; field <= LOAD_MAX_NS; field++)
        r->values[field] = UNKNOWN;
}

static void settle(struct load_report *r)
{
    double *v = r->values;
    if (isnan(v[LOAD_RPS]) && v[LOAD_SECONDS] > 0)
        v[LOAD_RPS] = v[LOAD_REQUESTS] / v[LOAD_SECONDS];
    if (isnan(v[LOAD_ERRORS]) && !isnan(v[LOAD_REQUESTS]))
        v[LOAD_ERRORS] = 0; /* tools that count them say nothing when there are none */
}

/* Lines end with either; frames of tables and colours become blanks. */
static void simplify(struct slice text, struct strbuf *out)
{
    static const char bar[] = "\xe2\x94\x82"; /* U+2502 */
    for (size_t i = 0; i < text.len; i++) {
        const char c = text.ptr[i];
        if (text.len - i >= 3 && memcmp(text.ptr + i, bar, 3) == 0) {
            strbuf_addc(out, ' ');
            i += 2;
        } else if (c == '\x1b') {
            while (i + 1 < text.len && text.ptr[i] != 'm' && text.ptr[i] != '\n')
                i++;
        } else {
            strbuf_addc(out, c == '\r' ? '\n' : c == '\t' || c == '\0' ? ' ' : c);
        }
    }
}

static bool parse_lines(struct slice text, struct load_report *r)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(tools); i++) {
        const struct tool *tool = &tools[i];
        if (!memmem(text.ptr, text.len, tool->sign, strlen(tool->sign)))
            continue;
        clear(r);
        r->tool = tool->name;
        struct slice rest = text, line, header = { 0 };
        while (slice_split(&rest, '\n', &line))
            take_line(r, tool, slice_trim(line), &header);
        if (!tool->begins)
            settle_sections(r, text, tool->sign);
        settle(r);
        return !isnan(r->values[LOAD_RPS]);
    }
    return false;
}

/* ---- autocannon -j ---- */

static double member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    if (!json_is_number(value) || json_number_value(value) < 0)
        return UNKNOWN;
    return json_number_value(value);
}

static bool take_json(const json_t *root, struct load_report *r)
{
    const json_t *requests = json_object_get(root, "requests");
    const json_t *latency = json_object_get(root, "latency");
    if (!requests || !latency || !json_object_get(root, "connections"))
        return false;
    clear(r);
    r->tool = "autocannon";
    double *v = r->values;
    v[LOAD_REQUESTS] = member(requests, "total");
    v[LOAD_RPS] = member(requests, "average");
    v[LOAD_SECONDS] = member(root, "duration");
    v[LOAD_CONNECTIONS] = member(root, "connections");
    v[LOAD_MEAN_NS] = member(latency, "average") * 1e6;
    v[LOAD_P50_NS] = member(latency, "p50") * 1e6;
    v[LOAD_P90_NS] = member(latency, "p90") * 1e6;
    v[LOAD_P99_NS] = member(latency, "p99") * 1e6;
    v[LOAD_MAX_NS] = member(latency, "max") * 1e6;
    set(r, LOAD_ERRORS, member(root, "errors"), true); /* timeouts are among them */
    set(r, LOAD_ERRORS, member(root, "non2xx"), true);
    return !isnan(v[LOAD_RPS]);
}

static bool parse_json(struct slice text, struct load_report *r)
{
    bool found = false;
    struct slice line;
    while (slice_split(&text, '\n', &line)) {
        line = slice_trim(line);
        if (!slice_starts(line, "{"))
            continue;
        json_t *root = json_loadb(line.ptr, line.len, JSON_DISABLE_EOF_CHECK, NULL);
        found |= take_json(root, r);
        json_decref(root);
    }
    return found;
}

bool load_report_parse(struct slice text, struct load_report *ret_report)
{
    PROF_CLEANUP(strbuf_done) struct strbuf simple = STRBUF_INIT;
    if (text.len == 0 || text.len > TEXT_BYTES_MAX)
        return false;
    struct load_report report = { 0 };
    if (!parse_json(text, &report)) {
        simplify(text, &simple);
        if (!parse_lines(strbuf_slice(&simple), &report))
            return false;
    }
    *ret_report = report;
    return true;
}

bool load_progress_parse(struct slice line, double *ret_requests)
{
    static const char head[] = "Completed ";
    line = slice_trim(line);
    if (!slice_starts(line, head) || !slice_ends(line, " requests"))
        return false;
    struct slice rest = slice_skip(line, sizeof head - 1);
    const double number = number_of(slice_take_word(&rest), UNIT_PLAIN);
    if (isnan(number))
        return false;
    *ret_requests = number;
    return true;
}
