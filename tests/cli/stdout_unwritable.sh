#!/bin/sh
# SPDX-License-Identifier: MIT
# An answer that could not be written is an error, not a success.
. "$(dirname "$0")/lib.sh"
[ -w /dev/full ] || skip "no /dev/full"
printf 'main;work 3\n' > in.folded
for words in 'version' 'help flame' 'check' 'report -q in.folded --format folded'; do
    status=0
    "$PROF" $words > /dev/full 2> err || status=$?
    want_status 125 "status $words"
    want_err 'no space left on device' "said $words"
done
status=0
"$PROF" report -q in.folded --format folded >&- 2> err || status=$?
want "closed-stdout-does-not-reach-another-file" [ ! -s in.folded.new ]
want_status 125 closed-stdout-status
want_err 'bad file descriptor' closed-stdout-is-said
finish
