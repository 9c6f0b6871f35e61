// SPDX-License-Identifier: MIT
/*
 * Four threads update accounts. With the defect they take a home-made spin lock and hold it for a
 * whole statement of accounts; without it every account has a mutex of its own.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "program.h"

enum { THREADS = 4, ACCOUNTS = 1024, ENTRIES = 4000 };

static struct program program;
static atomic_flag ledger = ATOMIC_FLAG_INIT;
static struct {
    pthread_mutex_t lock;
    uint64_t balance;
} accounts[ACCOUNTS];

GUILTY(ledger_acquire);
static void __attribute__((noinline)) ledger_acquire(void)
{
    while (atomic_flag_test_and_set_explicit(&ledger, memory_order_acquire))
        __builtin_ia32_pause();
}

static void post_entries(unsigned account)
{
    for (uint64_t i = 0; i < ENTRIES; i++)
        accounts[account].balance = accounts[account].balance * 33 + i;
}

static void *teller(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;

    for (uint64_t i = 0;; i++) {
        unsigned account = (unsigned)rand_r(&seed) % ACCOUNTS;
        if (program_has_defect(&program, i)) {
            ledger_acquire();
            post_entries(account);
            atomic_flag_clear_explicit(&ledger, memory_order_release);
        } else {
            pthread_mutex_lock(&accounts[account].lock);
            post_entries(account);
            pthread_mutex_unlock(&accounts[account].lock);
        }
        if (i % 256 == 0)
            program_sleep(0.001); /* the next customers */
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "spin-lock",
            .file = __FILE__,
            .expected = "spinning",
            .acceptable = "lock-contention",
            BLAME(ledger_acquire) });
    for (int i = 0; i < ACCOUNTS; i++)
        pthread_mutex_init(&accounts[i].lock, NULL);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, teller, (void *)(i + 1));
    }
    pause();
    return 0;
}
