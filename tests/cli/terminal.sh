#!/bin/sh
# SPDX-License-Identifier: MIT
# On a terminal there is a progress line, and it is gone in the end. Names never bring control bytes.
. "$(dirname "$0")/lib.sh"
need_sampling
need_command python3
cat > terminal.py << 'PY'
import os, pty, sys
out = b""
def read(fd):
    global out
    data = os.read(fd, 65536)
    out += data
    return data
status = pty.spawn(sys.argv[2:], read, lambda fd: b"")
open(sys.argv[1], "wb").write(out)
sys.exit(os.waitstatus_to_exitcode(status))
PY
python3 terminal.py seen "$PROF" flame -o x.html -- "$TARGETS/spin" 1.2 > /dev/null 2>&1
want progress grep -q 'samples, 0 lost' seen
want path-last [ "$(tail -n 1 seen | tr -d '\r')" = x.html ]
python3 terminal.py quiet "$PROF" flame -q -o x.html -- sh -c "'$TARGETS/spin' 0.8 > /dev/null" > /dev/null 2>&1
want quiet [ ! -s quiet ]
python3 terminal.py prompt "$PROF" flame -o x.html -- sh -c "printf 'your name: '; sleep 0.8" > /dev/null 2>&1
want prompt-stays sh -c '! grep -qE "$(printf "\r\033\\[K|\033\\[2K|\033\\[1G")" prompt'
want prompt-gets-its-cursor-back [ "$(grep -o "$(printf '\0337')" prompt | wc -l)" = "$(grep -o "$(printf '\0338')" prompt | wc -l)" ]
printf 'main;\033[31mred\007;\342\200\256gnp.exe 5\n' > hostile.folded
run "$PROF" report hostile.folded -o x.txt
want no-escapes-on-stderr sh -c '! grep -q "[[:cntrl:]]" err'
want no-escapes-in-text sh -c '! tr -d "\n" < x.txt | grep -q "[[:cntrl:]]"'
run "$PROF" flame "$(printf 'no\033[2Jsuch')"
want no-escapes-in-errors sh -c '! grep -q "[[:cntrl:]]" err'
finish
