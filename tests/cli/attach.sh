#!/bin/sh
# SPDX-License-Identifier: MIT
# -p records a running process and lets it go on; so does Ctrl-C.
. "$(dirname "$0")/lib.sh"
need_sampling
"$TARGETS/spin" 20 > /dev/null 2>&1 &
target=$! leftover=$!
run "$PROF" flame -d 0.7 -o x.html -o x.folded -p "$target"
want_status 0
want goes-on kill -0 "$target"
want names-functions grep -q hot_sixty x.folded
want_page x.html page
cpu() { awk '{ print $14 + $15 }' "/proc/$target/stat"; }
before=$(cpu)
sleep 0.5
want keeps-working [ "$(cpu)" -gt "$before" ]
want not-stopped grep -qE '^State:.*[RS] ' "/proc/$target/status"
want not-traced grep -qE '^TracerPid:[[:space:]]0$' "/proc/$target/status"
setsid "$PROF" flame -o y.html -p "$target" > out 2> err < /dev/null &
prof=$!
leftover="$target $prof"
sleep 1
kill -INT "$prof"
wait "$prof"
status=$?
want_status 0 interrupted-status
want_page y.html interrupted-page
want still-goes-on kill -0 "$target"
run "$PROF" flame -d 0.2 -p "$target"
want_page "$(tail -n 1 err)" default-name-page
want default-name ls prof-flame-spin-*.html
"$PROF" flame -o z.html -o z.folded -p "$target" > out 2> err < /dev/null &
prof=$!
leftover="$target $prof"
sleep 0.7
kill -KILL "$target"
wait "$prof"
status=$?
want_status 0 target-killed-status
want_page z.html target-killed-page
want target-killed-samples grep -q hot_sixty z.folded
finish
