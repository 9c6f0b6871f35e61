#!/bin/sh
# SPDX-License-Identifier: MIT
# Signals for the program reach it through prof, and a stopped program is let go on to end.
. "$(dirname "$0")/lib.sh"
need_sampling
cat > user.sh << 'SH'
trap 'echo got > got; exit 9' USR1
: > ready
while :; do :; done
SH
"$PROF" flame -q -o user.html -- sh user.sh 2> err &
leftover=$!
until_true [ -e ready ]
sleep 0.3
kill -USR1 $leftover
status=0
wait $leftover || status=$?
leftover=
want_status 9 user-signal-status
want user-signal-got-through [ -s got ]
want_page user.html user-signal-page
run "$PROF" flame -q -d 1 -o stopped.html -- sh -c 'trap "echo ended > ended; exit 0" TERM; kill -STOP $$; sleep 30'
want_status 0 stopped-status
want stopped-could-say-goodbye [ -s ended ]
want_page stopped.html stopped-page
finish
