# SPDX-License-Identifier: MIT
"""Healthy: a threaded server that says hello, at a rate it can bear."""
import program

options = program.start("python-hello", [], load="-c 4 -r 200")
program.serve(options, lambda nth: "hello\n", threads=True)
