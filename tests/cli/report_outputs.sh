#!/bin/sh
# SPDX-License-Identifier: MIT
# prof report writes every format, by ending, by --format, to a folder, to standard output.
. "$(dirname "$0")/lib.sh"
printf 'main;work;parse 30\nmain;work 10\nmain;idle 5\n' > in.folded
names=$("$PROF" report --help | tr -s ' \n' ' ' | sed -n 's/.*ending of FILE\. One of: \([^.]*\)\..*/\1/p' |
    tr -d ,)
want several-formats [ "$(echo $names | wc -w)" -ge 6 ]
for format in $names; do
    case $format in
    junit | github) view=doctor ;; # of diagnoses alone
    *) view=flame ;;
    esac
    run "$PROF" report -q in.folded --view $view --format "$format" -o "by-name.$format.any"
    want_status 0 "status $format"
    want_file "by-name.$format.any" "file $format"
done
for format in junit github; do
    run "$PROF" report -q in.folded --format $format -o "refused.$format"
    want_status 2 "a flame graph is no $format"
    want_err '--view doctor' "the way to $format"
done
for ending in html txt json folded pb.gz speedscope.json prof; do
    run "$PROF" report -q in.folded -o "by-ending.$ending"
    want_file "by-ending.$ending" "ending .$ending"
done
want json-is-not-speedscope [ "$(head -c 300 by-ending.json)" != "$(head -c 300 by-ending.speedscope.json)" ]
want_page by-ending.html page
run "$PROF" report in.folded -o a.html -o b.txt
want two-paths-last [ "$(tail -n 2 err | tr '\n' ' ')" = 'a.html b.txt ' ]
run "$PROF" report -q in.folded --format folded
want_out 'main;work;parse 30' text-to-the-terminal
want quiet [ ! -s err ]
run "$PROF" report -q in.folded -o -
want_out 'parse' dash-is-text
mkdir folder
run "$PROF" report -q in.folded -o folder
want a-name-in-a-folder [ -s folder/prof-report-in-*.html ]
run "$PROF" report in.folded
want_page "$(tail -n 1 err)" a-name-made-up
want mode [ "$(stat -c %a "$(tail -n 1 err)")" = 600 ]
"$PROF" report -q - --format folded < in.folded > out
want_out 'main;work;parse 30' reads-standard-input
cat in.folded | "$PROF" report -q - --format folded > out
want_out 'main;work;parse 30' reads-a-pipe
run "$PROF" report -q in.folded --title 'Monday <b>' -o titled.html
want title grep -q 'Monday &lt;b&gt;' titled.html
run "$PROF" report in.folded out.html
want_status 2 second-operand-status
want_err '-o out.html' second-operand-hint
finish
