# SPDX-License-Identifier: MIT
"""clinic doctor on the same Node servers, under the same load. Its five categories are counted in its
favour wherever one of them could be meant."""
import contextlib
import json
import os
import shutil
import subprocess
import tempfile

from harness import hogs, running
from programs import HERE, Skip

# What each of its categories may mean. "unknown" is an alarm that names nothing.
MEANS = {
    "event-loop": {"loop-blocked-cpu", "json-heavy", "regex-backtracking", "sync-file-io",
                   "loop-blocked-io", "sync-compress-crypto", "logging-heavy", "dev-mode"},
    "io": {"downstream-wait", "n-plus-one", "pool-saturated", "connect-per-request", "sleep-polling",
           "no-backpressure"},
    "gc": {"gc-pressure", "memory-growth", "no-backpressure"},
}


class Clinic:
    def __init__(self, build):
        self.folder = os.path.join(os.path.abspath(build), "clinic")
        self.right = self.all = 0
        self.install()

    def install(self):
        os.makedirs(self.folder, exist_ok=True)
        for name in ("package.json", "package-lock.json", "diagnose.js"):
            shutil.copy2(os.path.join(HERE, "clinic", name), self.folder)
        if not os.path.isdir(os.path.join(self.folder, "node_modules")):
            subprocess.run(["npm", "ci", "--silent", "--ignore-scripts"], cwd=self.folder, check=True)

    def take(self, run, place, ports):
        """Runs what prof has just been run on, if it is a Node program and prof was root."""
        if run.program.language != "node" or run.uid != os.geteuid():
            return
        try:
            truth, said = self.diagnose(run, place, ports)
        except (Skip, RuntimeError, subprocess.SubprocessError) as why:
            print(f"    clinic: {why}", flush=True)
            return
        right = said == "none" if not truth["expected"] else bool(
            MEANS.get(said, set()) & set(truth["expected"]))
        self.right, self.all = self.right + right, self.all + 1
        print(f"    clinic: {said} ({'right' if right else 'wrong'})", flush=True)

    def diagnose(self, run, place, ports):
        truth = run.program.truth(place, run.uid, run.strength)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(dir=self.folder))
            peer, port = run.start_peer(stack, place, ports, truth), ports.take()
            start = run.program.start(place, folder, run, port, peer)
            command = [start[0], os.path.join(self.folder, "diagnose.js")] + start[1:]
            if run.busy:
                stack.enter_context(hogs(os.cpu_count()))
            process = stack.enter_context(running(
                command, cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                env={**os.environ, "TMPDIR": folder, **truth.get("env", {})}))
            load = run.program.load(place, truth, port, run.seconds)
            if load is not None:
                run.drive(stack, load, port, process, os.devnull)
            out, _ = process.communicate(timeout=run.seconds + 90)
        for line in out.splitlines():
            if line.startswith('{"category"'):
                return truth, json.loads(line)["category"]
        raise RuntimeError("said nothing")

    def sums(self):
        print(f"\nclinic doctor: {self.right} of {self.all} right")
