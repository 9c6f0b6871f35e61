// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <netinet/in.h>
#include <string.h>

#include "base/clock.h"
#include "profile/wait.h"
#include "record/socket_peers.h"

#define LOOK_NS (NS_PER_S / 4)
#define BEGAN_NS (100 * NS_PER_S)

/* A process with one thread, and its sockets' looks. */
struct scene {
    struct profile *p;
    struct process_id process;
    struct socket_peers *peers;
    uint64_t now_ns;
};

static struct scene scene_new(bool launched)
{
    struct scene s = { .p = profile_new(), .now_ns = BEGAN_NS };
    s.process = profile_add_process(s.p, &(struct process){ .pid = 70 });
    profile_add_thread(s.p, &(struct thread){ .process = s.process, .tid = 71 });
    profile_add_thread(s.p, &(struct thread){ .process = s.process, .tid = 70 });
    s.peers = socket_peers_new(s.now_ns, launched);
    return s;
}

static void scene_done(struct scene *s)
{
    socket_peers_free(s->peers);
    profile_free(s->p);
}

static struct socket_end end(uint8_t last, uint16_t port)
{
    return (struct socket_end){ AF_INET, port, { 10, 0, 0, last } };
}

static struct socket_row row(uint64_t inode, uint16_t port, struct socket_talk talk)
{
    return (struct socket_row){
        .inode = inode,
        .port = 40000,
        .local = end(1, 40000),
        .peer = end(9, port),
        .has_talk = true,
        .talk = talk,
    };
}

/* One look at these rows, a quarter of a second after the last one. */
static void look(struct scene *s, const struct socket_row *rows, size_t count, bool accepted)
{
    s->now_ns += LOOK_NS;
    socket_peers_begin(s->peers, s->now_ns);
    for (size_t i = 0; i < count; i++)
        socket_peers_see(s->peers, s->process, &rows[i], accepted, s->now_ns);
    socket_peers_end(s->peers);
}

/* What was said of that name; count 0: nothing. */
static struct tally said(const struct scene *s, const char *name, const char *what)
{
    uint32_t count;
    const struct tally *tallies = profile_tallies(s->p, &count);
    for (uint32_t i = 0; i < count; i++)
        if (slice_is(profile_string(s->p, tallies[i].name), name) &&
            slice_is(profile_string(s->p, tallies[i].what), what))
            return tallies[i];
    return (struct tally){ 0 };
}

Test(socket_peers, exchanges_are_segments_in_both_directions_and_the_first_look_is_history)
{
    struct scene s = scene_new(false);
    const struct socket_row before = row(5, 5432, (struct socket_talk){ 900, 900, 7000, 80, 0, 0 });
    const struct socket_row later =
        row(5, 5432, (struct socket_talk){ 1000, 1200, 9000, 50080, 0, 0 });
    /* It begins between two looks: all of it is new. */
    const struct socket_row young = row(6, 5432, (struct socket_talk){ 30, 20, 500, 4000, 0, 0 });
    look(&s, &before, 1, false);
    look(&s, (struct socket_row[]){ later, young }, 2, false);
    socket_peers_say(s.peers, s.p);
    const struct tally t = said(&s, "exchange", "exchange tcp 10.0.0.9:5432");
    cr_expect_eq(t.count, 100 + 20);
    cr_expect_eq(t.bytes, 2000 + 500);
    cr_expect_eq(t.ns, 54 * NS_PER_MS);
    cr_expect_eq(profile_thread(s.p, t.thread)->tid, 70, "of the process's first thread");
    scene_done(&s);
}

Test(socket_peers, a_question_at_one_look_and_its_answer_at_the_next_are_one_exchange)
{
    struct scene s = scene_new(true);
    for (uint32_t i = 0; i < 20; i++) {
        const struct socket_row one =
            row(5, 80, (struct socket_talk){ 1 + i / 2, (i + 1) / 2, 0, 0, 0, 0 });
        look(&s, &one, 1, false);
    }
    socket_peers_say(s.peers, s.p);
    cr_expect_eq(said(&s, "exchange", "exchange tcp 10.0.0.9:80").count, 10);
    scene_done(&s);
}

Test(socket_peers, what_a_launched_target_did_before_the_first_look_counts)
{
    struct scene s = scene_new(true);
    const struct socket_row one = row(5, 80, (struct socket_talk){ 9, 9, 100, 0, 0, 0 });
    look(&s, &one, 1, false);
    socket_peers_say(s.peers, s.p);
    cr_expect_eq(said(&s, "exchange", "exchange tcp 10.0.0.9:80").count, 9);
    scene_done(&s);
}

