#!/bin/sh
# SPDX-License-Identifier: MIT
# Functions of at most 60 lines, files of at most 800 (docs/style.md). The exceptions are tables and
# switches over a wire format; each is named here with its reason.
cd "$(dirname "$0")/.." || exit 2

exceptions='
'
found=$(mktemp)

find lib cmd flamegraph tests -name node_modules -prune -o \( -name '*.c' -o -name '*.h' -o -name '*.js' \
    -o -name '*.mjs' -o -name '*.py' \) -print | sort | while read -r file; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 800 ] || echo "check-lengths: $file has $lines lines, more than 800"
done > "$found"

# clang-format puts the braces of a function, and no others, into the first column.
# shellcheck disable=SC2016 # awk's fields
find lib cmd flamegraph tests -name '*.c' | sort | xargs awk '
    FNR == 1 { begin = 0 }
    /^{/ { begin = FNR; name = before }
    /^}/ && begin { if (FNR - begin - 1 > 60)
            printf "check-lengths: %s:%d: %d lines: %s\n", FILENAME, begin, FNR - begin - 1, name
        begin = 0 }
    { before = $0 }' >> "$found"

for exception in $exceptions; do
    grep -v "$exception" "$found" > "$found.rest"
    mv "$found.rest" "$found"
done
cat "$found"
status=0
[ ! -s "$found" ] || status=1
rm -f "$found"
[ $status != 0 ] || echo 'check-lengths: ok'
exit $status
