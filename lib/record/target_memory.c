// SPDX-License-Identifier: MIT
#include "record/target_memory.h"

#include <assert.h>
#include <string.h>
#include <sys/uio.h>

size_t target_read(pid_t pid, uint64_t address, void *to, size_t len)
{
    const struct iovec local = { .iov_base = to, .iov_len = len };
    const struct iovec remote = { .iov_base = (void *)(uintptr_t)address, .iov_len = len };
    const ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

bool target_read_all(pid_t pid, uint64_t address, void *to, size_t len)
{
    return target_read(pid, address, to, len) == len;
}

/* The kernel stops at the first piece that is not there: how many came before it. */
static size_t read_until_missing(pid_t pid, struct target_piece *pieces, size_t count)
{
    struct iovec local[TARGET_PIECES_MAX], remote[TARGET_PIECES_MAX];
    for (size_t i = 0; i < count; i++) {
        local[i] = (struct iovec){ .iov_base = pieces[i].to, .iov_len = pieces[i].len };
        remote[i] = (struct iovec){ .iov_base = (void *)(uintptr_t)pieces[i].address,
            .iov_len = pieces[i].len };
    }
    const ssize_t got = process_vm_readv(pid, local, count, remote, count, 0);
    size_t left = got > 0 ? (size_t)got : 0, whole = 0;
    while (whole < count && left >= pieces[whole].len) {
        left -= pieces[whole].len;
        pieces[whole++].there = true;
    }
    return whole;
}

void target_read_pieces(pid_t pid, struct target_piece *pieces, size_t count)
{
    assert(count <= TARGET_PIECES_MAX);
    for (size_t i = 0; i < count; i++)
        pieces[i].there = false;
    for (size_t at = 0; at < count; at++)
        at += read_until_missing(pid, pieces + at, count - at);
}

void target_pages_start(struct target_pages *pages, pid_t pid)
{
    pages->pid = pid;
    pages->count = pages->next = 0;
}

/* NULL: not there. */
static const uint8_t *page_at(struct target_pages *pages, uint64_t address)
{
    for (uint32_t i = 0; i < pages->count; i++)
        if (pages->address[i] == address)
            return pages->there[i] ? pages->bytes[i] : NULL;
    const uint32_t slot = pages->next;
    pages->next = (slot + 1) % TARGET_PAGES;
    if (pages->count < TARGET_PAGES)
        pages->count++;
    pages->address[slot] = address;
    pages->there[slot] =
        target_read_all(pages->pid, address, pages->bytes[slot], TARGET_PAGE_BYTES);
    return pages->there[slot] ? pages->bytes[slot] : NULL;
}

bool target_pages_read(struct target_pages *pages, uint64_t address, void *to, size_t len)
{
    size_t done = 0;
    while (done < len) {
        const size_t at = (size_t)((address + done) % TARGET_PAGE_BYTES);
        const uint8_t *page = page_at(pages, address + done - at);
        if (!page)
            return false;
        const size_t room = TARGET_PAGE_BYTES - at;
        const size_t part = len - done < room ? len - done : room;
        memcpy((uint8_t *)to + done, page + at, part);
        done += part;
    }
    return true;
}
