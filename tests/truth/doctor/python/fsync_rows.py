# SPDX-License-Identifier: MIT
"""Imports rows into SQLite: with the defect in one transaction each, without it in one for a second's
rows."""
import os
import sqlite3
import time

import program


def insert_row(database, row):
    database.execute("INSERT INTO rows VALUES (?, ?)", (row, f"value {row}"))
    database.commit()


options = program.start("python-fsync-rows", ["fsync-bound"], ["sync-file-io", "under-driven"], insert_row)
path = f"./fsync-rows-{os.getpid()}.db"
database = sqlite3.connect(path)
database.execute("CREATE TABLE rows (id INTEGER, value TEXT)")
database.commit()
end = time.monotonic() + options.seconds - 0.5
for row in range(10 ** 9):
    if time.monotonic() > end:
        break
    if program.has_defect(options, row):
        insert_row(database, row)
    else:
        database.execute("INSERT INTO rows VALUES (?, ?)", (row, f"value {row}"))
        if row % 500 == 0:
            database.commit()
        time.sleep(0.001)
database.close()
os.unlink(path)
