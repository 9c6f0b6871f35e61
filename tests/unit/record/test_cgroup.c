// SPDX-License-Identifier: MIT
#include <criterion/criterion.h>

#include <math.h>
#include <unistd.h>

#include "base/compiler.h"
#include "record/cgroup.h"
#include "record/host.h"

static const char v1_mounts[] =
    "31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 25 0:28 /docker/abc /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
    "33 25 0:29 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset\n";
static const char v2_mounts[] =
    "25 30 0:22 / /sys rw shared:7 - sysfs sysfs rw\n"
    "31 25 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n";
static const char hybrid_mounts[] = "31 25 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
                                    "36 25 0:33 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";

struct place {
    const char *what, *membership, *mounts;
    enum cgroup_controller controller;
    int version;
    const char *folder;
};

static const struct place places[] = {
    { "version 2", "0::/user.slice/a\n", v2_mounts, CGROUP_CPU, 2, "/sys/fs/cgroup/user.slice/a" },
    { "the root of version 2", "0::/\n", v2_mounts, CGROUP_MEMORY, 2, "/sys/fs/cgroup" },
    { "version 1", "4:memory:/docker/abc/x\n3:cpu,cpuacct:/jobs\n0::/\n", v1_mounts, CGROUP_CPU, 1,
        "/sys/fs/cgroup/cpu,cpuacct/jobs" },
    { "a mount of a part", "4:memory:/docker/abc/x\n3:cpu,cpuacct:/jobs\n", v1_mounts,
        CGROUP_MEMORY, 1, "/sys/fs/cgroup/memory/x" },
    { "outside of the mounted part", "4:memory:/docker/abcd\n", v1_mounts, CGROUP_MEMORY, 0, "" },
    { "outside of the namespace", "0::/../other\n", v2_mounts, CGROUP_CPU, 0, "" },
    { "hybrid, of version 1", "1:cpu:/a\n0::/b\n", hybrid_mounts, CGROUP_CPU, 1,
        "/sys/fs/cgroup/cpu/a" },
    { "hybrid, of version 2", "1:cpu:/a\n0::/b\n", hybrid_mounts, CGROUP_MEMORY, 2,
        "/sys/fs/cgroup/unified/b" },
    { "cpuset is not cpu", "3:cpuset:/x\n", v1_mounts, CGROUP_CPU, 0, "" },
    { "nothing", "", "", CGROUP_CPU, 0, "" },
    { "junk", "a\n:\n::\n0:", "1 2\n- - -\n", CGROUP_CPU, 0, "" },
};

Test(cgroup, controllers_are_found_where_they_are_mounted)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(places); i++) {
        const struct place *p = &places[i];
        PROF_CLEANUP(strbuf_done) struct strbuf folder = STRBUF_INIT;
        PROF_CLEANUP(strbuf_done) struct strbuf mount = STRBUF_INIT;
        const int version = cgroup_locate(
            slice_of(p->membership), slice_of(p->mounts), p->controller, &folder, &mount);
        cr_expect_eq(version, p->version, "%s: version %d", p->what, version);
        if (version)
            cr_expect_str_eq(folder.ptr, p->folder, "%s: %s", p->what, folder.ptr);
    }
}

Test(cgroup, limits_that_cannot_be_reached_are_none)
{
    static const struct {
        const char *text;
        double cpus;
    } quotas[] = { { "max 100000\n", 0 }, { "50000 100000\n", 0.5 }, { "400000 100000", 4 },
        { "-1 100000\n", 0 }, { "", 0 }, { "5", 0 }, { "5 0", 0 } };
    for (size_t i = 0; i < PROF_ARRAY_LEN(quotas); i++)
        cr_expect(fabs(cgroup_parse_cpu_max(slice_of(quotas[i].text)) - quotas[i].cpus) < 1e-9,
            "'%s'", quotas[i].text);
    cr_expect_eq(cgroup_parse_bytes(slice_of("max\n")), 0);
    cr_expect_eq(cgroup_parse_bytes(slice_of("9223372036854771712\n")), 0);
    cr_expect_eq(cgroup_parse_bytes(slice_of("536870912\n")), 536870912);
}

Test(cgroup, throttling_reads_the_same_in_both_versions)
{
    static const char *const texts[] = {
        "nr_periods 120\nnr_throttled 30\nthrottled_time 1500000\n",
        "usage_usec 99\nuser_usec 9\nnr_periods 120\nnr_throttled 30\nthrottled_usec 1500\n",
    };
    for (size_t i = 0; i < PROF_ARRAY_LEN(texts); i++) {
        struct cgroup_usage usage = { 0 };
        cgroup_parse_cpu_stat(slice_of(texts[i]), &usage);
        cr_expect(usage.has_throttling && usage.periods == 120 && usage.throttled_periods == 30 &&
                  usage.throttled_ns == 1500000);
    }
    struct cgroup_usage none = { 0 };
    cgroup_parse_cpu_stat(slice_of("usage_usec 99\n"), &none);
    cr_expect_not(none.has_throttling);
}

Test(cgroup, one_s_own_group_can_be_read)
{
    struct cgroup c;
    if (!cgroup_open(&c, getpid())) {
        cgroup_done(&c);
        cr_skip_test("no control groups here");
    }
    cr_expect_not(cgroup_has_moved(&c, getpid()));
    struct cgroup_usage usage;
    cgroup_read(&c, &usage);
    cr_expect(!usage.has_memory || usage.memory_bytes > 0);
    cgroup_done(&c);
}

Test(host, time_that_was_stolen_is_busy_and_guests_are_not_counted_twice)
{
    struct host_cpu cpu;
    cr_assert(host_parse_cpu(slice_of("cpu  10 1 5 100 20 2 3 4 10 0\ncpu0 9\n"), &cpu));
    const uint64_t tick_ns = 1000000000u / (uint64_t)sysconf(_SC_CLK_TCK);
    cr_expect_eq(cpu.busy_ns, 25 * tick_ns);
    cr_expect_eq(cpu.stolen_ns, 4 * tick_ns);
    cr_expect_eq(cpu.total_ns, 145 * tick_ns);
}

Test(host, other_first_lines_are_refused)
{
    static const char *const texts[] = { "", "cpu", "cpu  1 2 3\n", "cpu0 1 2 3 4 5 6 7 8\n",
        "cpu  1 2 3 4 x 6 7 8\n" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(texts); i++) {
        struct host_cpu cpu;
        cr_expect_not(host_parse_cpu(slice_of(texts[i]), &cpu), "'%s'", texts[i]);
    }
}
