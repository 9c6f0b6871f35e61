// SPDX-License-Identifier: MIT
#include "record/node_channel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/compiler.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "record/node_leftovers.h"

extern const char prof_node_preload[], prof_node_preload_end[];

/* ".cjs": what it is must not depend on a package.json in some folder above. */
#define SCRIPT NODE_CHANNEL_SCRIPT
#define DATA NODE_CHANNEL_DATA

enum {
    FOLDER_MODE = 0711,
    SCRIPT_MODE = 0644,
    DATA_MODE = 01733, /* as /tmp, but not to be listed */
    FOLDER_FLAGS = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
    ENTRIES_MAX = 100000,
};

/* Where V8 writes its maps too; then what is there on machines without it. */
static const char *const places[] = { "/tmp", "/var/tmp", "/dev/shm" };

static bool is_permission(struct slice word)
{
    return slice_is(word, "--permission") || slice_is(word, "--experimental-permission") ||
           slice_starts(word, "--experimental-policy") || slice_starts(word, "--policy-integrity");
}

bool node_channel_is_safe(char *const *argv, char *const *env)
{
    for (size_t i = 0; argv[i]; i++)
        if (is_permission(slice_of(argv[i])))
            return false;
    for (size_t i = 0; env && env[i]; i++) {
        struct slice rest = slice_of(env[i]), word;
        if (!slice_starts(rest, "NODE_OPTIONS="))
            continue;
        rest = slice_skip(rest, strlen("NODE_OPTIONS="));
        while (slice_split(&rest, ' ', &word))
            if (is_permission(word))
                return false;
    }
    return true;
}

static char *make_folder(struct err *e)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(places); i++) {
        struct strbuf path = STRBUF_INIT;
        node_leftovers_remove(places[i]);
        strbuf_addf(&path, "%s/prof-XXXXXX", places[i]);
        if (mkdtemp(path.ptr))
            return strbuf_take(&path);
        err_done(e);
        err_sys(e, errno, "cannot make a folder in '%s'", places[i]);
        strbuf_done(&path);
    }
    return NULL;
}

static bool write_script(int folder_fd, struct err *e)
{
    PROF_CLEANUP(close_fd)
    int fd = openat(folder_fd, SCRIPT, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, SCRIPT_MODE);
    if (fd < 0 || fchmod(fd, SCRIPT_MODE) != 0)
        return err_sys(e, errno, "cannot write '%s'", SCRIPT);
    return file_write_all(
        fd, prof_node_preload, (size_t)(prof_node_preload_end - prof_node_preload), e);
}

bool node_channel_open(struct node_channel *c, struct err *e)
{
    *c = (struct node_channel){ .folder = make_folder(e), .folder_fd = -1, .data_fd = -1 };
    if (!c->folder)
        return false;
    c->folder_fd = open(c->folder, FOLDER_FLAGS);
    bool ok = c->folder_fd >= 0 && node_leftovers_lock(c->folder_fd) &&
              mkdirat(c->folder_fd, DATA, 0700) == 0;
    if (ok)
        c->data_fd = openat(c->folder_fd, DATA, FOLDER_FLAGS);
    ok = c->data_fd >= 0 && fchmod(c->data_fd, DATA_MODE) == 0 &&
         fchmod(c->folder_fd, FOLDER_MODE) == 0;
    if (!ok)
        err_sys(e, errno, "cannot prepare '%s'", c->folder);
    ok = ok && write_script(c->folder_fd, e);
    if (!ok)
        node_channel_close(c, false);
    return ok;
}

void node_channel_announce(const struct node_channel *c, struct runtime_env *env)
{
    PROF_CLEANUP(strbuf_done) struct strbuf words = STRBUF_INIT;
    strbuf_addf(&words, "--require %s/" SCRIPT, c->folder);
    runtime_env_add_words(env, "NODE_OPTIONS", words.ptr);
}

static void remove_data(int data_fd)
{
    PROF_CLEANUP(close_fd) int fd = data_fd >= 0 ? openat(data_fd, ".", FOLDER_FLAGS) : -1;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir)
        return;
    fd = -1; /* the stream's now */
    const struct dirent *entry;
    for (int i = 0; i < ENTRIES_MAX && (entry = readdir(dir)); i++)
        if (entry->d_name[0] != '.')
            unlinkat(data_fd, entry->d_name, 0);
    closedir(dir);
}

void node_channel_close(struct node_channel *c, bool keep_script)
{
    if (!c->folder)
        return;
    remove_data(c->data_fd);
    if (c->folder_fd >= 0 && !keep_script) {
        unlinkat(c->folder_fd, DATA, AT_REMOVEDIR);
        unlinkat(c->folder_fd, SCRIPT, 0);
        rmdir(c->folder);
    }
    close_fd(&c->data_fd);
    close_fd(&c->folder_fd);
    free(c->folder);
    *c = (struct node_channel){ .folder_fd = -1, .data_fd = -1 };
}
