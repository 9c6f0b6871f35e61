# SPDX-License-Identifier: MIT
"""perf and prof look at the same process at the same time."""
import re
import subprocess

from recording import PROF, TIMEOUT_S, Recording, Truth, output_folder, program, target

POINTS = 4


def both(command, functions, rate=997):
    """Shares of functions by perf and by prof, of one run of a command."""
    perf, folder = program("perf"), output_folder()
    data = f"{folder}/perf.data"
    done = subprocess.run(
        [PROF, "flame", "-F", "999", "-o", f"{folder}/out.folded", "-o", f"{folder}/out.json",
         # build ids as the kernel tells them: perf 6.1 aborts on some machines when it collects them itself
         "--", perf, "record", "-q", "--buildid-mmap", "-F", str(rate), "-e", "cpu-clock", "-g", "-o", data, "--",
         *command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=TIMEOUT_S)
    if done.returncode != 0:
        raise AssertionError(f"status {done.returncode}: {done.stderr[-2000:]}")
    report = subprocess.run([perf, "script", "-i", data, "-F", "comm,ip,sym"],
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, text=True, timeout=TIMEOUT_S).stdout
    samples = [block for block in report.strip().split("\n\n") if block]
    shares = {name: sum(bool(re.search(rf"\b{name}\b", block)) for block in samples) / len(samples)
              for name in functions}
    return shares, len(samples), Recording(folder, 0, done.stdout, done.stderr)


class Perf(Truth):
    def agree(self, command, functions):
        shares, count, recording = both(command, functions)
        self.assertGreater(count, 1000)
        mine = {name: recording.total(name) for name in functions}
        # perf itself is a child of this recording: only the functions' ratios compare.
        scale = sum(shares.values()) / sum(mine.values())
        for name, share in shares.items():
            self.near(mine[name] * scale, share, POINTS, recording, f"{name}, prof by perf")

    def test_agrees_on_spin(self):
        self.agree([target("spin-fp"), "3"], ["hot_sixty", "hot_thirty", "hot_ten"])

    def test_agrees_on_threads(self):
        self.agree([target("threads"), "3"],
                   ["work_alpha", "work_beta", "work_gamma", "work_delta"])
