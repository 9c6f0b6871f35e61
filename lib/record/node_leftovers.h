// SPDX-License-Identifier: MIT
/*
 * Folders of node_channel.h that a killed prof left behind. A living one holds a lock on its
 * folder. One that a living process may still need, because its environment names the script,
 * stays.
 */
#ifndef PROF_RECORD_NODE_LEFTOVERS_H
#define PROF_RECORD_NODE_LEFTOVERS_H

#include <stdbool.h>

#define NODE_CHANNEL_SCRIPT "prof.cjs"
#define NODE_CHANNEL_DATA "data"

/* Marks the folder as in use for as long as the descriptor is open. */
bool node_leftovers_lock(int folder_fd);

/* Removes those of ours in that folder ("/tmp"); what fails stays. */
void node_leftovers_remove(const char *place);

#endif
