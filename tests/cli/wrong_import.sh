#!/bin/sh
# SPDX-License-Identifier: MIT
# A file that is no profile, or a broken one: one clear line, status 125, no output left behind.
. "$(dirname "$0")/lib.sh"
refused() { # what, text, file
    run "$PROF" report "$3" -o out.html
    want_status 125 "$1-status"
    want_err "$2" "$1"
    want "$1-no-output" [ -z "$(ls | grep '^out.html')" ]
    want "$1-one-message" [ "$(grep -c '^prof: ' err)" = 1 ]
}
printf 'main;a 1\nmain;b 2\nmain;c\nmain;d 4\n' > cut.folded
refused folded-names-the-line 'line 3' cut.folded
printf 'main;a 1\nmain;b 99999999999999999999999\n' > big.folded
refused folded-number-too-large 'line 2' big.folded
: > empty.prof
refused empty 'empty' empty.prof
head -c 3000 /dev/urandom | tr '\000' '\001' > noise.bin
refused noise 'cannot read' noise.bin
refused directory 'directory' "$work"
refused missing 'no such file' nowhere.prof
refused program 'a program' /bin/true
printf '{"nodes": [{"id": 1}], "startTime": 0' > cut.cpuprofile
refused cpuprofile-cut 'cannot read' cut.cpuprofile
printf 'PERFILE2xxxxxxxxxxxxxxxxxxxxxxxxx' > perf.data
refused perf-data-says-what-to-do 'perf script' perf.data
finish
