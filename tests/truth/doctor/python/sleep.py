# SPDX-License-Identifier: MIT
"""A server that waits for a job by looking again and again with a sleep, on the thread that serves.
Without the defect the job's result is at hand."""
import time

import program


def wait_for_job(nth):
    for _ in range(3):
        time.sleep(0.01)
    return nth


options = program.start("python-sleep", ["sleep-polling"], ["loop-blocked-io"], wait_for_job,
                        load="-c 1 -r 40")


def handle(nth):
    if program.has_defect(options, nth):
        wait_for_job(nth)
    return "done\n"


program.serve(options, handle)
