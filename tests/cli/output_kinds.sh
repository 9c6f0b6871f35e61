#!/bin/sh
# SPDX-License-Identifier: MIT
# One run writes any number of outputs, by ending or --format, to files, a folder, standard output.
. "$(dirname "$0")/lib.sh"
need_sampling
run "$PROF" flame -o a.html -o a.txt -o a.json -o a.folded -o a.pb.gz -o a.speedscope.json \
    --save=a.prof -- "$TARGETS/spin" 0.5
want_status 0
for output in html txt json folded pb.gz speedscope.json prof; do
    want_file "a.$output" ".$output"
done
want all-paths-last [ "$(tail -n 7 err | sort | tr '\n' ' ')" = \
    'a.folded a.html a.json a.pb.gz a.prof a.speedscope.json a.txt ' ]
run "$PROF" flame --format folded -q -- sh -c "'$TARGETS/spin' 0.4 > /dev/null"
want_out 'hot_sixty' text-to-standard-output
run "$PROF" flame -qo- --format=json -- sh -c "'$TARGETS/spin' 0.3 > /dev/null"
want dash [ "$(head -c 1 out)" = '{' ]
mkdir reports
run "$PROF" flame -q -o reports/ -- true
want folder ls reports/prof-flame-true-*.html
run "$PROF" flame -- true
want_page "$(tail -n 1 err)" default-name-page
want default-name [ "$(ls prof-flame-true-[0-9]*-[0-9]*.html | wc -l)" = 1 ]
run "$PROF" flame -- true
run "$PROF" flame -- true
want same-second-keeps-all [ "$(ls prof-flame-true-*.html | wc -l)" = 3 ]
run "$PROF" flame -q -o title.html --title 'load & <test>' -- true
want title grep -q 'load &amp; &lt;test&gt;' title.html
run "$PROF" flame -q -o x.html "$TARGETS/spin" 0.1
want_page x.html without-dashes
finish
