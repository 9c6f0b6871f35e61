#!/bin/sh
# SPDX-License-Identifier: MIT
# --unwinder, --stack-size, --no-inline, --sampler, --no-source and --no-runtime-env do what they say.
. "$(dirname "$0")/lib.sh"
need_sampling
text() { "$PROF" report -q "$1" --format json | tr ',{}' '\n\n\n' | sed -n "s/^\"$2\":\"\{0,1\}\([^\"]*\)\"\{0,1\}\$/\1/p" | head -n 1; }
run "$PROF" flame -q --sampler perf -o a.prof -o a.html -- "$TARGETS/spin" 0.4
want_status 0
want sampler [ "$(text a.prof sampler)" = perf ]
want table-is-the-default [ "$(text a.prof unwinder)" = table ]
if command -v python3 > /dev/null; then
    cat > source.py << 'PY'
import base64, re, sys, zlib
block = re.search(r'id="source-data">([^<]*)<', open(sys.argv[1]).read()).group(1)
sys.exit(b"hot_sixty(uint64_t ns)" not in zlib.decompress(base64.b64decode(block)))
PY
    want source-lines python3 source.py a.html
    run "$PROF" flame -q --no-source -o b.html -- "$TARGETS/spin" 0.4
    want no-source sh -c '! python3 source.py b.html'
fi
if "$PROF" check --format json | grep -q '"libunwind":true'; then
    run "$PROF" flame -q --unwinder=libunwind -o c.prof -o c.folded -- "$TARGETS/spin" 0.4
    want_status 0 libunwind-status
    want libunwind [ "$(text c.prof unwinder)" = libunwind ]
    want libunwind-stacks grep -q 'main;.*hot_sixty' c.folded
fi
run "$PROF" flame -q --stack-size 32K -o d.prof -- "$TARGETS/spin" 0.2
want stack-size [ "$(text d.prof stack_copy_bytes)" = 32768 ]
if [ -x "$TARGETS/inlines-cpp" ]; then
    run "$PROF" flame -q -o with.folded -- "$TARGETS/inlines-cpp" 0.5
    run "$PROF" flame -q --no-inline -o without.folded -- "$TARGETS/inlines-cpp" 0.5
    want inlined-functions grep -q 'shapes::mix' with.folded
    want no-inline sh -c '! grep -q shapes::mix without.folded && grep -q main without.folded'
fi
need_command node
run "$PROF" flame -q -o e.prof -- node -e 'console.log(process.env.NODE_OPTIONS || "none")'
want_out perf-basic-prof runtime-env
run "$PROF" flame -q --no-runtime-env -o f.prof -- node -e 'console.log(process.env.NODE_OPTIONS || "none")'
want_out none no-runtime-env
finish
