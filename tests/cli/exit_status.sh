#!/bin/sh
# SPDX-License-Identifier: MIT
# The target's exit status is passed on, 128 + N for a signal; 0 when prof itself ended the target.
. "$(dirname "$0")/lib.sh"
need_sampling
for code in 0 1 2 3 42 125 255; do
    run "$PROF" flame -q -o x.html -- sh -c "exit $code"
    want_status "$code" "exit $code"
done
for signal in 6 9 11 15; do
    run "$PROF" flame -q -o x.html -- sh -c "kill -$signal \$\$"
    want_status $((128 + signal)) "signal $signal"
    want_page x.html "report of signal $signal"
done
run "$PROF" flame -q -o x.html -d 0.2 -- sleep 30
want_status 0 stopped-by-prof
run "$PROF" flame -q -o x.html -- "$TARGETS/killed" 0.3
want_status 137 killed-while-working
run "$PROF" report x.html
want_status 125 a-page-is-no-input
finish
