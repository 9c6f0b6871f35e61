#!/bin/sh
# SPDX-License-Identifier: MIT
# --help and the man pages say the same: the pages' heads come from the same tables and are up to
# date, and each option of one is in the other.
. "$(dirname "$0")/lib.sh"
pages=$root/docs/man
cp "$pages"/*.1 "$pages/refresh.sh" .
./refresh.sh "$PROF" "$work"
commands=$("$PROF" help | awk '/^Commands:/ { on = 1; next } /^$/ { on = 0 } on { print $1 }')
want some-commands [ "$(echo "$commands" | wc -w)" -ge 6 ]
for page in "$pages"/*.1; do
    page=$(basename "$page")
    if cmp -s "$pages/$page" "$page"; then
        ok "fresh $page"
    else
        not_ok "fresh $page" "run 'make man'"
    fi
done
for command in $commands; do
    case $command in version | help) continue ;; esac
    page=$pages/prof-$command.1
    if [ ! -f "$page" ]; then
        not_ok "page of $command" "docs/man/prof-$command.1 is missing"
        continue
    fi
    "$PROF" "$command" --help | grep -oE '^ +(-[A-Za-z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+' |
        sort > help-options
    awk '/^\.SH OPTIONS/ { on = 1 } /The text above/ { on = 0 } on' "$page" | sed 's/\\-/-/g' |
        grep -oE '^(\\fB-[A-Za-z]\\fR, )?\\fB--[a-z-]+' | grep -oE -e '--[a-z-]+' | sort > man-options
    want "options of $command" [ -s help-options ]
    if cmp -s help-options man-options; then
        ok "same options of $command"
    else
        not_ok "same options of $command" "$(diff help-options man-options | tr '\n' ' ')"
    fi
done
if command -v man > /dev/null; then
    for page in "$pages"/*.1; do
        man --warnings -E UTF-8 -l "$page" > /dev/null 2> err
        want "clean $(basename "$page")" [ ! -s err ]
    done
fi
finish