Test(socket_peers, long_answers_are_those_that_were_open_at_looks)
{
    struct scene s = scene_new(false);
    enum { LOOKS = 40 };
    for (uint32_t i = 0; i <= LOOKS; i++) {
        /* Sent 10 ms ago, and nothing came since, at every second look. */
        const bool open = i % 2 == 0;
        const struct socket_row one =
            row(5, 80, (struct socket_talk){ 5 * i, 5 * i, 0, 100 * i, 10, open ? 50 : 4 });
        look(&s, &one, 1, false);
    }
    socket_peers_say(s.peers, s.p);
    const struct tally t = said(&s, "exchange", "exchange tcp 10.0.0.9:80");
    cr_expect_eq(t.count, 5 * LOOKS);
    cr_expect_eq(t.ns, LOOKS / 2 * LOOK_NS, "half the time, though hardly ever unacknowledged");
    scene_done(&s);
}

Test(socket_peers, who_asks_again_in_the_same_tick_is_told_by_the_numbers_of_segments)
{
    static const struct {
        const char *name;
        uint32_t out, in; /* at each look more */
        uint32_t under_way;
        uint64_t open; /* looks */
    } rows[] = { { "a question is under way at each look", 5, 5, 1, 10 }, { "none is", 5, 5, 0, 0 },
        { "answers of many segments do not tell", 5, 20, 1, 0 },
        { "nor do questions of many", 20, 5, 1, 0 } };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene s = scene_new(false);
        look(&s, NULL, 0, false);
        for (uint32_t k = 1; k <= 10; k++) {
            const struct socket_row one = row(5, 80,
                (struct socket_talk){
                    rows[i].out * k + rows[i].under_way, rows[i].in * k, 0, 0, 8, 8 });
            look(&s, &one, 1, false);
        }
        socket_peers_say(s.peers, s.p);
        const struct tally t = said(&s, "exchange", "exchange tcp 10.0.0.9:80");
        cr_expect_eq(t.ns, rows[i].open * LOOK_NS, "%s: %lu", rows[i].name, (unsigned long)t.ns);
        scene_done(&s);
    }
}

Test(socket_peers, what_clients_ask_is_served_at_our_port_whoever_they_are)
{
    struct scene s = scene_new(false);
    look(&s, NULL, 0, true);
    for (uint32_t i = 1; i <= 3; i++) {
        struct socket_row rows[2] = { row(5, 50001, (struct socket_talk){ i, i, 0, 0, 0, 0 }),
            row(6, 50002, (struct socket_talk){ 2 * i, i, 0, 0, 0, 0 }) };
        rows[0].port = rows[1].port = 8080;
        look(&s, rows, 2, true);
    }
    socket_peers_say(s.peers, s.p);
    cr_expect_eq(said(&s, "served", "serve client :8080").count, 6);
    cr_expect_eq(said(&s, "exchange", "exchange tcp 10.0.0.9:50001").count, 0);
    scene_done(&s);
}

/* Connections to port 80 that are there at one look each, and one to 5432 that stays. */
static void churn(struct scene *s, uint64_t times)
{
    const struct socket_row kept = row(1000000, 5432, (struct socket_talk){ 1, 1, 0, 0, 0, 0 });
    look(s, &kept, 1, false);
    for (uint64_t i = 0; i < times; i++) {
        const struct socket_row rows[2] = { kept, row(10 + i, 80, (struct socket_talk){ 0 }) };
        look(s, rows, 2, false);
    }
    look(s, &kept, 1, false);
}

static struct socket_row closed(uint16_t port, uint32_t seconds_ago)
{
    struct socket_row r = row(0, port, (struct socket_talk){ 0 });
    r.timer_ms = 60000 - 1000 * seconds_ago;
    return r;
}

