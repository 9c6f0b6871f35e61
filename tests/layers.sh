#!/bin/sh
# SPDX-License-Identifier: MIT
# Includes point one way (docs/design.md): each layer may include only the layers named behind it.
# Prints every include that breaks the rule and exits 1.
cd "$(dirname "$0")/.." || exit 2
bad=0

check() { # folder, layers it may include
    folder=$1 allowed=$2
    for file in "$folder"/*.c "$folder"/*.h; do
        [ -f "$file" ] || continue
        for layer in $(sed -n 's/^#include "\([a-z]*\)\/.*/\1/p' "$file" | sort -u); do
            case " $allowed " in
            *" $layer "*) ;;
            *) echo "check-layers: $file includes $layer/, allowed: $allowed"; bad=1 ;;
            esac
        done
    done
}

check lib/base "base"
check lib/profile "base profile"
check lib/format "base profile format"
check lib/unwind "base unwind"
check lib/symbol "base profile symbol"
check lib/record "base profile format symbol unwind record"
check lib/analyze "base profile format analyze"
check flamegraph "base profile format analyze flamegraph"
check cmd "base profile format symbol unwind record analyze flamegraph cmd"
[ "$bad" = 0 ] && echo "check-layers: ok"
exit "$bad"
