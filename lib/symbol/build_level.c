// SPDX-License-Identifier: MIT
#include "symbol/build_level.h"

#include <stdbool.h>

static const char *const names[BUILD_LEVELS] = {
    [BUILD_UNKNOWN] = "",
    [BUILD_O0] = "O0",
    [BUILD_O1] = "O1",
    [BUILD_O2] = "O2",
    [BUILD_O3] = "O3",
    [BUILD_OS] = "Os",
    [BUILD_OG] = "Og",
    [BUILD_OFAST] = "Ofast",
    [BUILD_DEBUG] = "debug",
};

const char *build_level_name(enum build_level level)
{
    return level < BUILD_LEVELS ? names[level] : "";
}

static enum build_level level_of_flag(struct slice flag)
{
    if (slice_is(flag, "-O"))
        return BUILD_O1;
    if (slice_is(flag, "-Oz"))
        return BUILD_OS;
    for (int i = BUILD_O0; i < BUILD_DEBUG; i++)
        if (slice_is(slice_skip(flag, 1), names[i]))
            return (enum build_level)i;
    return BUILD_UNKNOWN;
}

/* "GNU C17 12.2.0 -mtune=generic -march=x86-64 -g -O2": the last -O counts, none means -O0. A
 * compiler that was told not to record its flags has none at all there. */
static enum build_level level_of_gnu(struct slice producer)
{
    struct slice word;
    bool has_flags = false;
    enum build_level level = BUILD_O0;
    while (slice_split(&producer, ' ', &word)) {
        if (!slice_starts(word, "-"))
            continue;
        has_flags = true;
        enum build_level found = level_of_flag(word);
        level = found == BUILD_UNKNOWN ? level : found;
    }
    return has_flags ? level : BUILD_UNKNOWN;
}

/* "Go cmd/compile go1.22.1; -N -l; regabi" */
static enum build_level level_of_go(struct slice producer)
{
    struct slice word;
    while (slice_split(&producer, ' ', &word))
        if (slice_is(word, "-N") || slice_is(word, "-N;"))
            return BUILD_DEBUG;
    return BUILD_O2;
}

enum build_level build_level_of(struct slice producer)
{
    if (slice_starts(producer, "GNU AS"))
        return BUILD_UNKNOWN;
    if (slice_starts(producer, "GNU "))
        return level_of_gnu(producer);
    if (slice_starts(producer, "Go "))
        return level_of_go(producer);
    return BUILD_UNKNOWN;
}
