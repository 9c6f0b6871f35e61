#!/bin/sh
# SPDX-License-Identifier: MIT
# A program that is missing gives 127, one that cannot be executed 126; no report, no leftovers.
. "$(dirname "$0")/lib.sh"
need_sampling
nothing_left() { want "$1-leaves-nothing" [ -z "$(ls | grep '^x\.')" ]; }
run "$PROF" flame -o x.html --save x.prof -- prof-no-such-program
want_status 127 missing-status
want_err "'prof-no-such-program'" missing
nothing_left missing
run "$PROF" flame -o x.html -- ./nowhere/program
want_status 127 missing-path-status
echo 'not a program' > plain
run "$PROF" flame -o x.html -- ./plain
want_status 126 not-executable-status
want_err 'chmod +x' not-executable-hint
nothing_left not-executable
run "$PROF" flame -o x.html -- "$work"
want_status 126 folder-status
printf '#!/no/such/interpreter\n' > prof-local
chmod +x prof-local
run "$PROF" flame -o x.html -- ./prof-local
want_status 127 interpreter-status
want_err 'not the interpreter that it names' interpreter-hint
nothing_left interpreter
echo precious > old.prof
run "$PROF" flame --save old.prof -o x.html -- ./prof-local
want an-older-recording-stays [ "$(cat old.prof)" = precious ]
run "$PROF" flame -o x.html -- prof-local
want_err './prof-local' this-folder-is-hinted-at
run "$PROF" flame -o x.html -- ''
want_status 127 empty-name-status
finish
