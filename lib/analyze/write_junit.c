// SPDX-License-Identifier: MIT
/*
 * JUnit XML, as CI systems read it: one test case for each rule that looked. A warning or critical
 * finding is a failure, an info one passes with its text, what could not be seen is skipped.
 */
#include <inttypes.h>

#include "analyze/rule.h"
#include "analyze/write.h"
#include "base/markup.h"
#include "base/utf8.h"
#include "format/out.h"

enum { CODE_POINT_SURROGATES = 0xd800, CODE_POINT_AFTER_SURROGATES = 0xe000 };

/* What XML 1.0 forbids even as a reference: control characters are made visible before. */
static bool forbidden(uint32_t c)
{
    return (c >= CODE_POINT_SURROGATES && c < CODE_POINT_AFTER_SURROGATES) || c == 0xfffe ||
           c == 0xffff;
}

static void add_escaped(struct strbuf *out, struct slice text)
{
    PROF_CLEANUP(strbuf_done) struct strbuf printable = STRBUF_INIT;
    utf8_add_printable(&printable, text);
    struct slice rest = strbuf_slice(&printable);
    while (rest.len) {
        size_t len;
        uint32_t c = utf8_decode(rest, &len);
        const struct slice one = { rest.ptr, len };
        rest = slice_skip(rest, len);
        if (forbidden(c))
            utf8_encode(out, 0xfffd);
        else
            markup_add(out, one);
    }
}

static void add_attribute(struct strbuf *out, const char *name, struct slice value)
{
    strbuf_addf(out, " %s=\"", name);
    add_escaped(out, value);
    strbuf_addc(out, '"');
}

/* Lines of our own stay lines; control characters within them do not. */
static void add_lines(struct strbuf *out, struct slice text)
{
    struct slice line;
    while (slice_split(&text, '\n', &line)) {
        add_escaped(out, line);
        strbuf_addc(out, '\n');
    }
}

static void open_case(struct strbuf *out, const struct profile *p, const char *name)
{
    strbuf_adds(out, "    <testcase");
    add_attribute(out, "classname", write_title(p));
    add_attribute(out, "name", slice_of(name));
    strbuf_addc(out, '>');
}

static void add_finding(struct strbuf *out, const struct profile *p, const struct finding *f)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    write_add_plain(&text, p, f);
    open_case(out, p, f->id);
    if (f->severity == SEVERITY_INFO) {
        strbuf_adds(out, "<system-out>");
        add_lines(out, strbuf_slice(&text));
        strbuf_adds(out, "</system-out></testcase>\n");
        return;
    }
    strbuf_adds(out, "<failure");
    add_attribute(out, "type", slice_of(severity_id(f->severity)));
    add_attribute(out, "message", slice_of(f->summary));
    strbuf_addc(out, '>');
    add_lines(out, strbuf_slice(&text));
    strbuf_adds(out, "</failure></testcase>\n");
}

static void add_not_seen(struct strbuf *out, const struct profile *p, const struct not_seen *n)
{
    PROF_CLEANUP(strbuf_done) struct strbuf why = STRBUF_INIT;
    strbuf_adds(&why, n->why ? n->why : "not recorded");
    if (n->how)
        strbuf_addf(&why, "; %s", n->how);
    open_case(out, p, n->what);
    strbuf_adds(out, "<skipped");
    add_attribute(out, "message", strbuf_slice(&why));
    strbuf_adds(out, "/></testcase>\n");
}

static void add_suite(struct strbuf *out, const struct profile *p, const struct diagnosis *d)
{
    size_t failures = 0;
    for (size_t i = 0; i < d->findings.len; i++)
        failures += d->findings.ptr[i].severity > SEVERITY_INFO;
    const struct profile_meta *m = profile_meta_get(p);
    double seconds = m->end_ns > m->start_ns ? (double)(m->end_ns - m->start_ns) / 1e9 : 0;
    strbuf_addf(out,
        "  <testsuite name=\"prof doctor\" tests=\"%zu\" failures=\"%zu\" errors=\"0\" "
        "skipped=\"%zu\" time=\"%.3f\">\n    <properties>\n      <property name=\"verdict\"",
        d->findings.len + d->healthy.len + d->not_seen.len, failures, d->not_seen.len, seconds);
    add_attribute(out, "value", slice_of(d->verdict));
    strbuf_adds(out, "/>\n      <property name=\"sentence\"");
    add_attribute(out, "value", slice_of(d->sentence));
    strbuf_adds(out, "/>\n    </properties>\n");
}

bool diagnosis_write_junit(const struct profile *p, const struct diagnosis *d,
    const struct format_sink *sink, struct err *e)
{
    struct out o = out_init(sink, e);
    strbuf_adds(&o.text, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    add_suite(&o.text, p, d);
    for (size_t i = 0; i < d->findings.len; i++)
        add_finding(&o.text, p, &d->findings.ptr[i]);
    for (size_t i = 0; i < d->healthy.len; i++) {
        open_case(&o.text, p, d->healthy.ptr[i].rule->id);
        strbuf_adds(&o.text, "</testcase>\n");
    }
    for (size_t i = 0; i < d->not_seen.len; i++)
        add_not_seen(&o.text, p, &d->not_seen.ptr[i]);
    strbuf_adds(&o.text, "  </testsuite>\n</testsuites>\n");
    return out_finish(&o);
}
