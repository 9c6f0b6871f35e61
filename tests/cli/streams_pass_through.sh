#!/bin/sh
# SPDX-License-Identifier: MIT
# Standard input and output are the target's; prof speaks on standard error, and not at all with -q.
. "$(dirname "$0")/lib.sh"
need_sampling
printf 'one\ntwo\n' > in
"$PROF" flame -o x.html -- cat < in > out 2> err
want same-bytes cmp -s in out
want path-is-the-last-line [ "$(tail -n 1 err)" = x.html ]
run "$PROF" flame -q -o x.html -- "$TARGETS/spin" 0.3
want quiet-says-nothing [ ! -s err ]
run "$PROF" flame -o x.html -- sh -c 'echo to stderr >&2'
want_err 'to stderr' stderr-passes
sh -c 'ls /proc/self/fd' > plain
"$PROF" flame -q -o x.html --save x.prof -- sh -c 'ls /proc/self/fd' > out 2> err
want no-descriptors-leak cmp -s plain out
run "$PROF" flame -o x.html -- "$TARGETS/spin" 0.5
want_err 'hot_sixty' summary-names-the-hottest
want_err 'spin.c:' summary-says-where
want no-progress-without-a-terminal sh -c '! grep -q "$(printf "\033")" err'
finish
