#!/bin/sh
# SPDX-License-Identifier: MIT
# A process whose main thread has ended is alive as long as another thread is; a real zombie is not.
. "$(dirname "$0")/lib.sh"
need_sampling
"$TARGETS/leaderless" 20 > /dev/null 2>&1 &
leftover=$!
until_true grep -q '^State:.*Z' "/proc/$leftover/status"
run "$PROF" flame -d 0.7 -o x.html -o x.folded -p "$leftover"
want_status 0
want names grep -q 'work_on;burn' x.folded
want goes-on kill -0 "$leftover"
kill -KILL "$leftover"
wait "$leftover" 2> /dev/null
leftover=
need_command python3
cat > zombie.py << 'PY'
import os, time
pid = os.fork()
if pid == 0:
    os._exit(0)
print(pid, flush=True)
time.sleep(20)
PY
python3 zombie.py > pid &
leftover=$!
until_true [ -s pid ]
until_true grep -q '^State:.*Z' "/proc/$(cat pid)/status"
run "$PROF" flame -d 0.7 -o x.html -p "$(cat pid)"
want_status 125 zombie-status
want_err 'has ended already' zombie
finish
