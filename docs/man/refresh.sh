#!/bin/sh
# SPDX-License-Identifier: MIT
# refresh.sh PROF [FOLDER]: writes the head of each man page (name, synopsis, description, options)
# from the program's own tables, and keeps what was written by hand below the mark.
set -eu
prof=$1
cd "${2:-$(dirname "$0")}"
mark='.\" The text above is written by "make man"; what follows is written by hand.'
for page in prof*.1; do
    name=${page%.1}
    name=${name#prof-}
    tail=$(sed -n "/^\.\\\\\" The text above/,\$p" "$page" | sed 1d)
    { printf '.\\" SPDX-License-Identifier: MIT\n'
      "$prof" help --man "$name"
      printf '%s\n' "$mark"
      printf '%s\n' "$tail"; } > "$page.new"
    mv "$page.new" "$page"
done
