// SPDX-License-Identifier: MIT
/*
 * exit2ms: works for 2 ms and ends with status 7.
 */
#include "truth.h"

int main(void)
{
    burn(2000000);
    return 7;
}
