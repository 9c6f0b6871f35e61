// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/compiler.h"
#include "base/strbuf.h"
#include "profile/evidence.h"
#include "record/node_channel.h"
#include "record/node_record.h"

static const struct node_scope scope = { .process = { 1 }, .from_ns = 1000, .to_ns = 1000000 };

static uint32_t points_of(const struct profile *p)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < profile_series_count(p); i++) {
        uint32_t count;
        profile_points(p, (struct series_id){ i }, &count);
        sum += count;
    }
    return sum;
}

Test(node_record, a_header_names_a_process_of_our_version)
{
    struct node_record r = { { 0, 5000, 0x70726f66, 1, 4711 } };
    int32_t pid = 0;
    cr_assert(node_record_header(&r, &pid));
    cr_expect_eq(pid, 4711);
    static const double wrong[][2] = { { 0, 1 }, { 2, 5 }, { 3, 2 }, { 4, -1 }, { 4, 1e18 },
        { 4, 0 } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(wrong); i++) {
        struct node_record bad = r;
        bad.words[(int)wrong[i][0]] = wrong[i][1];
        cr_expect_not(node_record_header(&bad, &pid), "%zu", i);
    }
    r.words[4] = (double)NAN;
    cr_expect_not(node_record_header(&r, &pid));
}

Test(node_record, a_period_gives_a_point_to_each_number_that_is_known)
{
    struct profile *p = profile_new();
    const struct node_record all = { { 1, 5000, 2e6, 0.5, 1e6, 2e6, 3 } };
    const struct node_record old = { { 1, 6000, (double)NAN, (double)NAN, 1e6, (double)NAN,
        (double)NAN } };
    cr_expect(node_record_apply(p, &scope, &all));
    cr_expect_eq(points_of(p), 5);
    cr_expect(node_record_apply(p, &scope, &old));
    cr_expect_eq(points_of(p), 6);
    profile_free(p);
}

Test(node_record, pauses_become_spans_with_their_kind_and_number)
{
    struct profile *p = profile_new();
    const struct node_record major = { { 2, 5000, 7e5, 2, 1, 7e5 } };
    const struct node_record several = { { 2, 6000, 9e5, 1, 12, 2e5 } };
    cr_assert(node_record_apply(p, &scope, &major) && node_record_apply(p, &scope, &several));
    uint32_t count;
    const struct span *spans = profile_spans(p, &count);
    cr_assert_eq(count, 2);
    cr_expect_eq(spans[0].kind, SPAN_GC);
    cr_expect_eq(spans[0].duration_ns, 700000);
    cr_expect(slice_is(profile_string(p, spans[0].label), "major"));
    cr_expect_eq(spans[1].events, 12);
    cr_expect(slice_is(profile_string(p, spans[1].label), "minor"));
    profile_free(p);
}

Test(node_record, what_no_script_of_ours_would_write_is_passed_over)
{
    struct profile *p = profile_new();
    static const struct node_record wrong[] = {
        { { 9, 5000 } },
        { { -1, 5000 } },
        { { (double)NAN, 5000 } },
        { { 0.5, 5000 } },
        { { 1, (double)NAN } },
        { { 1, (double)INFINITY } },
        { { 1, 999, 1, 1, 1, 1, 1 } },     /* before the recording */
        { { 1, 1000001, 1, 1, 1, 1, 1 } }, /* behind it */
        { { 2, 5000, -1, 1, 1 } },
        { { 2, 5000, 1e30, 1, 1 } },
        { { 2, 5000, 1, 5, 1 } },
        { { 2, 5000, 1, 1, 1e300 } },
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(wrong); i++)
        cr_expect_not(node_record_apply(p, &scope, &wrong[i]), "%zu", i);
    const struct node_record half = { { 1, 5000, -1, 7, (double)INFINITY, -(double)INFINITY,
        1e300 } };
    node_record_apply(p, &scope, &half);
    uint32_t spans;
    profile_spans(p, &spans);
    cr_expect_eq(points_of(p) + spans, 0);
    profile_free(p);
}

/* ---- the channel ---- */

Test(node_channel, the_script_can_be_read_but_the_folder_cannot_be_listed)
{
    struct node_channel c;
    struct err e = { 0 };
    cr_assert(node_channel_open(&c, &e), "%s", e.message);
    PROF_CLEANUP(strbuf_done) struct strbuf folder = STRBUF_INIT;
    strbuf_adds(&folder, c.folder);
    struct stat st;
    cr_assert_eq(stat(c.folder, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0711);
    PROF_CLEANUP(strbuf_done) struct strbuf script = STRBUF_INIT;
    strbuf_addf(&script, "%s/prof.cjs", c.folder);
    cr_assert_eq(stat(script.ptr, &st), 0);
    cr_expect_eq(st.st_mode & 07777, 0644);
    cr_expect_gt(st.st_size, 1000);

    char *const env[] = { NULL };
    struct runtime_env changed;
    runtime_env_build(env, "node", &changed);
    node_channel_announce(&c, &changed);
    cr_expect(strstr(changed.env[0], "--perf-basic-prof"));
    cr_expect(strstr(changed.env[0], script.ptr));
    runtime_env_done(&changed);

    node_channel_close(&c, false);
    cr_expect_neq(stat(folder.ptr, &st), 0, "it is gone");
}

Test(node_channel, what_lives_on_keeps_the_script_and_data_is_removed)
{
    struct node_channel c;
    cr_assert(node_channel_open(&c, NULL));
    PROF_CLEANUP(strbuf_done) struct strbuf path = STRBUF_INIT;
    PROF_CLEANUP(strbuf_done) struct strbuf data = STRBUF_INIT;
    strbuf_addf(&path, "%s/prof.cjs", c.folder);
    strbuf_addf(&data, "%s/data/7.1", c.folder);
    fclose(fopen(data.ptr, "w"));
    node_channel_close(&c, true);
    cr_expect_eq(access(path.ptr, R_OK), 0);
    cr_expect_neq(access(data.ptr, F_OK), 0);
    unlink(path.ptr);
    *strrchr(path.ptr, '/') = '\0';
    strbuf_clear(&data);
    strbuf_addf(&data, "%s/data", path.ptr);
    cr_expect(rmdir(data.ptr) == 0 && rmdir(path.ptr) == 0);
}

Test(node_channel, programs_that_a_script_would_stop_are_left_alone)
{
    char node[] = "node", permission[] = "--permission", script[] = "a.js";
    char options[] = "NODE_OPTIONS=--no-warnings --experimental-permission",
         other[] = "A=--permission";
    char *const plain[] = { node, script, NULL };
    char *const guarded[] = { node, permission, script, NULL };
    char *const env[] = { other, NULL };
    char *const guarded_env[] = { other, options, NULL };
    cr_expect(node_channel_is_safe(plain, env));
    cr_expect_not(node_channel_is_safe(guarded, env));
    cr_expect_not(node_channel_is_safe(plain, guarded_env));
}
