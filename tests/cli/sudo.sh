#!/bin/sh
# SPDX-License-Identifier: MIT
# Under sudo the target and the files belong to the user who called it.
. "$(dirname "$0")/lib.sh"
need_root
need_sampling
mkdir -m 777 box
cd box
run env SUDO_UID=65534 SUDO_GID=65534 SUDO_USER=nobody "$PROF" flame -q -o x.html --save x.prof -- \
    sh -c 'id -u; id -g; id -G; touch made'
want_status 0

cd ..
want user [ "$(sed -n 1p out)" = 65534 ]
want group [ "$(sed -n 2p out)" = 65534 ]
want no-group-of-root sh -c '! sed -n 3p out | tr " " "\n" | grep -qx 0'
want made-by-the-user [ "$(stat -c %u box/made)" = 65534 ]
want page-owner [ "$(stat -c %u box/x.html)" = 65534 ]
want recording-owner [ "$(stat -c %u box/x.prof)" = 65534 ]
run env SUDO_UID=0 SUDO_GID=0 "$PROF" flame -q -o y.html -- sh -c 'id -u'
want root-stays-root [ "$(cat out)" = 0 ]
finish
