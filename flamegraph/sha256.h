// SPDX-License-Identifier: MIT
/* SHA-256 (FIPS 180-4) of bytes in memory, for the hashes in the page's content policy. */
#ifndef PROF_FLAMEGRAPH_SHA256_H
#define PROF_FLAMEGRAPH_SHA256_H

#include <stdint.h>

#include "base/slice.h"

enum { SHA256_BYTES = 32 };

void sha256(struct slice message, uint8_t ret_digest[static SHA256_BYTES]);

#endif
