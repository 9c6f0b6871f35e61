#!/bin/sh
# SPDX-License-Identifier: MIT
# prof record keeps what prof report draws later: the same functions, on a machine without the
# program.
. "$(dirname "$0")/lib.sh"
need_sampling
cp "$TARGETS/spin" here
run "$PROF" record -o spin.prof -- ./here 0.7
want_status 0
want path-is-the-last-line [ "$(tail -n 1 err)" = spin.prof ]
want mode [ "$(stat -c %a spin.prof)" = 600 ]
rm here
for output in html txt json folded pb.gz speedscope.json; do
    run "$PROF" report spin.prof -o "spin.$output"
    want_status 0 "status $output"
    want_file "spin.$output" "file $output"
done
want names grep -q 'main;.*hot_sixty' spin.folded
want source-lines grep -q 'spin.c' spin.txt
run "$PROF" record -- "$TARGETS/spin" 0.2
want default-name ls prof-record-spin-*.prof
run "$PROF" record --save one.prof -- true
want save-is-enough [ "$(ls *.prof | wc -l)" = 3 ]
finish
