#!/bin/sh
# SPDX-License-Identifier: MIT
# A report that cannot be written leaves the previous one as it was, and no half file beside it.
. "$(dirname "$0")/lib.sh"
printf 'main;a 1\nbroken\n' > bad.folded
echo precious > report.html
run "$PROF" report bad.folded -o report.html
want_status 125
want kept [ "$(cat report.html)" = precious ]
want no-leftovers [ "$(ls | grep -c '^report.html')" = 1 ]
ln -s elsewhere link.html
printf 'main;a 1\n' > good.folded
run "$PROF" report -q good.folded -o link.html
want link-is-replaced-not-followed [ ! -e elsewhere ]
want_page link.html written
finish
