# SPDX-License-Identifier: MIT
"""Checks addresses out of a feed with a pattern that backtracks on long ones that do not match.
Without the defect the feed holds only good ones."""
import re
import time

import program


def is_address(text):
    return re.match(r"^([a-z0-9]+[.]?)+@[a-z]+$", text) is not None


options = program.start("python-regex", ["regex-backtracking"], ["single-core"], is_address)
for nth in range(10 ** 9):
    is_address("a" * 21 + "!" if program.has_defect(options, nth) else "ada@example")
    time.sleep(0.01)
