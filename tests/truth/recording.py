# SPDX-License-Identifier: MIT
"""One run of `prof flame` on a target, and questions to what it wrote.

    spin = record(["spin", "3"], "-F", "999")
    spin.total("hot_sixty")      share of the samples whose stack passes through the function
    spin.truth["self"]           what the target says of itself
    spin.meta["stacks_complete"] a figure of the profile's metadata
"""
import atexit
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

BUILD = os.path.abspath(os.environ.get("B", "build"))
SOURCES = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "targets")
NOBODY = 65534
TIMEOUT_S = 120
SAMPLES_LEAST = 100


def private_copy():
    """A folder that every user can read, holding prof and the targets: the checkout may be in a
    home that only its owner can enter."""
    folder = tempfile.mkdtemp(prefix="prof-truth-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    shutil.copy2(os.path.join(BUILD, "prof"), folder)
    shutil.copytree(os.path.join(BUILD, "targets"), os.path.join(folder, "targets"))
    for name in os.listdir(SOURCES):
        if name.endswith((".js", ".py")):
            shutil.copy2(os.path.join(SOURCES, name), os.path.join(folder, "targets"))
    for path, folders, files in os.walk(folder):
        for name in folders:
            os.chmod(os.path.join(path, name), 0o755)
        for name in files:
            mode = os.stat(os.path.join(path, name)).st_mode
            os.chmod(os.path.join(path, name), mode | 0o444 | (0o111 if mode & 0o100 else 0))
    os.chmod(folder, 0o755)
    return folder


FOLDER = private_copy()
PROF = os.path.join(FOLDER, "prof")
TARGETS = os.path.join(FOLDER, "targets")


def target(name):
    """Path of a target; skips the test when its compiler is not here."""
    path = os.path.join(TARGETS, name)
    if not os.path.exists(path):
        raise unittest.SkipTest(f"target {name} was not built: its compiler is not installed")
    return path


def program(name, *others):
    """Path of a program of the system outside of a home folder; skips the test without it."""
    path = shutil.which(name, path="/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


def need_root():
    if os.geteuid() != 0:
        raise unittest.SkipTest("needs root")


def as_user(uid):
    """Arguments for subprocess that give up root; none for the user one already is."""
    if uid is None or uid == os.geteuid():
        return {}
    need_root()
    return {"user": uid, "group": uid, "extra_groups": []}


def output_folder(uid=None):
    folder = tempfile.mkdtemp(prefix="out-", dir=FOLDER)
    if uid is not None and os.geteuid() == 0:
        os.chown(folder, uid, uid)
    os.chmod(FOLDER, 0o755)
    return folder


class Recording:
    """What prof wrote about one run."""

    def __init__(self, folder, status, stdout, stderr):
        self.folder, self.status, self.stdout, self.stderr = folder, status, stdout, stderr
        self.stacks = read_folded(os.path.join(folder, "out.folded"))
        with open(os.path.join(folder, "out.json"), encoding="utf-8") as file:
            self.json = json.load(file)
        self.meta = self.json.get("meta", {})
        self.samples = sum(count for _, count in self.stacks)
        lines = [line for line in stdout.splitlines() if line.startswith("{")]
        self.truth = json.loads(lines[-1]) if lines else {}

    def share(self, wanted):
        """Share of the samples whose stack (a list of names, outermost first) satisfies wanted."""
        hits = sum(count for frames, count in self.stacks if wanted(frames))
        return hits / self.samples if self.samples else 0.0

    def total(self, name):
        return self.share(lambda frames: any(named(frame, name) for frame in frames))

    def self(self, name):
        return self.share(lambda frames: bool(frames) and named(frames[-1], name))

    def chain(self, *names):
        """Share of the samples in which the names follow one another, with anything in between."""

        def follows(frames):
            rest = iter(frames)
            return all(any(named(frame, name) for frame in rest) for name in names)

        return self.share(follows)

    def names(self):
        return {frame for frames, _ in self.stacks for frame in frames}

    def top(self, limit=8):
        """The heaviest stacks as text, for messages."""
        rows = sorted(self.stacks, key=lambda row: -row[1])[:limit]
        return "\n".join(f"{count:6} {';'.join(frames)[-300:]}" for frames, count in rows)


def named(frame, name):
    """A function's name with or without arguments, module or line behind it."""
    return frame == name or re.match(re.escape(name) + r"(?![\w:<])", frame) is not None


def read_folded(path):
    rows = []
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        for line in file:
            stack, _, count = line.rstrip("\n").rpartition(" ")
            rows.append((stack.split(";"), int(count)))
    return rows


def prof(*arguments, uid=None, **options):
    """Runs prof; the finished process, with its output as text."""
    options.setdefault("timeout", TIMEOUT_S)
    return subprocess.run([PROF, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="surrogateescape",
                          **as_user(uid), **options)


def record(command, *options, uid=None, status=0, verb="flame", **more):
    """prof flame on a command (a target's name, or a path); fails the test on another status. Of
    another verb the JSON is its own, and holds no meta."""
    command = [command[0] if "/" in command[0] else target(command[0]), *command[1:]]
    folder = output_folder(uid)
    done = prof(verb, "-o", os.path.join(folder, "out.folded"), "-o",
                os.path.join(folder, "out.json"), *options, "--", *command, uid=uid, cwd=folder,
                **more)
    if done.returncode != status:
        raise AssertionError(f"status {done.returncode}, expected {status}\n{done.stderr[-2000:]}")
    return Recording(folder, done.returncode, done.stdout, done.stderr)


class Truth(unittest.TestCase):
    """Assertions with the heaviest stacks in the message."""

    longMessage = True

    def near(self, got, wanted, points, recording, what):
        """Within some points, or what chance does to as few samples as a busy machine leaves."""
        self.assertGreater(recording.samples, SAMPLES_LEAST, f"{what}: too few samples to tell")
        variance = max(wanted * (1 - wanted), 0) / recording.samples
        points = max(points, 100 * 3 * math.sqrt(variance))
        if abs(got - wanted) * 100 > points:
            self.fail(f"{what}: {got:.1%}, truth {wanted:.1%} (+-{points:.1f} points)\n"
                      f"{recording.top()}\n{recording.stderr[-600:]}")

    def least(self, got, wanted, recording, what):
        if got < wanted:
            self.fail(f"{what}: {got:.1%}, at least {wanted:.1%} expected\n"
                      f"{recording.top()}\n{recording.stderr[-600:]}")

    def totals_match(self, recording, truth, points=3):
        """Every function's share against {name: share}."""
        for name, share in truth.items():
            self.near(recording.total(name), share, points, recording, name)

    def complete(self, recording, share=0.97):
        """That share of the stacks reached the thread's entry."""
        meta = recording.meta
        tagged = meta["stacks_complete"] + meta["stacks_truncated"] + meta["stacks_broken"]
        self.assertGreater(tagged, 0, "no stack was tagged")
        self.least(meta["stacks_complete"] / tagged, share, recording, "complete stacks")


if __name__ == "__main__":
    sys.exit("this is a module of tests/truth/run")
