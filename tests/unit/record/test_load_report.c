// SPDX-License-Identifier: MIT
/* Outputs as the tools gave them; only repetitive tables are shortened. */
#include <criterion/criterion.h>

#include <math.h>
#include <string.h>

#include "base/compiler.h"
#include "base/strbuf.h"
#include "record/load_report.h"

/* clang-format off */
static const char wrk[] =
    "Running 1s test @ http://127.0.0.1:18302/\n"
    "  1 threads and 5 connections\n"
    "  Thread Stats   Avg      Stdev     Max   +/- Stdev\n"
    "    Latency   703.38us    1.60ms  17.32ms   91.70%\n"
    "    Req/Sec    21.24k    12.37k   36.29k    50.00%\n"
    "  Latency Distribution\n"
    "     50%  153.00us\n"
    "     75%  402.00us\n"
    "     90%    1.97ms\n"
    "     99%    8.77ms\n"
    "  21090 requests in 1.00s, 2.70MB read\n"
    "Requests/sec:  21075.63\n"
    "Transfer/sec:      2.69MB\n";
static const char wrk_errors[] =
    "Running 1s test @ http://127.0.0.1:18302/\n"
    "  1 threads and 5 connections\n"
    "  Thread Stats   Avg      Stdev     Max   +/- Stdev\n"
    "    Latency   626.81us    1.29ms  15.23ms   91.70%\n"
    "    Req/Sec    17.03k     6.95k   31.34k    80.00%\n"
    "  16928 requests in 1.00s, 2.16MB read\n"
    "  Socket errors: connect 1, read 2, write 0, timeout 4\n"
    "  Non-2xx or 3xx responses: 30\n"
    "Requests/sec:  16923.89\n"
    "Transfer/sec:      2.16MB\n";
static const char autocannon[] =
    "Running 2s test @ http://127.0.0.1:18302/\n"
    "5 connections\n"
    "\n"
    "\n"
    "┌─────────┬──────┬──────┬───────┬──────┬─────────┬─────────┬───────┐\n"
    "│ Stat    │ 2.5% │ 50%  │ 97.5% │ 99%  │ Avg     │ Stdev   │ Max   │\n"
    "├─────────┼──────┼──────┼───────┼──────┼─────────┼─────────┼───────┤\n"
    "│ Latency │ 0 ms │ 0 ms │ 4 ms  │ 6 ms │ 0.33 ms │ 1.19 ms │ 15 ms │\n"
    "└─────────┴──────┴──────┴───────┴──────┴─────────┴─────────┴───────┘\n"
    "┌───────────┬────────┬────────┬────────┬─────────┬─────────┬────────┬────────┐\n"
    "│ Stat      │ 1%     │ 2.5%   │ 50%    │ 97.5%   │ Avg     │ Stdev  │ Min    │\n"
    "├───────────┼────────┼────────┼────────┼─────────┼─────────┼────────┼────────┤\n"
    "│ Req/Sec   │ 6,319  │ 6,319  │ 6,319  │ 11,231  │ 8,773   │ 2,455  │ 6,319  │\n"
    "├───────────┼────────┼────────┼────────┼─────────┼─────────┼────────┼────────┤\n"
    "│ Bytes/Sec │ 847 kB │ 847 kB │ 847 kB │ 1.51 MB │ 1.18 MB │ 329 kB │ 847 kB │\n"
    "└───────────┴────────┴────────┴────────┴─────────┴─────────┴────────┴────────┘\n"
    "\n"
    "Req/Bytes counts sampled once per second.\n"
    "# of samples: 2\n"
    "\n"
    "18k requests in 2.01s, 2.35 MB read\n";
static const char autocannon_json[] =
    "{\"url\":\"http://127.0.0.1:18302/\",\"connections\":5,\"sampleInt\":1000,\"pipelining\":1,\"workers\":0,\"duration\":2.02,\"samples\":2,\"start\":\"2026-11-22T19:30:58.108Z\",\"finish\":\"2026-11-22T19:31:00.129Z\",\"errors\":0,\"timeouts\":0,\"mismatches\":0,\"non2xx\":0,\"resets\":0,\"1xx\":0,\"2xx\":21783,\"3xx\":0,\"4xx\":0,\"5xx\":0,\"statusCodeStats\":{\"200\":{\"count\":21783}},\"latency\":{\"average\":0.16,\"mean\":0.16,\"stddev\":0.86,\"min\":1,\"max\":22,\"p0_001\":0,\"p0_01\":0,\"p0_1\":0,\"p1\":0,\"p2_5\":0,\"p10\":0,\"p25\":0,\"p50\":0,\"p75\":0,\"p90\":0,\"p97_5\":2,\"p99\":4,\"p99_9\":11,\"p99_99\":22,\"p99_999\":22,\"totalCount\":21783},\"requests\":{\"average\":10892,\"mean\":10892,\"stddev\":1336,\"min\":9556,\"max\":12227,\"total\":21783,\"p0_001\":9559,\"p0_01\":9559,\"p0_1\":9559,\"p1\":9559,\"p2_5\":9559,\"p10\":9559,\"p25\":9559,\"p50\":9559,\"p75\":12231,\"p90\":12231,\"p97_5\":12231,\"p99\":12231,\"p99_9\":12231,\"p99_99\":12231,\"p99_999\":12231,\"sent\":21788},\"throughput\":{\"average\":1459712,\"mean\":1459712,\"stddev\":179200,\"min\":1280504,\"max\":1638418,\"total\":2918922,\"p0_001\":1281023,\"p0_01\":1281023,\"p0_1\":1281023,\"p1\":1281023,\"p2_5\":1281023,\"p10\":1281023,\"p25\":1281023,\"p50\":1281023,\"p75\":1639423,\"p90\":1639423,\"p97_5\":1639423,\"p99\":1639423,\"p99_9\":1639423,\"p99_99\":1639423,\"p99_999\":1639423}}\n";
