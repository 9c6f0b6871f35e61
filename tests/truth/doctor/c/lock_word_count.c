// SPDX-License-Identifier: MIT
/*
 * Four threads count words of generated lines in one table. With the defect the table's mutex is
 * held while a line is taken apart; without it each thread counts for itself and adds up at the end
 * of a batch.
 */
#include <ctype.h>
#include <pthread.h>

#include "program.h"

enum { THREADS = 4, SLOTS = 4096, LINE = 2000, BATCH = 2000 };

static struct program program;
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static uint64_t table[SLOTS];

static void write_line(char *line, unsigned *seed)
{
    for (int i = 0; i < LINE - 1; i++)
        line[i] = rand_r(seed) % 6 == 0 ? ' ' : (char)('a' + rand_r(seed) % 26);
    line[LINE - 1] = '\0';
}

static void count_words(const char *line, uint64_t *counts)
{
    uint32_t hash = 0;

    for (; *line != '\0'; line++) {
        if (isspace((unsigned char)*line)) {
            counts[hash % SLOTS]++;
            hash = 0;
        } else {
            hash = hash * 31 + (unsigned char)*line;
        }
    }
}

GUILTY(count_in_table);
static void __attribute__((noinline)) count_in_table(const char *line)
{
    pthread_mutex_lock(&table_lock);
    for (int again = 0; again < 20; again++)
        count_words(line, table);
    pthread_mutex_unlock(&table_lock);
}

static void count_alone(const char *line, uint64_t *counts, uint64_t nth)
{
    for (int again = 0; again < 20; again++)
        count_words(line, counts);
    if (nth % BATCH != 0)
        return;
    pthread_mutex_lock(&table_lock);
    for (int i = 0; i < SLOTS; i++)
        table[i] += counts[i];
    pthread_mutex_unlock(&table_lock);
    memset(counts, 0, SLOTS * sizeof *counts);
}

static void *worker(void *argument)
{
    unsigned seed = (unsigned)(uintptr_t)argument;
    uint64_t *counts = calloc(SLOTS, sizeof *counts);
    char line[LINE];

    write_line(line, &seed);
    for (uint64_t i = 1;; i++) {
        line[i % LINE / 2] ^= 1;
        if (program_has_defect(&program, i))
            count_in_table(line);
        else
            count_alone(line, counts, i);
        if (i % 64 == 0)
            program_sleep(0.004); /* the next lines come in */
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "lock-word-count",
            .file = __FILE__,
            .expected = "lock-contention",
            .acceptable = "context-switch-storm",
            BLAME(count_in_table) });
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, (void *)(i + 1));
    }
    pause();
    return 0;
}
