// SPDX-License-Identifier: MIT
/*
 * hostile [SECONDS]: an ordinary program whose functions get names that break careless readers; the
 * names are put in after compiling (hostile.sh), without debug data that would tell the old ones.
 */
#include "truth.h"

void hostile_separator(uint64_t ns);
void hostile_script(uint64_t ns);
void hostile_control(uint64_t ns);
void hostile_not_utf8(uint64_t ns);
void hostile_long(uint64_t ns);

HOT void hostile_separator(uint64_t ns)
{
    burn_sink += burn(ns);
}

HOT void hostile_script(uint64_t ns)
{
    burn_sink += burn(ns);
}

HOT void hostile_control(uint64_t ns)
{
    burn_sink += burn(ns);
}

HOT void hostile_not_utf8(uint64_t ns)
{
    burn_sink += burn(ns);
}

HOT void hostile_long(uint64_t ns)
{
    burn_sink += burn(ns);
}

int main(int argc, char **argv)
{
    uint64_t wanted_ns = seconds_arg(argc, argv, 1, 2), begin = cpu_ns();

    while (cpu_ns() - begin < wanted_ns) {
        hostile_separator(3000000);
        hostile_script(3000000);
        hostile_control(3000000);
        hostile_not_utf8(3000000);
        hostile_long(3000000);
    }
    return 0;
}
