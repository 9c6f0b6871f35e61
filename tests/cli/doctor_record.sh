#!/bin/sh
# SPDX-License-Identifier: MIT
# Recording for the doctor leaves the target and the machine as they were, and outlives the target.
. "$(dirname "$0")/lib.sh"
need_sampling
mounts=$(wc -l < /proc/mounts)
"$TARGETS/spin" 20 > /dev/null 2>&1 &
target=$! leftover=$!
run "$PROF" doctor -d 1.5 -o x.json --save x.prof -p "$target"
want_status 0
want goes-on kill -0 "$target"
want not-traced grep -qE '^TracerPid:[[:space:]]0$' "/proc/$target/status"
want not-stopped grep -qE '^State:.*[RS] ' "/proc/$target/status"
want mounts-nothing [ "$(wc -l < /proc/mounts)" = "$mounts" ]
run "$PROF" report -o y.json x.prof
want_status 0 reported-again
"$PROF" doctor -o z.json -p "$target" > out 2> err < /dev/null &
prof=$!
leftover="$target $prof"
sleep 1.2
kill -KILL "$target"
wait "$prof"
status=$?
want_status 0 target-killed-status
want target-killed-report grep -q '"verdict"' z.json
mkfifo never
run timeout 20 "$PROF" doctor -d 1 -o w.json -- sh -c 'cat never; exit 3'
want ends-a-target-that-waits grep -q '"verdict"' w.json
finish
