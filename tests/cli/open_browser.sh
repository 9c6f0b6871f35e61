#!/bin/sh
# SPDX-License-Identifier: MIT
# --open hands the page to xdg-open, detached; without it prof says what to do.
. "$(dirname "$0")/lib.sh"
printf 'main;a 1\n' > in.folded
mkdir bin
printf '#!/bin/sh\necho "$1" > %s/opened\n' "$work" > bin/xdg-open
chmod +x bin/xdg-open
run env PATH="$work/bin:$PATH" "$PROF" report -q in.folded -o page.html --open
want_status 0
want opened until_true [ -s opened ]
want absolute-path [ "$(cat opened)" = "$work/page.html" ]
run env PATH=/nonexistent "$PROF" report -q in.folded -o page.html --open
want_status 0 missing-status
want_err 'xdg-utils' missing-is-said
want_page page.html still-written
finish
