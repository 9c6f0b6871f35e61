# SPDX-License-Identifier: MIT
"""A server whose audit trail holds a copy of every document ever shown. Without the defect it holds
the last fifty."""
import program

trail = []


def record_view(nth):
    trail.append([f"paragraph {nth}.{i}" for i in range(400)])


def forget_view():
    trail.pop(0)


options = program.start("python-leak", ["memory-growth"], guilty=record_view, load="-c 1 -r 250")


def handle(nth):
    record_view(nth)
    if not program.has_defect(options, nth) and len(trail) > 50:
        forget_view()
    return "shown\n"


program.serve(options, handle)
