// SPDX-License-Identifier: MIT
/* Any bytes as an imported file: the reader refuses them or makes a profile that all writers can
 * write. */
#include "fuzz_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    return fuzz_format("cpuprofile", bytes, len);
}