static const char h2load[] =
    "starting benchmark...\n"
    "spawning thread #0: 10 total client(s). 2000 total requests\n"
    "Application protocol: http/1.1\n"
    "progress: 10% done\n"
    "progress: 20% done\n"
    "progress: 30% done\n"
    "progress: 40% done\n"
    "progress: 50% done\n"
    "progress: 60% done\n"
    "progress: 70% done\n"
    "progress: 80% done\n"
    "progress: 90% done\n"
    "progress: 100% done\n"
    "\n"
    "finished in 228.40ms, 8756.57 req/s, 1.12MB/s\n"
    "requests: 2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout\n"
    "status codes: 2000 2xx, 0 3xx, 0 4xx, 0 5xx\n"
    "traffic: 261.72KB (268000) total, 171.88KB (176000) headers (space savings 0.00%), 21.48KB (22000) data\n"
    "                     min         max         mean         sd        +/- sd\n"
    "time for request:      112us      7.19ms      1.13ms      1.39ms    87.25%\n"
    "time for connect:       90us       561us       287us       142us    70.00%\n"
    "time to 1st byte:     4.79ms      5.21ms      4.95ms       126us    70.00%\n"
    "req/s           :     877.48      886.36      882.51        3.11    50.00%\n";
static const char ab[] =
    "This is ApacheBench, Version 2.3 <$Revision$>\n"
    "Copyright 1996 Adam Twiss, Zeus Technology Ltd, http://www.zeustech.net/\n"
    "Licensed to The Apache Software Foundation, http://www.apache.org/\n"
    "\n"
    "Benchmarking 127.0.0.1 (be patient)\n"
    "\n"
    "\n"
    "Server Software:        \n"
    "Server Hostname:        127.0.0.1\n"
    "Server Port:            18302\n"
    "\n"
    "Document Path:          /\n"
    "Document Length:        11 bytes\n"
    "\n"
    "Concurrency Level:      10\n"
    "Time taken for tests:   0.844 seconds\n"
    "Complete requests:      2000\n"
    "Failed requests:        0\n"
    "Total transferred:      172000 bytes\n"
    "HTML transferred:       22000 bytes\n"
    "Requests per second:    2369.97 [#/sec] (mean)\n"
    "Time per request:       4.219 [ms] (mean)\n"
    "Time per request:       0.422 [ms] (mean, across all concurrent requests)\n"
    "Transfer rate:          199.04 [Kbytes/sec] received\n"
    "\n"
    "Connection Times (ms)\n"
    "              min  mean[+/-sd] median   max\n"
    "Connect:        0    0   0.1      0       2\n"
    "Processing:     0    4   4.6      3      40\n"
    "Waiting:        0    4   4.5      3      39\n"
    "Total:          1    4   4.6      3      40\n"
    "\n"
    "Percentage of the requests served within a certain time (ms)\n"
    "  50%      3\n"
    "  66%      4\n"
    "  75%      5\n"
    "  80%      6\n"
    "  90%      8\n"
    "  95%      9\n"
    "  98%     21\n"
    "  99%     33\n"
    " 100%     40 (longest request)\n";
static const char redis[] =
    "====== SET ======\n"
    "  20000 requests completed in 0.52 seconds\n"
    "  50 parallel clients\n"
    "  3 bytes payload\n"
    "  keep alive: 1\n"
    "  host configuration \"save\": \n"
    "  host configuration \"appendonly\": no\n"
    "  multi-thread: no\n"
    "\n"
    "Latency by percentile distribution:\n"
    "\n"
    "\n"
    "Summary:\n"
    "  throughput summary: 38095.24 requests per second\n"
    "  latency summary (msec):\n"
    "          avg       min       p50       p95       p99       max\n"
    "        0.859     0.064     0.823     1.247     2.335     4.903\n"
    " \n";
