#!/bin/sh
# SPDX-License-Identifier: MIT
# Arguments are not in a report unless asked for, and what looks like a secret not even then; the
# environment never is.
. "$(dirname "$0")/lib.sh"
need_sampling
hidden=xyzzy4711
export PROF_TEST_VARIABLE=environment$hidden
run "$PROF" flame -o x.html -o x.json -o x.txt --save x.prof -- sh -c ': ordinary$0; exit 0' "argument$hidden"
want_status 0
command_of() { "$PROF" report -q "$1" --format json | tr ',' '\n' | grep '"command"'; }
want only-the-number [ -n "$(command_of x.prof | grep 'sh (3 arguments)')" ]
for file in x.html x.json x.txt; do
    want "absent from $file" sh -c '! grep -q "$1" "$2"' sh "$hidden" "$file"
done
"$PROF" report -q x.prof --format json > again.json
want "absent from x.prof" sh -c '! grep -q "$1" again.json' sh "$hidden"
run "$PROF" flame --show-args -q --save y.prof -o y.json -- true --port 8080 --password "$hidden" \
    "--api-key=$hidden" "TOKEN=$hidden" "https://joe:$hidden@host/x" "ghp_$hidden" --verbose
want_status 0 shown-status
shown=$(command_of y.prof)
want shown-args [ -n "$(echo "$shown" | grep -e '--port 8080 --password \[redacted\]')" ]
want shown-host [ -n "$(echo "$shown" | grep 'https://joe:.*@host/x')" ]
want shown-last [ -n "$(echo "$shown" | grep -e '--verbose')" ]
want no-secret sh -c '! grep -q "$1" y.json' sh "$hidden"
finish
