// SPDX-License-Identifier: MIT
/* Who is named where nothing of the program is on the stack of what is wrong. */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "analyze/askers.h"
#include "ask.h"

#define CLIENT ";r:request@node:_http_client:190"
#define WRITES ";r:node::StreamBase::WriteString<(node::encoding)1>;k:tcp_sendmsg"

static bool is_called(const struct made *m, const struct guilty *g, const char *name)
{
    return slice_is(profile_string(m->p, profile_func(m->p, g->func)->name), name);
}

Test(askers, a_loop_s_client_calls_name_who_asks)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:4;fetchPrice@s.js:20" CLIENT, 0.5, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:5" WRITES, 4, 0, 20);
    struct observed *o = observed_new(m.p);
    struct finding f = { .rule = &rule_downstream_wait, .id = "downstream-wait" };
    cr_assert(blame_askers(&f, o, m.process));
    cr_assert(f.guilty.len >= 1 && is_called(&m, &f.guilty.ptr[0], "fetchPrice"));
    cr_expect(eq(u32, f.guilty.ptr[0].line, 20));
    finding_done(&f);
    observed_free(o);
    made_done(&m);
}

Test(askers, without_a_known_client_those_that_write_are_named)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:4;loadRows@s.js:9;query@s.js:3" WRITES, 2, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:5;query@s.js:3" WRITES, 0.2, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:6;render@s.js:30", 5, 0, 20);
    struct observed *o = observed_new(m.p);
    struct finding f = { .rule = &rule_n_plus_one, .id = "n-plus-one" };
    cr_assert(blame_askers(&f, o, m.process));
    cr_assert(f.guilty.len >= 2 && is_called(&m, &f.guilty.ptr[0], "loadRows"));
    finding_done(&f);
    observed_free(o);
    made_done(&m);
}

Test(askers, nobody_is_named_by_few_samples_or_by_a_runtime_s_own)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:4" CLIENT, 0.02, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;r:flush@node:net:9" WRITES, 2, 0, 20);
    struct observed *o = observed_new(m.p);
    struct finding f = { .rule = &rule_downstream_wait, .id = "downstream-wait" };
    cr_expect_not(blame_askers(&f, o, m.process));
    cr_expect(eq(sz, f.guilty.len, 0));
    finding_done(&f);
    observed_free(o);
    made_done(&m);
}

Test(askers, work_for_the_pool_names_who_hands_it_over)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(
        &m, m.main, "r:uv_run;serve@s.js:4;r:pbkdf2@node:internal/crypto/pbkdf2:50", 0.3, 0, 20);
    made_cpu(&m, made_thread(&m, "libuv-worker"), "r:worker;d:PKCS5_PBKDF2_HMAC", 15, 0, 20);
    struct observed *o = observed_new(m.p);
    struct finding f = { .rule = &rule_pool_saturated, .id = "pool-saturated" };
    cr_assert(blame_submitters(&f, o, observed_thread(o, m.main), TRAIT(CRYPTO)));
    cr_assert(f.guilty.len >= 1 && is_called(&m, &f.guilty.ptr[0], "serve"));
    finding_done(&f);
    observed_free(o);
    made_done(&m);
}

Test(askers, a_callback_without_a_name_brings_its_caller)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main,
        "r:uv_run;serve@s.js:4;copyAll@s.js:10;r:Builtins_ArrayMap;(anonymous)@s.js:11;"
        "r:v8::internal::Heap::CollectGarbage",
        10, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;serve@s.js:5;render@s.js:30", 5, 0, 20);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_gc_pressure, &f), ANSWER_FOUND));
    bool named = false;
    for (size_t i = 0; i < f.guilty.len && i < 2; i++)
        named |= is_called(&m, &f.guilty.ptr[i], "copyAll");
    cr_expect(named, "the caller is among the first two");
    finding_done(&f);
    made_done(&m);
}

/* An async function that goes on after an await is the first of its stack. */
Test(askers, a_helper_of_several_brings_the_one_that_calls_it_most)
{
    struct made m = made_new("server", "node", 20);
    made_cpu(&m, m.main,
        "r:uv_run;loadAll@s.js:18;query@s.js:10;r:Builtins_Promise;(anonymous)@s.js:12;"
        "r:v8::internal::Heap::CollectGarbage",
        8, 0, 20);
    made_cpu(&m, m.main,
        "r:uv_run;serve@s.js:32;query@s.js:10;r:Builtins_Promise;(anonymous)@s.js:12;"
        "r:v8::internal::Heap::CollectGarbage",
        0.5, 0, 20);
    made_cpu(&m, m.main, "r:uv_run;render@s.js:40;r:v8::internal::Heap::CollectGarbage", 6, 0, 20);
    struct finding f;
    cr_assert(eq(int, made_ask(&m, &rule_gc_pressure, &f), ANSWER_FOUND));
    cr_assert_geq(f.guilty.len, 3);
    cr_expect(is_called(&m, &f.guilty.ptr[0], "(anonymous)"));
    cr_expect(is_called(&m, &f.guilty.ptr[1], "loadAll"));
    cr_expect(is_called(&m, &f.guilty.ptr[2], "query"));
    finding_done(&f);
    made_done(&m);
}