/* clang-format on */

#define MS(x) ((x)*1e6)

struct row {
    const char *text, *tool;
    double values[LOAD_FIELDS]; /* requests errors seconds rps connections mean p50 p90 p99 max */
};

static const struct row rows[] = {
    { wrk, "wrk",
        { 21090, 0, 1.00, 21075.63, 5, MS(0.70338), MS(0.153), MS(1.97), MS(8.77), MS(17.32) } },
    { wrk_errors, "wrk",
        { 16928, 37, 1.00, 16923.89, 5, MS(0.62681), (double)NAN, (double)NAN, (double)NAN,
            MS(15.23) } },
    { autocannon, "autocannon",
        { 18000, 0, 2.01, 8773, 5, MS(0.33), 0, (double)NAN, MS(6), MS(15) } },
    { autocannon_json, "autocannon", { 21783, 0, 2.02, 10892, 5, MS(0.16), 0, 0, MS(4), MS(22) } },
    { h2load, "h2load",
        { 2000, 0, 0.2284, 8756.57, 10, MS(1.13), (double)NAN, (double)NAN, (double)NAN,
            MS(7.19) } },
    { ab, "ab", { 2000, 0, 0.844, 2369.97, 10, MS(4), MS(3), MS(8), MS(33), MS(40) } },
    { redis, "redis-benchmark",
        { 20000, 0, 0.52, 20000 / 0.52, 50, MS(0.859), MS(0.823), (double)NAN, MS(2.335),
            MS(4.903) } },
};

static bool near(double value, double wanted)
{
    return isnan(wanted) ? isnan(value) : fabs(value - wanted) <= fabs(wanted) * 1e-9;
}

static void check(const struct row *row, struct slice text)
{
    struct load_report report;
    cr_assert(load_report_parse(text, &report), "%s", row->tool);
    cr_expect_str_eq(report.tool, row->tool);
    for (int i = 0; i < LOAD_FIELDS; i++)
        cr_expect(near(report.values[i], row->values[i]), "%s: value %d is %g, not %g", row->tool,
            i, report.values[i], row->values[i]);
}

Test(load_report, numbers_are_those_that_the_tools_print)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++)
        check(&rows[i], slice_of(rows[i].text));
}

Test(load_report, other_text_around_a_report_does_not_matter)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
        strbuf_addf(
            &text, "warming up\n50 requests in flight\n%s\ndone: 3 failed, 100%%\n", rows[i].text);
        check(&rows[i], strbuf_slice(&text));
    }
}

Test(load_report, of_two_runs_the_last_one_counts)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    strbuf_addf(&text, "%s%s", wrk_errors, wrk);
    check(&rows[0], strbuf_slice(&text));
}

Test(load_report, two_tests_in_one_have_no_percentile_in_common)
{
    PROF_CLEANUP(strbuf_done) struct strbuf text = STRBUF_INIT;
    struct load_report report;
    strbuf_addf(&text, "%s%s", redis, redis);
    cr_assert(load_report_parse(strbuf_slice(&text), &report));
    cr_expect(near(report.values[LOAD_REQUESTS], 40000));
    cr_expect(isnan(report.values[LOAD_P50_NS]) && isnan(report.values[LOAD_MAX_NS]));
}

Test(load_report, text_of_no_known_tool_is_passed_over)
{
    static const char *const texts[] = { "", "\n\n", "hello", "Latency 5 ms", "{\"a\": 1}",
        "{\"requests\": 1, \"latency\": 2, \"connections\": 3}", "Thread Stats ",
        "This is ApacheBench\nRequests per second: nonsense\n", "{", "Req/Bytes counts sampled" };
    struct load_report report = { .tool = "untouched" };
    for (size_t i = 0; i < PROF_ARRAY_LEN(texts); i++)
        cr_expect_not(load_report_parse(slice_of(texts[i]), &report), "'%s'", texts[i]);
    cr_expect_str_eq(report.tool, "untouched");
}

Test(load_report, every_cut_of_a_report_is_read_without_harm)
{
    for (size_t i = 0; i < PROF_ARRAY_LEN(rows); i++) {
        const struct slice whole = slice_of(rows[i].text);
        for (size_t len = 0; len < whole.len; len++) {
            struct load_report report;
            char *copy = strndup(whole.ptr, len); /* so that a sanitizer sees a read behind it */
            load_report_parse((struct slice){ copy, len }, &report);
            free(copy);
        }
    }
}

Test(load_report, progress_is_told_from_other_lines)
{
    double requests = -1;
    cr_expect(load_progress_parse(slice_of("Completed 2000 requests"), &requests));
    cr_expect(near(requests, 2000));
    cr_expect_not(load_progress_parse(slice_of("Completed all requests"), &requests));
    cr_expect_not(load_progress_parse(slice_of("Completed 5 things"), &requests));
}
