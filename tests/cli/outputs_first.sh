#!/bin/sh
# SPDX-License-Identifier: MIT
# An output that cannot be written is said before the target starts.
. "$(dirname "$0")/lib.sh"
refused() { # what, options...
    what=$1
    shift
    run "$PROF" flame "$@" -- touch "$work/ran"
    want_status 125 "$what-status"
    want_err 'cannot write' "$what"
    want "$what-nothing-ran" [ ! -e "$work/ran" ]
}
refused missing-folder -o nowhere/x.html
refused second-output -o good.html -o nowhere/x.txt
want first-output-is-not-left [ -z "$(ls | grep good)" ]
refused save --save nowhere/x.prof
: > plain
refused file-as-folder -o plain/x.html
if [ "$(id -u)" = 0 ]; then
    public_prof
    mkdir -m 755 locked
    run nobody "$work/prof-public" flame -o locked/x.html -- touch /tmp/never
    want_status 125 unwritable-status
    want_err 'permission denied' unwritable
    want_err '-o DIR/NAME' unwritable-hint
    run nobody sh -c "cd locked && ../prof-public flame -- true"
    want_status 125 default-name-status
    want_err 'permission denied' default-name
else
    mkdir -m 555 locked
    refused unwritable -o locked/x.html
fi
finish
