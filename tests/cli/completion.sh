#!/bin/sh
# SPDX-License-Identifier: MIT
# The completion for bash offers commands, options and values.
. "$(dirname "$0")/lib.sh"
need_command bash
"$PROF" completion bash > prof.bash
want valid bash -n prof.bash
mkdir folder && touch folder/one.prof
complete() { # words...: prints what is offered for the last one
    bash -c '. ./prof.bash
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _prof
        printf "%s\n" "${COMPREPLY[@]}"' bash "$@"
}
offers() { # what, wanted, words...
    what=$1 wanted=$2
    shift 2
    if complete "$@" | grep -qxF -e "$wanted"; then
        ok "$what"
    else
        not_ok "$what" "'$wanted' is not among: $(complete "$@" | tr '\n' ' ')"
    fi
}
offers commands report prof re
offers options --duration prof flame --dur
offers formats folded prof report x.prof --format fo
offers formats-behind-equals folded prof report x.prof --format = fo
offers check-formats json prof check --format j
offers samplers perf prof flame --sampler p
offers files folder/one.prof prof report folder/o
offers programs true prof flame tru
offers programs-behind-dashes true prof flame -- tru
offers help-of-a-command flame prof help fl
offers pids "$$" prof flame -p "$$"
for command in doctor flame record report check; do
    "$PROF" "$command" --help | grep -oE '^ +(-[A-Za-z], )?--[a-z-]+' | grep -oE -e '--[a-z-]+' |
        sort > help-options
    complete prof "$command" -- | sort > offered
    want "all options of $command" cmp -s help-options offered
done
finish
