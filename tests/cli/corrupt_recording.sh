#!/bin/sh
# SPDX-License-Identifier: MIT
# FILE.prof cut anywhere is read up to its last whole chunk, and the report says so; a damaged one
# never crashes prof.
. "$(dirname "$0")/lib.sh"
awk 'BEGIN { for (i = 0; i < 4000; i++) printf "main;f%d;g%d %d\n", i % 97, i, i % 7 + 1 }' > in.folded
run "$PROF" report -q in.folded -o whole.prof
want_status 0 made
size=$(wc -c < whole.prof)
crashed=0 said=0 read=0
for percent in 0 1 5 10 25 50 75 90 95 99; do
    head -c $((size * percent / 100)) whole.prof > cut.prof
    run "$PROF" report cut.prof --format text
    case $status in
    0)  read=$((read + 1))
        grep -q 'ends early' out && said=$((said + 1)) ;;
    125) grep -q '^prof: ' err || crashed=$((crashed + 1)) ;;
    *) crashed=$((crashed + 1)) ;;
    esac
done
want cut-never-crashes [ "$crashed" = 0 ]
want cut-is-said-when-it-is-read [ "$said" = "$read" ]
crashed=0
for at in 0 3 8 16 40 100 300 900; do
    [ "$at" -lt "$size" ] || continue
    { head -c "$at" whole.prof; printf '\377'; tail -c +"$((at + 2))" whole.prof; } > bad.prof
    run "$PROF" report bad.prof --format folded
    [ "$status" = 0 ] || [ "$status" = 125 ] || crashed=$((crashed + 1))
done
want damage-never-crashes [ "$crashed" = 0 ]
run "$PROF" report whole.prof --format folded
cp out again.folded
run "$PROF" report in.folded --format folded
want whole-is-whole cmp -s out again.folded
finish
