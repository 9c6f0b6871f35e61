#!/bin/sh
# SPDX-License-Identifier: MIT
# prof doctor: a verdict on the terminal, every output from one run and again from FILE.prof, the
# statuses of --fail-on, and what it says when there is nothing to judge. Whether verdicts are right
# is tests/truth's business.
. "$(dirname "$0")/lib.sh"

# Before there is a target: position and what was expected; nothing was run.
run "$PROF" doctor --fail-on 'loop_p99>>50ms' -- touch started
want_status 2 wrong-condition
want_err "position 10: expected a number, found '>50ms'" its-position
want_err "hint: for example 'severity>=warning'" its-hint
want nothing-was-run [ ! -e started ]
run "$PROF" doctor --fail-on 'id:no-such-rule' -- touch started
want_status 2 wrong-rule
run "$PROF" flame --fail-on 'severity>=warning' -- true
want_status 2 not-for-flame
run "$PROF" report nosuch.prof --view nonsense
want_status 2 wrong-view

need_sampling

run "$PROF" doctor -o short.json -- true
want_status 0 short
want_err 'verdict: cannot-tell' short-verdict
want_err '10 s needed' how-long-it-takes
want short-json grep -q '"verdict":"cannot-tell"' short.json
run "$PROF" doctor -q -o short.json --fail-on 'severity>=warning' -- true
want_status 122 undecided-when-too-short
want_err "'severity>=warning' cannot be decided" why-undecided

# One run, all outputs; the target's own status is passed on.
run "$PROF" doctor -o all.html -o all.json -o all.md -o all.xml -o all.github -o all.txt \
    -o all.folded -o all.speedscope.json -o all.prof -- sh -c "'$TARGETS/spin' 3; exit 7"
want_status 7 passed-on
want path-is-the-last-line [ "$(tail -n 1 err)" = all.prof ]
want_page all.html page
want_file all.folded folded
want json-is-the-doctors grep -q '"findings":' all.json
want speedscope-is-the-flames grep -q 'speedscope.app/file-format-schema' all.speedscope.json
want default-rate [ "$("$PROF" report all.prof --view flame --format json -o - -q |
    sed -n 's/.*"rate_hz":\([0-9]*\).*/\1/p')" = 199 ]

# Again from the recording: the same bytes, but for the time that the report takes.
for ending in json md xml github txt; do
    run "$PROF" report -q all.prof -o "again.$ending"
    want_status 0 "report $ending"
    want "same $ending" cmp -s "all.$ending" "again.$ending"
done
run "$PROF" report all.prof -o again.html
want_page again.html page-again
want_err 'verdict: ' verdict-again
run "$PROF" report -q all.prof --view flame -o flame.json
want flame-of-a-doctors-recording grep -q '"functions":' flame.json
run "$PROF" report -q all.prof --view flame --format junit -o flame.xml
want_status 2 junit-is-the-doctors
want_err '--view doctor' hint-of-the-view

# Conditions on a recording.
run "$PROF" report -q all.prof -o x.json --fail-on 'cpu_cores>0.01'
want_status 123 holds
want_err "'cpu_cores>0.01' holds: cpu_cores is" why-it-holds
run "$PROF" report -q all.prof -o x.json --fail-on 'cpu_cores>1000'
want_status 0 holds-not
run "$PROF" report -q all.prof -o x.json --fail-on 'latency_p99>1ms'
want_status 122 undecided
want_err 'latency_p99 was not recorded' what-was-not-recorded
run "$PROF" report -q all.prof -o x.json --fail-on 'latency_p99>1ms' --fail-on 'rss_max>1KB'
want_status 123 one-that-holds-wins

# A flame recording asked for the doctor: what it did not record is said.
run "$PROF" record -q -o flame.prof -- "$TARGETS/spin" 0.5
run "$PROF" report flame.prof --view doctor -o asked.json
want_status 0 asked
want asked-says-what-is-missing grep -q '"not_seen":\[{"what":' asked.json
run "$PROF" report -q flame.prof -o plain.json
want flame-stays-flame grep -q '"functions":' plain.json

# Names from the target reach the terminal without their control bytes.
cp "$TARGETS/spin" "$(printf 'sp\033[31min')"
run "$PROF" doctor -o x.json -- "$(printf './sp\033[31min')" 0.3
want no-escape-of-the-target [ "$(tr -dc '\033' < err | wc -c)" = 0 ]
finish
