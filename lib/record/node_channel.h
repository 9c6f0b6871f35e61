// SPDX-License-Identifier: MIT
/*
 * A folder of our own through which Node.js processes of the target talk to prof: it holds the
 * script that NODE_OPTIONS makes them load, and 'data', where each makes one file. Made before the
 * target starts, removed at the end of the recording.
 *
 * Nobody can list the folder, and its name cannot be guessed. But whoever has the path may read the
 * script: a Node.js that inherits NODE_OPTIONS and finds no script does not start at all, and a
 * target may run parts of itself as another user.
 */
#ifndef PROF_RECORD_NODE_CHANNEL_H
#define PROF_RECORD_NODE_CHANNEL_H

#include <stdbool.h>

#include "base/err.h"
#include "record/runtime_env.h"

struct node_channel {
    char *folder;  /* NULL: there is none */
    int folder_fd; /* valid while there is a folder */
    int data_fd;
};

/* Would the script stop this program? With Node's permission model on, a file that it may not read
 * ends it. argv and env: of the target. */
bool node_channel_is_safe(char *const *argv, char *const *env);

bool node_channel_open(struct node_channel *c, struct err *e);

/* Makes Node.js load the script. */
void node_channel_announce(const struct node_channel *c, struct runtime_env *env);

/* keep_script: something that has inherited the environment lives on and may start a Node.js. */
void node_channel_close(struct node_channel *c, bool keep_script);

#endif
