#!/bin/sh
# SPDX-License-Identifier: MIT
# A target that ends within 2 ms, or never uses the CPU: a report that says how few samples it has.
. "$(dirname "$0")/lib.sh"
need_sampling
run "$PROF" flame -o short.html -o short.json -- "$TARGETS/exit2ms"
want_status 7 short-status
want_page short.html short-page
want short-says-samples grep -q 'samples' err
run "$PROF" flame -o idle.html -o idle.txt --save idle.prof -- sleep 0.2
want_status 0 idle-status
want_page idle.html idle-page
want idle-says-samples grep -q 'samples' err
run "$PROF" report idle.prof --format text
want_status 0 idle-recording
run "$PROF" flame -q -o true.html -- true
want_page true.html true-page
finish
