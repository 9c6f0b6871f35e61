// SPDX-License-Identifier: MIT
#include "analyze/write.h"
#include "base/compiler.h"

static const struct diagnosis_format formats[] = {
    { { .name = "text", .endings = ".txt", .text = true }, diagnosis_write_text },
    { { .name = "markdown", .endings = ".md .markdown", .text = true }, diagnosis_write_markdown },
    { { .name = "json", .endings = ".json", .text = true }, diagnosis_write_json },
    { { .name = "junit", .endings = ".xml" }, diagnosis_write_junit },
    { { .name = "github", .endings = ".github", .text = true }, diagnosis_write_github },
};

const struct diagnosis_format *diagnosis_format_table(size_t *ret_count)
{
    *ret_count = PROF_ARRAY_LEN(formats);
    return formats;
}

const struct diagnosis_format *diagnosis_format_of(const struct format *row)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(formats); i++) {
        if (&formats[i].row == row)
            return &formats[i];
    }
    return NULL;
}
