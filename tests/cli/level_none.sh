#!/bin/sh
# SPDX-License-Identifier: MIT
# Where perf_event_open is refused, stacks come by stopping threads for a moment. The program notices
# nothing: its output, its signals and its exit status are its own.
. "$(dirname "$0")/lib.sh"
run "$TARGETS/denied" 1 true
[ "$status" = 0 ] || skip "seccomp filters are refused here"
run "$TARGETS/denied" 1 "$PROF" check --format json
if ! grep -q '"id":"stopped-stacks",[^}]*"available":true' out; then skip "ptrace is refused here"; fi

for errnum in 1 38; do
    run "$TARGETS/denied" "$errnum" "$PROF" flame -q -o x.folded -o x.html -o x.txt -- "$TARGETS/spin" 1
    want_status 0 "flame-$errnum"
    want "names-$errnum" grep -q 'main;.*hot_sixty' x.folded
    want "says-what-is-missing-$errnum" grep -q 'cap-add PERFMON' x.txt
    want_page x.html "page-$errnum"
done

run "$TARGETS/denied" 1 "$PROF" flame -q -o x.folded -- sh -c 'kill -USR1 $$; exit 3'
want_status 138 signal-is-passed-on
run "$TARGETS/denied" 1 "$PROF" flame -q -o x.folded -- sh -c 'trap "echo caught" USR1; kill -USR1 $$; exit 3'
want_status 3 exit-status
want_out caught handler-runs
run "$TARGETS/denied" 1 "$PROF" flame -q -o x.folded -- sh -c 'i=0; while [ $i -lt 50 ]; do /bin/true; i=$((i + 1)); done; echo done'
want_out 'done' children-come-and-go
run "$TARGETS/denied" 1 "$PROF" flame -q -o x.folded -- sh -c '(sleep 0.3; kill -CONT $$) & kill -STOP $$; wait; echo again'
want_out again stopped-and-continued
run "$TARGETS/denied" 1 "$PROF" flame -q -o x.folded -- "$TARGETS/threads"
want_status 0 threads
run "$TARGETS/denied" 1 "$PROF" flame -q -o x.folded -- "$TARGETS/nosuch"
want_status 127 no-such-program

# Attached and let go.
"$TARGETS/spin" 20 > /dev/null 2>&1 &
leftover=$!
run "$TARGETS/denied" 1 "$PROF" flame -q -d 0.5 -o y.folded -p "$leftover"
want_status 0 attach-status
want attach-names grep -q hot_sixty y.folded
want attached-goes-on kill -0 "$leftover"
want not-traced-any-more grep -q 'TracerPid:[[:space:]]*0$' "/proc/$leftover/status"

# prof is killed: what it observes goes on.
"$TARGETS/denied" 1 "$PROF" flame -q -o z.folded -p "$leftover" 2> /dev/null &
killed=$!
until_true grep -q "TracerPid:[[:space:]]*[1-9]" "/proc/$leftover/status"
sleep 0.2
kill -KILL "$killed"
wait "$killed" 2> /dev/null
sleep 0.2
want survives-prof kill -0 "$leftover"
want survives-running grep -q 'State:[[:space:]]*[RS]' "/proc/$leftover/status"
kill "$leftover"
leftover=

# The doctor finds what is left to find, and names what is not.
run "$TARGETS/denied" 1 "$PROF" doctor -q -d 3 -o d.json -- "$TARGETS/spin" 20
want_file d.json doctor
want doctor-level grep -q '"level": *"none"' d.json
want doctor-says grep -q 'cap-add PERFMON' d.json

# Without ptrace as well: no flame graph, but a diagnosis.
run "$TARGETS/denied" -t 1 "$PROF" flame -q -o n.html -- sh -c 'echo ran > ran'
want_status 125 nothing-status
want_err 'hint: ' nothing-hint
want target-did-not-run [ ! -e ran ]
run "$TARGETS/denied" -t 1 "$PROF" doctor -q -d 3 -o n.json -- "$TARGETS/spin" 20
want_file n.json doctor-without-samples
finish