Test(socket_peers, closed_connections_count_for_peers_that_are_called_again_and_again)
{
    struct scene s = scene_new(false);
    churn(&s, 2);
    cr_expect_not(socket_peers_wants_closed(s.peers), "two may be chance");
    scene_done(&s);

    s = scene_new(false);
    churn(&s, 11);
    cr_assert(socket_peers_wants_closed(s.peers));
    struct socket_row theirs = closed(0, 1); /* the peer has closed first, on this machine */
    theirs.local = end(9, 80);
    theirs.peer = end(1, 40001);
    const struct socket_row rows[] = { closed(80, 1), closed(80, 2), theirs, closed(80, 30),
        closed(5432, 1), closed(81, 1) };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        socket_peers_see_closed(s.peers, &rows[i], s.now_ns);
    socket_peers_end_closed(s.peers, s.now_ns);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) /* seen already */
        socket_peers_see_closed(s.peers, &rows[i], s.now_ns + NS_PER_MS);
    socket_peers_end_closed(s.peers, s.now_ns + NS_PER_MS);
    socket_peers_say(s.peers, s.p);
    cr_expect_eq(said(&s, "closed", "connect tcp 10.0.0.9:80").count, 3,
        "not what was closed before the recording, nor twice");
    cr_expect_eq(said(&s, "closed", "connect tcp 10.0.0.9:5432").count, 0, "that one is kept");
    scene_done(&s);
}

Test(socket_peers, a_connection_met_between_looks_is_known_without_its_process)
{
    struct scene s = scene_new(false);
    const struct socket_row one = row(5, 80, (struct socket_talk){ 10, 10, 0, 0, 0, 0 });
    const struct socket_row more = row(5, 80, (struct socket_talk){ 25, 25, 0, 0, 0, 0 });
    look(&s, NULL, 0, false);
    socket_peers_see(s.peers, s.process, &one, false, s.now_ns + NS_PER_MS);
    cr_expect(socket_peers_knows(s.peers, 5) && !socket_peers_knows(s.peers, 6));
    cr_expect_not(socket_peers_is_kept(s.peers, 5, s.now_ns + 2 * NS_PER_MS));
    cr_expect(socket_peers_is_kept(s.peers, 5, s.now_ns + 2 * NS_PER_S));
    s.now_ns += LOOK_NS;
    socket_peers_begin(s.peers, s.now_ns);
    socket_peers_see(s.peers, (struct process_id){ 0 }, &more, false, s.now_ns);
    socket_peers_see(
        s.peers, (struct process_id){ 0 }, &(struct socket_row){ .inode = 6 }, false, s.now_ns);
    socket_peers_end(s.peers);
    socket_peers_say(s.peers, s.p);
    cr_expect_eq(said(&s, "exchange", "exchange tcp 10.0.0.9:80").count, 25);
    scene_done(&s);
}

Test(socket_peers, processes_that_call_the_same_peer_share_what_was_closed)
{
    struct scene s = scene_new(false);
    const struct process_id other = profile_add_process(s.p, &(struct process){ .pid = 80 });
    profile_add_thread(s.p, &(struct thread){ .process = other, .tid = 80 });
    look(&s, NULL, 0, false);
    for (uint64_t i = 0; i < 8; i++) {
        const struct socket_row r = row(10 + i, 80, (struct socket_talk){ 0 });
        socket_peers_see(s.peers, i < 4 ? s.process : other, &r, false, s.now_ns + NS_PER_MS);
    }
    look(&s, NULL, 0, false);
    for (int i = 0; i < 100; i++) {
        const struct socket_row r = closed(80, 0);
        socket_peers_see_closed(s.peers, &r, s.now_ns);
    }
    socket_peers_end_closed(s.peers, s.now_ns);
    socket_peers_say(s.peers, s.p);
    uint32_t count, sum = 0;
    const struct tally *tallies = profile_tallies(s.p, &count);
    for (uint32_t i = 0; i < count; i++) {
        if (!slice_is(profile_string(s.p, tallies[i].name), "closed"))
            continue;
        cr_expect_eq(tallies[i].count, 50);
        sum += tallies[i].count;
    }
    cr_expect_eq(sum, 100);
    scene_done(&s);
}

Test(socket_peers, to_have_no_connections_is_an_answer_and_a_kernel_that_counts_nothing_is_none)
{
    for (int with = 0; with < 2; with++) {
        struct scene s = scene_new(false);
        struct socket_row old = row(5, 80, (struct socket_talk){ 0 });
        old.has_talk = false;
        look(&s, &old, (size_t)with, false);
        look(&s, &old, (size_t)with, false);
        socket_peers_say(s.peers, s.p);
        const struct slice ns = profile_fact(s.p, (struct process_id){ 0 }, "exchanges_seen_ns");
        cr_expect_eq(slice_is(ns, "250000000"), with == 0);
        cr_expect_eq(ns.len > 0, with == 0);
        scene_done(&s);
    }
}
