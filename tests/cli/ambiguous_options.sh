#!/bin/sh
# SPDX-License-Identifier: MIT
# Without -- the program's words are its own, unless one could be meant for prof: then prof asks.
. "$(dirname "$0")/lib.sh"
run "$PROF" flame gcc -o a.out a.c
want_status 2
want_err "'-o' could be an option of prof or of 'gcc'" said
want_err 'prof flame [options] -- gcc' how-to-say-it
run "$PROF" flame nosuchprogram --format=json
want_status 2 long-status
run "$PROF" flame nosuchprogram -- -o x
want_status 127 behind-the-program-all-is-its-own
run "$PROF" flame nosuchprogram --port 80
want_status 127 a-foreign-option-is-passed-on
finish
