#!/bin/sh
# SPDX-License-Identifier: MIT
# The version, in all the ways people ask for it.
. "$(dirname "$0")/lib.sh"
want_line="prof $(cat "$root/VERSION")"
for words in version --version -V; do
    run "$PROF" $words
    want_status 0 "status $words"
    want "text $words" [ "$(cat out)" = "$want_line" ]
done
finish
