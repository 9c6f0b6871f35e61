#!/bin/sh
# SPDX-License-Identifier: MIT
# A disk that fills up: the target runs on undisturbed, what fits is kept and readable, prof says so
# and ends with 125.
. "$(dirname "$0")/lib.sh"
need_sampling
if [ -w /dev/full ]; then
    run "$PROF" flame -o /dev/full --format html -o good.html -- sh -c 'echo ran > ran'
    want_status 125 device-status
    want_err 'no space left on device' device
    want target-ran [ -s ran ]
    want_page good.html the-other-output-is-written
fi
[ "$(id -u)" = 0 ] || skip "a small file system needs root"
mkdir small
mount -t tmpfs -o size=128k tmpfs small 2> /dev/null || skip "cannot mount a small file system"
mounted=$work/small
run "$PROF" flame -o small/x.html -o good.txt --save small/x.prof -F 4999 -- "$TARGETS/spin" 1
cp small/x.prof kept.prof 2> /dev/null
want_file good.txt other-outputs-are-written
"$PROF" report -q kept.prof --format folded > kept.folded 2> kept.err
want what-was-recorded-is-readable [ -s kept.folded ]
head -c 200000 /dev/zero > small/filler 2> /dev/null
run "$PROF" flame -o small/y.html -o good2.txt -- "$TARGETS/spin" 0.3
want_status 125 report-status
want_err 'no space left on device' report
want_file good2.txt report-others
want no-half-page [ ! -e small/y.html ]
want_no_err 'what was recorded is kept' report-needs-no-rescue
run "$PROF" flame -o small/y.html -- "$TARGETS/spin" 0.3
want_status 125 lonely-report-status
rescued=$(sed -n 's/^what was recorded is kept: prof report \(.*\) -o FILE$/\1/p' err)
want lonely-report-is-rescued [ -s "$rescued" ]
want lonely-report-is-not-named sh -c '! grep -q "^small/y.html$" err'
run "$PROF" report -q "$rescued" --format folded
want_out hot_sixty rescued-recording-is-whole
rm -f "$rescued"
run "$PROF" record -o small/y.prof -- "$TARGETS/spin" 0.3
want_status 125 lonely-recording-status
rescued=$(sed -n 's/^what was recorded is kept: prof report \(.*\) -o FILE$/\1/p' err)
want lonely-recording-is-rescued [ -s "$rescued" ]
rm -f "$rescued"
run "$PROF" flame -q -o good3.txt --save small/z.prof -- sh -c 'exit 0'
want_status 125 recording-status
finish
