// SPDX-License-Identifier: MIT
/*
 * Reads the memory of a process that goes on running meanwhile (process_vm_readv(2)): needs the
 * rights of ptrace(2), stops nobody, and what was read may have changed since. Any thread; a
 * struct target_pages belongs to one.
 */
#ifndef PROF_RECORD_TARGET_MEMORY_H
#define PROF_RECORD_TARGET_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* How many bytes could be read: the first page that is not there ends it. */
size_t target_read(pid_t pid, uint64_t address, void *to, size_t len);

/* All of them, or false. */
bool target_read_all(pid_t pid, uint64_t address, void *to, size_t len);

/* Many pieces with few calls. */
struct target_piece {
    uint64_t address;
    void *to;
    size_t len;
    bool there; /* set: all of it has been read */
};

enum { TARGET_PIECES_MAX = 64 };

/* count: at most TARGET_PIECES_MAX. One that cannot be read does not keep the others from it. */
void target_read_pieces(pid_t pid, struct target_piece *pieces, size_t count);

enum { TARGET_PAGE_BYTES = 4096, TARGET_PAGES = 8 };

/* For many small reads close together: each page is fetched once. Starts as {0} with a pid. */
struct target_pages {
    pid_t pid;
    uint32_t count, next;
    uint64_t address[TARGET_PAGES];
    bool there[TARGET_PAGES];
    uint8_t bytes[TARGET_PAGES][TARGET_PAGE_BYTES];
};

void target_pages_start(struct target_pages *pages, pid_t pid);

/* Through the pages; false: not mapped, or not to be read. */
bool target_pages_read(struct target_pages *pages, uint64_t address, void *to, size_t len);

#endif
