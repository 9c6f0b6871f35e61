#!/bin/sh
# SPDX-License-Identifier: MIT
# run.sh [--update]: writes every file of input/ in every format and compares with expected/. What is
# binary is read first, by a reader that is not ours: FILE.prof by read_prof.py (made from the page
# alone), pprof by `go tool pprof`, speedscope's JSON by the importer of its own package.
# One line per test: `ok NAME`, `not ok NAME: why` or `skip NAME: why`. PROF names the program.
cd "$(dirname "$0")" || exit 2
root=$(cd ../.. && pwd)
prof=${PROF:-$root/${B:-build}/prof}
update=$1
work=$(mktemp -d) || exit 2
trap 'rm -rf "$work"' EXIT
status=0
export TZ=UTC LC_ALL=C.UTF-8

fail() { # name, why
    echo "not ok $1: $2"
    status=1
}

# What was written is in $work/out.
compare() { # name, expected file
    if [ "$update" = --update ]; then
        cp "$work/out" "$2"
    fi
    if [ ! -f "$2" ]; then
        fail "$1" "$2 is missing: make update-golden, and look at what it says"
    elif diff -a -u "$2" "$work/out" > "$work/diff"; then
        echo "ok $1"
    else
        head -n 20 "$work/diff"
        fail "$1" "differs from $2; make update-golden when that is right"
    fi
}

write() { # input, format, output
    "$prof" report "$1" --format "$2" -o "$3" > "$work/log" 2>&1
}

# prof's own CPU time for the report is another one each time.
plain() { # input, format
    name=$(basename "$1").$2
    if write "$1" "$2" "$work/raw"; then
        sed 's/"report_cpu_ns":[0-9]*/"report_cpu_ns":0/' "$work/raw" > "$work/out"
        compare "$name" "expected/$name"
    else
        fail "$name" "$(tail -n 2 "$work/log" | tr '\n' ' ')"
    fi
}

foreign() { # input, format, file name, reader...
    name=$(basename "$1").$2
    input=$1 format=$2 file=$3
    shift 3
    if ! write "$input" "$format" "$work/$file"; then
        fail "$name" "$(tail -n 2 "$work/log" | tr '\n' ' ')"
    elif ! (cd "$work" && "$@" "$file") > "$work/read" 2> "$work/log"; then
        fail "$name" "$1 refuses it: $(tail -n 1 "$work/log")"
    else
        grep -a -v '^meta report_cpu_ns' "$work/read" > "$work/out"
        compare "$name" "expected/$name.txt"
    fi
}

reads_back_the_same() { # input
    name=$(basename "$1").twice
    if write "$1" prof "$work/once.prof" && write "$work/once.prof" prof "$work/twice.prof" &&
        write "$work/twice.prof" prof "$work/thrice.prof" &&
        cmp "$work/twice.prof" "$work/thrice.prof" > "$work/log" 2>&1; then
        echo "ok $name"
    else
        fail "$name" "$(tail -n 2 "$work/log" | tr '\n' ' ')"
    fi
}

has_speedscope() {
    [ -d speedscope/node_modules/speedscope ] && return 0
    command -v npm > /dev/null && command -v node > /dev/null &&
        (cd speedscope && npm ci --ignore-scripts --no-audit --no-fund) > "$work/log" 2>&1
}

[ -x "$prof" ] || { echo "not ok golden: there is no $prof: make"; exit 1; }
has_speedscope && speedscope=1 || speedscope=
command -v go > /dev/null && go=1 || go=

for input in input/*; do
    for format in text markdown json folded speedscope; do
        plain "$input" "$format"
    done
    foreign "$input" prof a.prof python3 "$PWD/read_prof.py"
    reads_back_the_same "$input"
done
for input in input/*; do
    if [ "$go" ]; then
        foreign "$input" pprof a.pb.gz go tool pprof -raw
    else
        echo "skip $(basename "$input").pprof: go is not installed"
    fi
    if [ "$speedscope" ]; then
        foreign "$input" speedscope a.speedscope.json node "$PWD/speedscope/import.js"
    else
        echo "skip $(basename "$input").speedscope: speedscope's package could not be installed"
    fi
done
exit $status
