#!/bin/sh
# SPDX-License-Identifier: MIT
# Ctrl-C reaches the target once, the second one kills it, and the report is written each time. The
# keyboard is imitated by signals to a process group of its own, as a terminal sends them.
. "$(dirname "$0")/lib.sh"
need_sampling
need_command python3
# A shell starts background jobs with SIGINT ignored; a terminal does not.
cat > group.py << 'PY'
import os, signal, subprocess, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
child = subprocess.Popen(sys.argv[1:], start_new_session=True, stdin=subprocess.DEVNULL)
print(child.pid, flush=True)
code = child.wait()
print(128 - code if code < 0 else code, flush=True)
PY
start() {
    rm -f pid ready
    python3 group.py "$@" > pid 2> err &
    runner=$!
    until_true [ -s pid ]
    group=$(head -n 1 pid)
    leftover="$runner"
}
finish_run() { # what, wanted status
    wait "$runner"
    status=$(sed -n 2p pid)
    want_status "$2" "$1-status"
}
cat > polite.sh << 'SH'
trap 'echo bye > said; exit 5' INT
: > ready
while :; do :; done
SH
start "$PROF" flame -o once.html -- sh polite.sh
want polite-starts until_true [ -e ready ]
sleep 0.5
kill -INT -"$group"
finish_run once 5
want once-target-got-it [ -s said ]
want_page once.html once-page
cat > stubborn.sh << 'SH'
trap 'echo no >> refused' INT
: > ready
while :; do :; done
SH
start "$PROF" flame -o twice.html --save twice.prof -- sh stubborn.sh
want stubborn-starts until_true [ -e ready ]
sleep 0.5
kill -INT -"$group"
want once-is-not-enough until_true [ -s refused ]
want prof-waits kill -0 "$group"
kill -INT -"$group"
finish_run twice 137
want_page twice.html twice-page
run "$PROF" report twice.prof --format folded
want_status 0 twice-recording
want twice-samples [ -s out ]
start "$PROF" flame -o plain.html -- "$TARGETS/spin" 30
sleep 0.8
kill -INT -"$group"
finish_run plain 130
want_page plain.html plain-page
start "$PROF" flame -o term.html -- "$TARGETS/spin" 30
sleep 0.8
kill -TERM "$group"
wait "$runner"
want_page term.html terminated-page
want terminated-target-too sh -c '! pgrep -s "$0" -x spin > /dev/null' "$group"
finish
