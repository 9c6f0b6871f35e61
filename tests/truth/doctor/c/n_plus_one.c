// SPDX-License-Identifier: MIT
/*
 * A server that shows an order of forty articles out of a database. With the defect each article is
 * a query of its own on the kept connection, without it one query brings all.
 */
#include <pthread.h>

#include "http.h"
#include "program.h"

enum { THREADS = 4, ARTICLES = 40 };

static struct program program;
static int listener;

static void query(int database, const char *text)
{
    char answer[4096];
    ssize_t got;

    http_write_all(database, text, strlen(text));
    do
        got = recv(database, answer, sizeof answer, 0);
    while (got > 0 && answer[got - 1] != '\n');
}

GUILTY(load_articles_one_by_one);
static void __attribute__((noinline)) load_articles_one_by_one(int database)
{
    char text[64];

    for (int i = 0; i < ARTICLES; i++) {
        snprintf(text, sizeof text, "GET article%d\n", i);
        query(database, text);
    }
}

static void load_articles(int database)
{
    char text[ARTICLES * 12 + 8] = "GET ";

    for (int i = 0; i < ARTICLES; i++)
        sprintf(text + strlen(text), "article%d,", i);
    query(database, strcat(text, "\n"));
}

static void *serve(void *argument)
{
    uint64_t requests = (uint64_t)(uintptr_t)argument;
    int database = http_connect(program.peer);

    for (;;) {
        int fd = http_accept(listener);
        while (fd >= 0 && http_read(fd)) {
            query(database, "GET order\n");
            if (program_has_defect(&program, requests++))
                load_articles_one_by_one(database);
            else
                load_articles(database);
            http_answer(fd, "order\n", 6);
        }
        close(fd);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    program = program_start(argc, argv,
        &(struct truth){ .id = "n-plus-one",
            .file = __FILE__,
            .expected = "n-plus-one",
            .acceptable = "downstream-wait",
            BLAME(load_articles_one_by_one),
            .load = "-c 4 -r 40",
            .peer = "lines:1" });
    listener = http_listen(program.port);
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_t thread;
        pthread_create(&thread, NULL, serve, (void *)i);
    }
    pause();
    return 0;
}
