#!/bin/sh
# SPDX-License-Identifier: MIT
# fuzz.sh BUILD SECONDS READER...: runs each harness for a while, beginning with its corpus. What it
# finds is left in BUILD/findings; new inputs worth keeping in BUILD/corpus/READER.
set -u
build=$1 seconds=$2
shift 2
here=$(dirname "$0")
status=0

mkdir -p "$build/findings"
for reader; do
    mkdir -p "$build/corpus/$reader"
    echo "fuzz: $reader for $seconds s"
    if ! ASAN_OPTIONS=allocator_may_return_null=1 "$build/fuzz/fuzz-$reader" \
        -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$reader-" "$build/corpus/$reader" \
        "$here/corpus/$reader" 2> "$build/findings/$reader.log"; then
        tail -n 40 "$build/findings/$reader.log"
        echo "fuzz: $reader FAILED, the input is in $build/findings"
        status=1
    fi
    grep -E '^stat::(number_of_executed_units|new_units_added)' "$build/findings/$reader.log"
done
exit $status
