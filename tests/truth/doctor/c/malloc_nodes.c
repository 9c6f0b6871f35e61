// SPDX-License-Identifier: MIT
/*
 * Eight threads take expressions apart. With the defect every token is a node from malloc() that is
 * freed at once, without it the nodes of an expression come from an array.
 */
#include <ctype.h>
#include <pthread.h>

#include "program.h"

enum { THREADS = 8, TOKENS = 512 };

struct node {
    struct node *next;
    int kind;
    char text[24];
};

static struct program program;
static volatile uint64_t kinds;

static void fill(struct node *n, const char *at)
{
    n->kind = isdigit((unsigned char)*at) ? 1 : isalpha((unsigned char)*at) ? 2 : 3;
    n->text[0] = *at;
    n->text[1] = '\0';
}

GUILTY(parse_to_list);
static void __attribute__((noinline)) parse_to_list(const char *text)
{
    struct node *list = NULL;

    for (const char *at = text; *at != '\0'; at++) {
        struct node *n = malloc(sizeof *n);
        fill(n, at);
        n->next = list;
        list = n;
    }
    while (list != NULL) {
        struct node *n = list;
        list = n->next;
        kinds += (uint64_t)n->kind;
        free(n);
    }
}

static void parse_to_array(const char *text)
{
    struct node nodes[TOKENS];

    for (int i = 0; text[i] != '\0'; i++) {
        fill(&nodes[i], text + i);
        kinds += (uint64_t)nodes[i].kind;
    }
}

static void *worker(void *unused)
{
    char text[TOKENS];

    memset(text, '+', sizeof text - 1);
    for (int i = 0; i < TOKENS - 1; i += 2)
        text[i] = (char)('0' + i % 10);
    text[TOKENS - 1] = '\0';
    for (uint64_t i = 0;; i++) {
        if (program_has_defect(&program, i))
            parse_to_list(text);
        else
            parse_to_array(text);
        if (i % 512 == 0)
            program_sleep(0.005);
    }
    return unused;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "malloc-nodes",
            .file = __FILE__,
            .expected = "malloc-heavy",
            .acceptable = "",
            BLAME(parse_to_list) });
    for (int i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, worker, NULL);
    }
    pause();
    return 0;
}
