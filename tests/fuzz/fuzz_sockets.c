// SPDX-License-Identifier: MIT
/* The kernel's answers about sockets: lengths within the message are doubted. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "record/sockets.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void seen(void *ctx, const struct socket_row *row)
{
    struct strbuf name = STRBUF_INIT;
    socket_end_name(&row->local, &name);
    socket_end_name(&row->peer, &name);
    strbuf_done(&name);
    ++*(unsigned *)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy as it lies in memory for the socket: aligned, and no longer than it is. */
    uint8_t *bytes = malloc(size ? size : 1);
    if (!bytes)
        return 0;
    memcpy(bytes, data, size);
    unsigned rows = 0;
    bool ok = false;
    sockets_parse(bytes, size, seen, &rows, &ok);
    if (rows > size)
        abort();
    free(bytes);
    return 0;
}
