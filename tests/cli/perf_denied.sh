#!/bin/sh
# SPDX-License-Identifier: MIT
# Where perf_event_open is refused and asked for by name, the target does not start, and the line says
# what would allow it.
. "$(dirname "$0")/lib.sh"
for errnum in 1 13 38; do
    run "$TARGETS/denied" "$errnum" "$PROF" flame --sampler perf -o x.html --save x.prof -- \
        sh -c 'echo ran > ran'
    [ "$status" != 2 ] || skip "seccomp filters are refused here"
    want_status 125 "launch-status-$errnum"
    want_err 'level none' "launch-level-$errnum"
    want_err 'hint: ' "launch-hint-$errnum"
    want "target-did-not-run-$errnum" [ ! -e ran ]
    want "nothing-left-$errnum" sh -c '! ls | grep -q "^x\."'
    sleep 20 &
    leftover=$!
    run "$TARGETS/denied" "$errnum" "$PROF" flame --sampler perf -o x.html -p "$leftover"
    want_status 125 "attach-status-$errnum"
    want_err 'level none' "attach-level-$errnum"
    want "attached-goes-on-$errnum" kill -0 "$leftover"
    kill "$leftover"
    leftover=
done
run "$TARGETS/denied" 1 "$PROF" check
want_out 'level none' check
finish
