#!/bin/sh
# SPDX-License-Identifier: MIT
# An ordinary user records own processes, and reads what the report lacks and how to get it.
. "$(dirname "$0")/lib.sh"
need_root
public_prof
mkdir -m 777 box
cp "$TARGETS/spin" box/spin
chmod 755 box/spin
cd box
level=$(nobody ../prof-public check --format json | sed -n 's/.*"level":"\([a-z]*\)".*/\1/p')
[ "$level" = user ] || skip "level for ordinary users is '$level'"
run nobody ../prof-public flame -o x.html -o x.folded -o x.txt -- ./spin 0.6
want_status 0
want_page x.html page
want names grep -q 'main;.*hot_sixty' x.folded
want owner [ "$(stat -c %u x.html)" = 65534 ]
want says-what-is-missing grep -qi 'kernel' x.txt
nobody ./spin 10 > /dev/null 2>&1 &
leftover=$!
sleep 0.3
target=$(pgrep -P "$leftover" spin || echo "$leftover")
run nobody ../prof-public flame -d 0.5 -o y.folded -p "$target"
want_status 0 attach-status
want attach-names grep -q hot_sixty y.folded
# Clocks of threads start anew with each: a process that ends before its first sample is due has none.
cd "$work" || exit
run nobody ./prof-public flame -o box/many.html -- sh -c 'box/spin 0.2; i=0; while [ $i -lt 400 ]; do /bin/true; i=$((i + 1)); done'
want_err 'some of the CPU time has no samples' short-processes-are-said
finish
