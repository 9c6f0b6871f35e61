#!/bin/sh
# SPDX-License-Identifier: MIT
# A process that is dead, a thread, or somebody else's: one line, what to do, status 125.
. "$(dirname "$0")/lib.sh"
sh -c 'exit 0' &
dead=$!
wait "$dead"
run "$PROF" flame -o x.html -p "$dead"
want_status 125 dead-status
want_err "no process has the id $dead" dead
want_err 'pgrep' dead-hint
want dead-no-output [ ! -e x.html ]
if [ "$(id -u)" = 0 ]; then
    public_prof
    run nobody "$work/prof-public" flame -o /tmp/never.html -p $$
    want_status 125 foreign-status
    want_err 'another user' foreign
    want_err 'sudo' foreign-hint
    want foreign-no-output [ ! -e /tmp/never.html ]
fi
"$TARGETS/threads" 5 > /dev/null 2>&1 &
leftover=$!
if until_true sh -c "[ \$(ls /proc/$leftover/task | wc -l) -gt 1 ]"; then
    thread=$(ls "/proc/$leftover/task" | grep -vx "$leftover" | head -n 1)
    run "$PROF" flame -o x.html -p "$thread"
    want_status 125 thread-status
    want_err "-p $leftover" thread-hint
fi
finish
