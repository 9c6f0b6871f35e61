// SPDX-License-Identifier: MIT
/*
 * A small HTTP server with a mistake in it, for `make demo`: each request for /user/N looks the
 * user up with find_user(), which goes through the whole list and, to compare without regard to
 * case, lowers every name again. Only 127.0.0.1, one connection at a time, ends after a minute.
 *
 *     server          prints the port it listens on
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { USERS = 4000, NAME_BYTES = 64, REQUEST_BYTES = 2048, LIFETIME_SECONDS = 60 };

static char users[USERS][NAME_BYTES];

static void fill_users(void)
{
    for (int i = 0; i < USERS; i++)
        snprintf(users[i], NAME_BYTES, "User-%04d.Of.The.Bundled.Demonstration@Example.INVALID", i);
}

__attribute__((noinline)) static void lower_case(char *text)
{
    for (size_t i = 0; i < strlen(text); i++)
        text[i] = (char)tolower((unsigned char)text[i]);
}

__attribute__((noinline)) static int find_user(const char *wanted)
{
    char name[NAME_BYTES];

    for (int i = 0; i < USERS; i++) {
        memcpy(name, users[i], NAME_BYTES);
        lower_case(name);
        if (strcmp(name, wanted) == 0)
            return i;
    }
    return -1;
}

__attribute__((noinline)) static int render_user(int id, char *page, size_t page_bytes)
{
    int used = snprintf(page, page_bytes, "<h1>user %d</h1>\n<ul>\n", id);

    for (int i = 0; i < 20 && used < (int)page_bytes; i++)
        used +=
            snprintf(page + used, page_bytes - (size_t)used, "<li>visit %d of %s\n", i, users[id]);
    return used;
}

static int answer_user(int number, char *page, size_t page_bytes)
{
    char wanted[NAME_BYTES];

    snprintf(
        wanted, sizeof wanted, "user-%04d.of.the.bundled.demonstration@example.invalid", number);
    int id = find_user(wanted);
    if (id < 0)
        return snprintf(page, page_bytes, "no such user\n");
    return render_user(id, page, page_bytes);
}

static void send_all(int connection, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(connection, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        len -= (size_t)sent;
    }
}

__attribute__((noinline)) static void handle_request(int connection)
{
    char request[REQUEST_BYTES], page[8192], head[128];
    ssize_t got = recv(connection, request, sizeof request - 1, 0);
    int number = 0;

    if (got <= 0)
        return;
    request[got] = '\0';
    int used = sscanf(request, "GET /user/%d", &number) == 1
                   ? answer_user(number, page, sizeof page)
                   : snprintf(page, sizeof page, "try /user/7\n");
    int head_len = snprintf(head, sizeof head,
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n"
        "Connection: close\r\n\r\n",
        used);
    send_all(connection, head, (size_t)head_len);
    send_all(connection, page, (size_t)used);
}

static void stop(int signal)
{
    (void)signal;
    _exit(0);
}

static int listen_on_loopback(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, len) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        perror("server");
        exit(1);
    }
    printf("listening on 127.0.0.1:%d\n", ntohs(address.sin_port));
    fflush(stdout);
    return fd;
}

int main(void)
{
    fill_users();
    signal(SIGINT, stop);
    alarm(LIFETIME_SECONDS);

    int fd = listen_on_loopback();
    for (;;) {
        int connection = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
        if (connection < 0)
            continue;
        handle_request(connection);
        close(connection);
    }
}
