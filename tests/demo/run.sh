#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh BUILD: profiles the bundled server under the bundled load and says what came out.
set -eu
build=$1
report=demo.html

echo "demo: a small HTTP server that looks up users, under load for 4 seconds:"
echo "    $build/prof flame -o $report --on-port '$build/demo/load \$PORT' -- $build/demo/server"
"$build/prof" flame -q -o "$report" -o "$build/demo/report.txt" \
    --on-port "$build/demo/load \$PORT" -- "$build/demo/server"
echo
sed -n 5,24p "$build/demo/report.txt"
echo
echo "demo: the server spends its time in lower_case(), called by find_user(): it lowers every name"
echo "demo: again for every request, and asks strlen() at each letter. tests/demo/server.c has it."
echo "demo: the flame graph is in $PWD/$report: open it in any browser."
