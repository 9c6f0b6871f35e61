#!/bin/sh
# SPDX-License-Identifier: MIT
# --duration, --delay, --rate and --on-port choose what is recorded.
. "$(dirname "$0")/lib.sh"
need_sampling
samples() { awk '{ n += $NF } END { print n + 0 }' "$1"; }
number() { "$PROF" report -q "$1" --format json | tr ',{}' '\n\n\n' | sed -n "s/^\"$2\":\([0-9]*\).*/\1/p" | head -n 1; }
run "$PROF" flame -q -F 199 -o rate.prof -- "$TARGETS/spin" 0.4
want rate [ "$(number rate.prof rate_hz)" = 199 ]
run "$PROF" flame -q -d 0.5 -o d.folded --save d.prof -- "$TARGETS/spin" 30
want_status 0 duration-status
want duration-ends-early [ "$(samples d.folded)" -lt 1500 ]
want duration-samples [ "$(samples d.folded)" -gt 20 ]
run "$PROF" flame -q --delay 2 -o late.folded -- \
    sh -c "timeout 1 '$TARGETS/spin' 30; sleep 2; '$TARGETS/killed' 0.3"
want delay-leaves-out-what-was-before sh -c '! grep -q hot_sixty late.folded'
want delay-keeps-what-comes-after grep -q doomed_work late.folded
run "$PROF" flame -q --delay 60 -o none.folded --save none.prof -- true
want_status 0 delay-longer-than-the-run
need_command node
run "$PROF" flame -o port.html -o port.folded --on-port \
    'for i in 1 2 3 4 5 6; do node -e "require(\"http\").get(\"http://127.0.0.1:$PORT/fib/27\", r => r.resume())"; done' \
    -- node "$root/tests/targets/server.js" 21171
want_status 0 on-port-status
want on-port-saw-the-load grep -q fibonacci port.folded
run "$PROF" flame -o fail.html --on-port 'exit 3' -- node "$root/tests/targets/server.js" 21172
want_err 'failed with status 3' on-port-failure-is-said
finish
