# SPDX-License-Identifier: MIT
"""A server that keeps its state as one JSON document. With the defect each request reads and writes
all of it, without it the one entry that is asked for."""
import json

import program

state = json.dumps([{"id": i, "name": f"customer {i}", "orders": [i, i + 1, i + 2]} for i in range(8000)])
entry = json.dumps({"id": 1, "name": "customer", "orders": [1, 2, 3]})


def update_state(text):
    customers = json.loads(text)
    return json.dumps(customers)


options = program.start("python-json", ["json-heavy"], ["single-core", "loop-blocked-cpu"], update_state,
                        load="-c 1 -r 20")
program.serve(options, lambda nth: str(len(update_state(
    state if program.has_defect(options, nth) else entry))))
