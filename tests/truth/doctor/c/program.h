// SPDX-License-Identifier: MIT
/*
 * What every C program of the truth suite shares: its options (--strength 0..100 --seconds N
 * --port N --peer PORT), and what it says of itself when called with --truth. Strength is how much
 * of the work has the defect; 0 is the healthy twin.
 */
#ifndef PROF_TESTS_TRUTH_DOCTOR_PROGRAM_H
#define PROF_TESTS_TRUTH_DOCTOR_PROGRAM_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Stands on the line before the function that is to blame. */
#define GUILTY(function) enum { line_of_##function = __LINE__ + 1 }
#define BLAME(name) .function = #name, .line = line_of_##name

struct truth {
    const char *id, *file;
    const char *expected;   /* verdicts that are right, comma-separated; "": healthy */
    const char *acceptable; /* also true of it, but not the heart of it */
    const char *function;   /* to blame; NULL: none in particular */
    int line;
    const char *load; /* arguments of the load program; NULL: needs none */
    const char *peer; /* "http:20": what it talks to; NULL: nobody */
};

struct program {
    int strength, seconds, port, peer;
    double end; /* of the run, program_now() */
};

static inline double program_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* No function of its own: whoever sleeps is to blame, not this header. */
#define program_sleep(seconds) usleep((useconds_t)((seconds)*1e6))

static inline void program_print_ids(const char *name, const char *ids)
{
    printf(", \"%s\": [", name);
    for (const char *at = ids; at != NULL && *at != '\0';) {
        size_t len = strcspn(at, ",");
        printf("%s\"%.*s\"", at > ids ? ", " : "", (int)len, at);
        at += len + (at[len] == ',');
    }
    printf("]");
}

static inline void program_print_truth(const struct truth *t, int strength)
{
    const char *slash = strrchr(t->file, '/');

    printf("{\"id\": \"%s\"", t->id);
    program_print_ids("expected", strength > 0 ? t->expected : "");
    program_print_ids("acceptable", t->acceptable);
    if (t->function != NULL)
        printf(", \"function\": \"%s\", \"line\": %d", t->function, t->line);
    if (t->load != NULL)
        printf(", \"load\": \"%s\"", t->load);
    if (t->peer != NULL)
        printf(", \"peer\": \"%s\"", t->peer);
    printf(", \"file\": \"%s\"}\n", slash != NULL ? slash + 1 : t->file);
}

static inline void program_time_is_over(int signal_number)
{
    (void)signal_number;
    _Exit(0);
}

/* Reads the options. The process ends by itself when its seconds are over. */
static inline struct program program_start(int argc, char **argv, const struct truth *truth)
{
    struct program p = { 60, 12, 0, 0, 0 };
    bool tell = false;

    for (int i = 1; i < argc; i++) {
        int value = i + 1 < argc ? atoi(argv[i + 1]) : 0;
        if (strcmp(argv[i], "--truth") == 0) {
            tell = true;
            continue;
        }
        if (strcmp(argv[i], "--strength") == 0)
            p.strength = value;
        else if (strcmp(argv[i], "--seconds") == 0)
            p.seconds = value;
        else if (strcmp(argv[i], "--port") == 0)
            p.port = value;
        else if (strcmp(argv[i], "--peer") == 0)
            p.peer = value;
        else {
            fprintf(stderr, "%s: unknown option '%s'\n", argv[0], argv[i]);
            exit(2);
        }
        i++;
    }
    if (tell) {
        program_print_truth(truth, p.strength);
        exit(0);
    }
    p.end = program_now() + p.seconds;
    signal(SIGALRM, program_time_is_over);
    signal(SIGPIPE, SIG_IGN);
    alarm((unsigned)p.seconds);
    return p;
}

/* True for that share of calls, evenly spread: 60 of 100 at strength 60. */
static inline bool program_has_defect(const struct program *p, uint64_t nth)
{
    return (nth + 1) * (uint64_t)p->strength / 100 > nth * (uint64_t)p->strength / 100;
}

#endif
