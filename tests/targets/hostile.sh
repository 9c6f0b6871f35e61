#!/bin/sh
# SPDX-License-Identifier: MIT
# hostile.sh OBJECT: renames the functions of hostile.o. The last name is 1 MB long.
set -eu
object=$1
names=$(mktemp)
trap 'rm -f "$names"' EXIT

esc=$(printf '\033') bell=$(printf '\007') bad=$(printf '\377\300\200')
{
    printf 'hostile_long long_'
    head -c 1000000 /dev/zero | tr '\0' 'x'
    printf '\n'
} > "$names"

objcopy --redefine-syms="$names" \
    --redefine-sym "hostile_separator=semi;colon \"quote' \\back 42" \
    --redefine-sym 'hostile_script=</script><img src=x onerror=alert(1)>&amp;<!--' \
    --redefine-sym "hostile_control=red${esc}[31m${bell}
line two	tab" \
    --redefine-sym "hostile_not_utf8=bad_${bad}_bytes" \
    "$object"
