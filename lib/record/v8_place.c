// SPDX-License-Identifier: MIT
#include "record/v8_place.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/slice.h"

bool v8_log_fits_here(const struct record_user *user)
{
    struct stat st;
    if (access(".", W_OK | X_OK) != 0 || stat(".", &st) != 0)
        return false; /* for root, too: a file system that is read only */
    if (!user || user->uid == 0)
        return true;
    if (st.st_uid == user->uid)
        return st.st_mode & S_IWUSR;
    return st.st_mode & (st.st_gid == user->gid ? S_IWGRP : S_IWOTH);
}

char **v8_log_elsewhere(char *const *argv)
{
    static char option[] = "--logfile=" V8_LOG_FOLDER "/v8.log";
    const struct slice name = slice_basename(slice_of(argv[0]));
    if (!slice_is(name, "node") && !slice_is(name, "nodejs"))
        return NULL;
    size_t count = 0;
    while (argv[count])
        count++;
    char **changed = xcalloc(count + 2, sizeof *changed);
    changed[0] = argv[0];
    changed[1] = option;
    memcpy(changed + 2, argv + 1, (count - 1) * sizeof *changed);
    return changed;
}
