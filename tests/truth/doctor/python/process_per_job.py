# SPDX-License-Identifier: MIT
"""Asks for the length of files: with the defect through a process of its own for each, as scripts
do, without it through a call."""
import os
import subprocess
import time

import program


def length_by_process(path):
    return subprocess.run(["/usr/bin/stat", "-c", "%s", path], stdout=subprocess.PIPE).stdout


options = program.start("python-process-per-job", ["process-churn"], ["page-fault-storm"], length_by_process)
for nth in range(10 ** 9):
    if program.has_defect(options, nth):
        length_by_process("/etc/passwd")
    else:
        os.stat("/etc/passwd")
        time.sleep(0.01)
