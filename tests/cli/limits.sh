#!/bin/sh
# SPDX-License-Identifier: MIT
# Little is allowed: few descriptors, little locked memory, little address space, small files, no perf
# events at all. Either it works, or one line says what to do; prof is never killed by a limit.
. "$(dirname "$0")/lib.sh"
need_sampling
need_command prlimit
works() { # name, options of prlimit...
    what=$1
    shift
    run prlimit "$@" "$PROF" flame -q -o "$what.html" -o "$what.txt" -- "$TARGETS/spin" 0.3
    want_status 0 "$what-status"
    want "$what-samples" grep -q hot_sixty "$what.txt"
}
works locked-memory --memlock=0
works descriptors --nofile=20
works address-space --as=200000000
run prlimit --nofile=8 "$PROF" flame -o x.html -- "$TARGETS/spin" 0.1
want_no_err 'unknown error' few-descriptors-are-named
if [ "$status" != 0 ]; then
    want_status 125 few-descriptors-status
    want_err 'hint: ' few-descriptors-hint
fi
run prlimit --fsize=3000 "$PROF" flame -o x.html -- "$TARGETS/spin" 0.1
want_status 125 file-size-status
want_err 'file too large' file-size
finish
