#!/bin/sh
# SPDX-License-Identifier: MIT
# A wrong value is refused before anything runs, with what would be right.
. "$(dirname "$0")/lib.sh"
refused() { # what, text in the message, words...
    what=$1 text=$2
    shift 2
    run "$PROF" flame "$@" -- touch "$work/ran"
    want_status 2 "$what-status"
    want_err "$text" "$what"
    want "$what-nothing-ran" [ ! -e "$work/ran" ]
}
refused rate-zero 'from 1 to 20000' -F 0
refused rate-huge 'from 1 to 20000' -F 20001
refused rate-word "'fast'" --rate=fast
refused rate-negative "'-5'" --rate=-5
refused duration-word "'soon'" -d soon
refused duration-zero "'0'" --duration 0
refused duration-nan "'nan'" --duration nan
refused duration-unit "'3days'" --duration 3days
refused pid-word "'redis'" -p redis
refused stack-huge '65528' --stack-size 64K
refused format-unknown 'one of:' --format svg
refused sampler-unknown 'one of:' --sampler gdb
refused unwinder-unknown 'one of:' --unwinder magic
refused flag-with-value 'takes no value' --open=yes
refused unknown-ending '--format' -o report.docx
run "$PROF" flame -o
want_status 2 value-missing-status
want_err "'--output' needs a value" value-missing
run "$PROF" flame
want_status 2 no-program-status
want_err 'no program to run' no-program
run "$PROF" flame -p 1 -- true
want_status 2 pid-and-program-status
want_err 'both --pid and a program' pid-and-program
finish
