// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include "record/call_tally.h"

static struct ended_call call(const char *operation, enum wait_kind kind, int fd, uint64_t from_ns,
    uint64_t to_ns, int64_t result)
{
    return (struct ended_call){
        .pid = 7,
        .fd = fd,
        .what = { .kind = kind,
            .operation = slice_of(operation),
            .object = slice_of("10.0.0.7:5432") },
        .from_ns = from_ns,
        .to_ns = to_ns,
        .result = result,
        .reads = operation[0] == 'r',
        .writes = operation[0] == 'w',
    };
}

static const struct tally *row(const struct profile *p, const char *name, const char *what)
{
    uint32_t count;
    const struct tally *list = profile_tallies(p, &count);
    for (uint32_t i = 0; i < count; i++)
        if (slice_is(profile_string(p, list[i].name), name) &&
            slice_is(profile_string(p, list[i].what), what))
            return &list[i];
    return NULL;
}

static void add_all(struct profile *p, const struct ended_call *calls, size_t count)
{
    struct call_tally *t = call_tally_new(p);
    for (size_t i = 0; i < count; i++)
        call_tally_add(t, &calls[i]);
    call_tally_flush(t);
    call_tally_free(t);
}

Test(call_tally, calls_add_up_with_bytes_and_small_ones)
{
    struct profile *p = profile_new();
    const struct ended_call calls[] = {
        call("read", WAIT_FILE, 3, 0, 100, 511),
        call("read", WAIT_FILE, 3, 200, 500, 512),
        call("read", WAIT_FILE, 3, 600, 610, -11),
    };
    add_all(p, calls, 3);
    const struct tally *t = row(p, "syscall", "read file 10.0.0.7:5432");
    cr_assert_not_null(t);
    cr_expect_eq(t->count, 3);
    cr_expect_eq(t->ns, 410);
    cr_expect_eq(t->max_ns, 300);
    cr_expect_eq(t->bytes, 1023);
    cr_expect_eq(t->small, 1, "a refused read moved nothing");
    t = row(p, "again", "read file 10.0.0.7:5432");
    cr_assert_not_null(t);
    cr_expect_eq(t->count, 1);
    cr_expect_eq(t->ns, 10);
    profile_free(p);
}

Test(call_tally, an_exchange_is_from_the_first_write_to_the_first_read)
{
    struct profile *p = profile_new();
    const struct ended_call calls[] = {
        call("write", WAIT_TCP, 3, 100, 110, 20), call("write", WAIT_TCP, 3, 120, 130, 20),
        call("read", WAIT_TCP, 4, 140, 150, 20),  /* another descriptor */
        call("read", WAIT_TCP, 3, 160, 170, -11), /* nothing there yet */
        call("read", WAIT_TCP, 3, 180, 1100, 300),
        call("read", WAIT_TCP, 3, 1110, 1120, 300), /* more of the same answer */
    };
    add_all(p, calls, 6);
    const struct tally *t = row(p, "roundtrip", "exchange tcp 10.0.0.7:5432");
    cr_assert_not_null(t);
    cr_expect_eq(t->count, 1);
    cr_expect_eq(t->ns, 1000);
    profile_free(p);
}

Test(call_tally, clients_and_files_are_no_partners_of_exchanges)
{
    static const enum wait_kind kinds[] = { WAIT_CLIENT, WAIT_FILE, WAIT_PIPE };
    struct profile *p = profile_new();
    for (size_t i = 0; i < 3; i++) {
        const struct ended_call calls[] = {
            call("write", kinds[i], 3, 100, 110, 20),
            call("read", kinds[i], 3, 120, 130, 20),
        };
        add_all(p, calls, 2);
    }
    cr_expect_null(row(p, "roundtrip", "exchange client 10.0.0.7:5432"));
    uint32_t count;
    const struct tally *list = profile_tallies(p, &count);
    for (uint32_t i = 0; i < count; i++)
        cr_expect(slice_is(profile_string(p, list[i].name), "syscall"));
    profile_free(p);
}

Test(call_tally, a_descriptor_that_was_closed_answers_no_more)
{
    struct profile *p = profile_new();
    struct call_tally *t = call_tally_new(p);
    const struct ended_call question = call("write", WAIT_TCP, 3, 100, 110, 20);
    const struct ended_call answer = call("read", WAIT_TCP, 3, 120, 130, 20);
    call_tally_add(t, &question);
    call_tally_forget(t, 7, 3);
    call_tally_add(t, &answer);
    call_tally_flush(t);
    cr_expect_null(row(p, "roundtrip", "exchange tcp 10.0.0.7:5432"));
    call_tally_free(t);
    profile_free(p);
}
