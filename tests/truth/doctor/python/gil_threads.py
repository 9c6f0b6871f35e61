# SPDX-License-Identifier: MIT
"""Four threads of pure Python that compute, of which the interpreter's lock lets one run at a time.
Without the defect one thread does a tenth of it."""
import threading
import time

import program


def score_games(games):
    best = 0
    for game in range(games):
        best = max(best, (game * 7919) % 10007 ^ game)
    return best


options = program.start("python-gil", ["lock-contention", "single-core"], ["interpreter-bound", "context-switch-storm"],
                        score_games)


def work():
    for nth in range(10 ** 9):
        if program.has_defect(options, nth):
            score_games(300000)
        else:
            score_games(3000)
            time.sleep(0.01)


threads = [threading.Thread(target=work, daemon=True) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
