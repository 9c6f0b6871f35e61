#!/bin/sh
# SPDX-License-Identifier: MIT
# replay.sh FOLDER: gives every reader's corpus to its harness (FOLDER/replay-READER).
cd "$(dirname "$0")" || exit 2
folder=$1
status=0

for source in fuzz_*.c; do
    [ -e "$source" ] || { echo "skip corpus: there are no fuzz harnesses yet"; exit 0; }
    reader=${source#fuzz_} reader=${reader%.c}
    set -- corpus/"$reader"/*
    if [ ! -e "$1" ]; then
        echo "not ok $reader: corpus/$reader is empty"
        status=1
        continue
    fi
    if log=$(timeout 120 "$folder/replay-$reader" "$@" 2>&1); then
        echo "ok $reader"
    else
        echo "$log" | tail -n 30
        echo "not ok $reader: status other than 0 on the last file named above"
        status=1
    fi
done
exit $status
