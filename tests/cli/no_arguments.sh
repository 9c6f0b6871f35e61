#!/bin/sh
# SPDX-License-Identifier: MIT
# prof alone tells a newcomer how to get going.
. "$(dirname "$0")/lib.sh"
run "$PROF"
want_status 2
want_err 'prof flame -- ./server' example
want_err 'prof help COMMAND' where-to-read-on
want 'nothing-on-stdout' [ ! -s out ]
run "$PROF" --help
want_status 0 help-status
want_out 'Exit status' help-text
finish
