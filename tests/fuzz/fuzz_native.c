// SPDX-License-Identifier: MIT
/*
 * Any bytes as a FILE.prof. Checksums are put right first: a fuzzer cannot guess them, and what
 * stands behind them is what could break.
 */
#include <string.h>
#include <zlib.h>

#include "base/alloc.h"
#include "format/native_wire.h"
#include "fuzz_format.h"

static void mend_checksums(uint8_t *bytes, size_t len)
{
    size_t at = NATIVE_HEADER_BYTES;
    while (at < len && len - at >= NATIVE_CHUNK_HEADER_BYTES) {
        uint64_t stored = native_get_u32(bytes + at + 4);
        if (stored > len - at - NATIVE_CHUNK_HEADER_BYTES)
            return;
        uLong crc = crc32(0, bytes + at, 12);
        crc = crc32_z(crc, bytes + at + NATIVE_CHUNK_HEADER_BYTES, stored);
        native_put_u32(bytes + at + 12, (uint32_t)crc);
        at += NATIVE_CHUNK_HEADER_BYTES + stored;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = xmalloc(len);
    memcpy(copy, bytes, len);
    mend_checksums(copy, len);
    fuzz_format("prof", copy, len);
    free(copy);
    return 0;
}
