// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/capability.h"

Test(capability, every_row_says_what_was_found_and_what_would_help)
{
    struct capabilities caps;
    capabilities_probe(&caps);
    cr_expect_gt(caps.count, 4);
    bool user = false, kernel = false;
    for (size_t i = 0; i < caps.count; i++) {
        const struct capability *row = &caps.rows[i];
        cr_expect(row->id && row->title && row->detail && row->detail[0], "row %zu", i);
        cr_expect_eq(row->how == NULL, row->available, "%s", row->id);
        user |= row->available && slice_is(slice_of(row->id), "user-stacks");
        kernel |= row->available && slice_is(slice_of(row->id), "kernel-frames");
    }
    cr_expect_eq(caps.level, kernel ? LEVEL_FULL : user ? LEVEL_USER : LEVEL_NONE);
    capabilities_done(&caps);
}
