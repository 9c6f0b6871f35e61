// SPDX-License-Identifier: MIT
/* Any bytes as what the symbol worker sends: a hostile file may have taken the worker over. */
#include "symbol/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const struct slice payload = { (const char *)bytes, len };
    struct wire_reader r;
    struct wire_note note;
    struct found_line lines[LOOKUP_LINES_MAX];
    uint32_t count;
    (void)wire_read_begin(payload, &count);
    bool ok = wire_read_result(&r, payload);
    for (uint32_t i = 0; ok && i < r.notes; i++)
        ok = wire_read_note(&r, &note);
    ok = ok && wire_read_address_count(&r);
    for (uint32_t i = 0; ok && i < r.addresses; i++)
        ok = wire_read_lines(&r, lines, &count);
    wire_reader_done(&r);
    return 0;
}
