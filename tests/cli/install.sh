#!/bin/sh
# SPDX-License-Identifier: MIT
# make install puts the program, its man pages and the completion under DESTDIR and PREFIX, and make
# uninstall takes them away again.
. "$(dirname "$0")/lib.sh"
need_command make
build=$(cd "$(dirname "$PROF")" && pwd)
[ -f "$root/Makefile" ] || skip "no Makefile here"
install() { # target
    run make -s -C "$root" -o "$build/prof" -o "$build/flags" B="$build" DESTDIR="$work/stage" PREFIX=/usr "$1"
}
install install
want_status 0
want runs [ "$(stage/usr/bin/prof --version)" = "prof $(cat "$root/VERSION")" ]
pages=0
for page in prof prof-doctor prof-flame prof-record prof-report prof-check; do
    want_file "stage/usr/share/man/man1/$page.1" "$page.1"
    pages=$((pages + 1))
done
want completion bash -n stage/usr/share/bash-completion/completions/prof
want nothing-else [ "$(find stage -type f | wc -l)" = $((pages + 2)) ]
install uninstall
want uninstalled [ "$(find stage -type f | wc -l)" = 0 ]
finish
