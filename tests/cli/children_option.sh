#!/bin/sh
# SPDX-License-Identifier: MIT
# Children are recorded, unless --no-children.
. "$(dirname "$0")/lib.sh"
need_sampling
run "$PROF" flame -q -o with.folded -- sh -c "'$TARGETS/spin' 0.5; exit 0"
want with grep -q hot_sixty with.folded
run "$PROF" flame -q --no-children -o without.folded -o without.html -- sh -c "'$TARGETS/spin' 0.5; exit 0"
want_status 0
want without sh -c '! grep -q hot_sixty without.folded'
finish
