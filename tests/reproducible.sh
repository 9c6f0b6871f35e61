#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds prof in two folders with names of different lengths and compares the bytes.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

if git rev-parse --is-inside-work-tree > /dev/null 2>&1; then
    list() { git ls-files -z --cached --others --exclude-standard; }
else
    list() { find . -name build -prune -o -name node_modules -prune -o -type f -print0; }
fi
for copy in one another/much/longer/name; do
    mkdir -p "$dir/$copy"
    # shellcheck disable=SC2016 # for the inner shell
    list | xargs -0 sh -c 'for f; do [ -e "$f" ] && printf "%s\0" "$f"; done' sh |
        tar --null -cf - -T - | tar -xf - -C "$dir/$copy"
    make --no-print-directory -j2 -C "$dir/$copy" B=build build/prof > "$dir/log" 2>&1 ||
        { cat "$dir/log"; exit 1; }
done
cmp "$dir/one/build/prof" "$dir/another/much/longer/name/build/prof"
