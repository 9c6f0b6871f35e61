#!/bin/sh
# SPDX-License-Identifier: MIT
# prof check says what can be measured and how to get more, as text and as JSON.
. "$(dirname "$0")/lib.sh"
run "$PROF" check
want_status 0
want_out 'level ' level
want rows [ "$(grep -cE '^  (yes|no ) ' out)" -ge 3 ]
run "$PROF" check --format json
want_status 0 json-status
if command -v python3 > /dev/null; then
    want valid-json python3 -c 'import json
answer = json.load(open("out"))
assert answer["level"] in ("full", "user", "none")
assert answer["capabilities"]
for row in answer["capabilities"]:
    assert row["id"] and row["title"] and isinstance(row["available"], bool)'
fi
run "$PROF" check -o answer.json
want_file answer.json by-ending
want nothing-on-stdout [ ! -s out ]
run "$PROF" check extra
want_status 2 operand-status
finish
