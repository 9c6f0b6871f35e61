#!/bin/sh
# SPDX-License-Identifier: MIT
# kill -9 on prof itself: what was recorded until then can be reported.
. "$(dirname "$0")/lib.sh"
need_sampling
"$PROF" record -o cut.prof -F 1999 -- "$TARGETS/spin" 30 > /dev/null 2> err &
prof=$!
leftover=$prof
sleep 7.5
kill -KILL "$prof"
wait "$prof" 2> /dev/null
want there [ -s cut.prof ]
if python3 -c 'import os; os.open(".", os.O_TMPFILE | os.O_WRONLY)' 2> /dev/null; then
    want nothing-half-done-is-left [ "$(ls cut* | wc -l)" = 1 ]
fi
run "$PROF" report cut.prof --format text
want_status 0 readable
want says-that-it-is-cut grep -q 'ends early' out
run "$PROF" report cut.prof --format folded
want most-samples [ "$(awk '{ n += $NF } END { print n + 0 }' out)" -gt 1000 ]
run "$PROF" report cut.prof --view doctor --format json
want how-long-it-was python3 -c 'import json
assert 1e9 <= json.load(open("out"))["run"]["duration_ns"] <= 60e9'
sleep 0.5
for pid in $(pgrep -f "^$TARGETS/spin 30\$"); do leftover="$leftover $pid"; done
finish
