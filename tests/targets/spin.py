# SPDX-License-Identifier: MIT
"""python3 spin.py [SECONDS]: three functions with 60, 30 and 10 % of the CPU time; prints the shares."""
import json
import sys
import time


def py_hot_sixty(rounds):
    x = 1
    for i in range(rounds):
        x = (x * 1664525 + i) & 0xFFFFFFFF
    return x


def py_hot_thirty(rounds):
    return sum(i * i for i in range(rounds))


def py_hot_ten(rounds):
    return len(",".join(str(i) for i in range(rounds)))


def turn(work, wanted_ns, used):
    start = time.process_time_ns()
    while True:
        work(500)
        now = time.process_time_ns() - start
        if now >= wanted_ns:
            break
    used[work.__name__] = used.get(work.__name__, 0) + now


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    used, seed, begin = {}, 1, time.process_time_ns()
    while time.process_time_ns() - begin < seconds * 1e9:
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        unit_ns = 600000 + (seed >> 8) % 1200000
        turn(py_hot_sixty, 6 * unit_ns, used)
        turn(py_hot_thirty, 3 * unit_ns, used)
        turn(py_hot_ten, unit_ns, used)
    total = time.process_time_ns() - begin
    print(json.dumps({"total": {name: ns / total for name, ns in used.items()}, "cpu_ns": total}))


main()
