// SPDX-License-Identifier: MIT
/* What a load tool printed: whatever it is, numbers are finite and not negative, or absent. */
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "record/load_report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct slice text = { (const char *)data, size };
    struct load_report report;
    if (load_report_parse(text, &report)) {
        if (!report.tool)
            abort();
        for (int i = 0; i < LOAD_FIELDS; i++)
            if (isinf(report.values[i]) || report.values[i] < 0)
                abort();
    }
    struct slice rest = text, line;
    while (slice_split(&rest, '\n', &line)) {
        double requests;
        if (load_progress_parse(line, &requests) && !(requests >= 0))
            abort();
    }
    return 0;
}
