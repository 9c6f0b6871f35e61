// SPDX-License-Identifier: MIT
#include <string.h>

#include "analyze/rule.h"
#include "flamegraph/doctor_page.h"

/* Shapes in a square of 24; the colours are those of paper, the style sheet has the screen's. */
static const struct {
    const char *class, *word, *colour, *shape, *sign;
} marks[DOCTOR_MARKS] = {
    [DOCTOR_INFO] = { "s-info", "Note", "#1f5fd0", "<circle cx=\"12\" cy=\"12\" r=\"10.5\"/>",
        "M12 10.5v7M12 6.4v.3" },
    [DOCTOR_WARNING] = { "s-warning", "Warning", "#8a5200",
        "<path d=\"M12 1.6a1.7 1.7 0 0 1 1.5.9l9.3 17.6a1.7 1.7 0 0 1-1.5 2.5H2.7a1.7 1.7 0 0 "
        "1-1.5-2.5L10.5 2.5A1.7 1.7 0 0 1 12 1.6z\"/>",
        "M12 9v6M12 18.4v.3" },
    [DOCTOR_CRITICAL] = { "s-critical", "Critical", "#b3261e",
        "<path d=\"M7.7 1.5h8.6l6.2 6.2v8.6l-6.2 6.2H7.7l-6.2-6.2V7.7z\"/>",
        "M12 6.5v7M12 17.2v.3" },
    [DOCTOR_GATE] = { "s-gate", "Read this first", "#6a4a9c",
        "<path d=\"M12 .8 23.2 12 12 23.2.8 12z\"/>", "M9.6 8.2v7.6M14.4 8.2v7.6" },
    [DOCTOR_HEALTHY] = { "s-healthy", "Healthy", "#1a7a3a",
        "<rect x=\"1.5\" y=\"1.5\" width=\"21\" height=\"21\" rx=\"6\"/>",
        "M6.5 12.6l3.8 3.8 7.2-8" },
    [DOCTOR_UNKNOWN] = { "s-unknown", "Cannot tell", "#5c6570",
        "<rect x=\"1.5\" y=\"5\" width=\"21\" height=\"14\" rx=\"7\"/>",
        "M7.4 12v.2M12 12v.2M16.6 12v.2" },
};

const char *doctor_mark_class(enum doctor_mark mark)
{
    return marks[mark].class;
}

const char *doctor_mark_word(enum doctor_mark mark)
{
    return marks[mark].word;
}

void doctor_mark_svg(struct strbuf *out, enum doctor_mark mark, int size)
{
    strbuf_addf(out,
        "<svg class=\"mark %s\" width=\"%d\" height=\"%d\" viewBox=\"0 0 24 24\" "
        "aria-hidden=\"true\"><g fill=\"%s\">%s</g><path d=\"%s\" fill=\"none\" stroke=\"#fff\" "
        "stroke-width=\"2.4\" stroke-linecap=\"round\" stroke-linejoin=\"round\"/></svg>",
        marks[mark].class, size, size, marks[mark].colour, marks[mark].shape, marks[mark].sign);
}

enum doctor_mark doctor_mark_of(const struct finding *f)
{
    if (f->rule && f->rule->role == RULE_GATE)
        return DOCTOR_GATE;
    switch (f->severity) {
    case SEVERITY_INFO:
    case SEVERITIES:
        break;
    case SEVERITY_WARNING:
        return DOCTOR_WARNING;
    case SEVERITY_CRITICAL:
        return DOCTOR_CRITICAL;
    }
    return DOCTOR_INFO;
}

enum doctor_mark doctor_mark_of_verdict(const struct diagnosis *d)
{
    for (size_t i = 0; i < d->findings.len; i++) {
        if (strcmp(d->findings.ptr[i].id, d->verdict) == 0)
            return doctor_mark_of(&d->findings.ptr[i]);
    }
    return strcmp(d->verdict, "healthy") == 0 ? DOCTOR_HEALTHY : DOCTOR_UNKNOWN;
}

static const struct {
    const char *word, *hint;
} confidences[CONFIDENCES] = {
    [CONFIDENCE_POSSIBLE] = { "possible",
        "the pattern is there, and so is another explanation, or the run was short" },
    [CONFIDENCE_LIKELY] = { "likely",
        "even the lower end of what chance allows is above the limit" },
    [CONFIDENCE_CERTAIN] = { "certain", "counted, not estimated" },
};

const char *doctor_confidence_word(enum confidence c)
{
    return confidences[c < CONFIDENCES ? c : CONFIDENCE_POSSIBLE].word;
}

const char *doctor_confidence_hint(enum confidence c)
{
    return confidences[c < CONFIDENCES ? c : CONFIDENCE_POSSIBLE].hint;
}
