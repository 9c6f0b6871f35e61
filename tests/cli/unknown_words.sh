#!/bin/sh
# SPDX-License-Identifier: MIT
# A mistyped command or option gets the nearest right one and status 2.
. "$(dirname "$0")/lib.sh"
run "$PROF" flaem -- true
want_status 2 command-status
want_err "unknown command 'flaem'" command
want_err "did you mean 'prof flame'?" command-nearest
run "$PROF" flame --titel x -- true
want_status 2 option-status
want_err "unknown option '--titel'" option
want_err "did you mean '--title'?" option-nearest
run "$PROF" flame --formt=json -- true
want_err "did you mean '--format'?" option-with-value
run "$PROF" flame --zzzzzzzz -- true
want_status 2 nothing-near-status
want_no_err 'did you mean' nothing-near
run "$PROF" flame -Z -- true
want_err "unknown option '-Z'" letter
run "$PROF" --no-source flame
want_status 2 option-before-command
finish
