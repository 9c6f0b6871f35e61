// SPDX-License-Identifier: MIT
/* Records that the script inside Node.js writes: the target can write anything there. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "record/node_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct profile *p = profile_new();
    const struct node_scope scope = {
        .process = profile_add_process(p, &(struct process){ .pid = 1 }),
        .from_ns = UINT64_C(1000000000),
        .to_ns = UINT64_C(3600000000000),
    };
    for (size_t at = 0; size - at >= NODE_RECORD_BYTES; at += NODE_RECORD_BYTES) {
        struct node_record record;
        int32_t pid;
        memcpy(&record, data + at, sizeof record);
        node_record_header(&record, &pid);
        node_record_apply(p, &scope, &record);
    }
    profile_free(p);
    return 0;
}
