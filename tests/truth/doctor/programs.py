# SPDX-License-Identifier: MIT
"""The programs of the doctor's truth suite: where they are, how they are started, their truth."""
import glob
import json
import os
import shlex
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# From 3.12 on CPython names its functions for profilers.
PYTHONS = ("python3.14", "python3.13", "python3.12", "python3")


class Skip(Exception):
    """This program cannot be run here; the text says why."""


class Place:
    """A folder that every user can read, with prof and the programs: the checkout and the build may
    be in a home that only its owner can enter."""

    def __init__(self, build):
        self.folder = tempfile.mkdtemp(prefix="prof-doctor-")
        os.chmod(self.folder, 0o755)
        self.prof = shutil.copy2(os.path.join(build, "prof"), self.folder)
        programs = os.path.join(build, "truth")
        if os.path.isdir(programs):
            shutil.copytree(programs, os.path.join(self.folder, "built"))
        for language in ("node", "python"):
            shutil.copytree(os.path.join(HERE, language), os.path.join(self.folder, language),
                            ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rX", self.folder], check=True)

    def built(self, name):
        path = os.path.join(self.folder, "built", name)
        if not os.path.exists(path):
            raise Skip(f"{name} was not built: its compiler is not installed")
        return path

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def interpreter(names, uid):
    """The first of these commands that the user can run, as its real path: a shim would be profiled
    as well."""
    path = SYSTEM_PATH if uid != os.geteuid() else os.environ.get("PATH", "") + ":" + SYSTEM_PATH
    for name in names:
        found = shutil.which(name, path=path)
        if found and names is PYTHONS:
            try:
                found = subprocess.run([found, "-c", "import sys; print(sys.executable)"], text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       check=True).stdout.strip()
            except (OSError, subprocess.CalledProcessError):
                continue
        if found:
            return os.path.realpath(found)
    raise Skip(f"{names[0]} is not installed")


class Program:
    """One source file of this folder. key is "c/fd_leak". A control says "Healthy:" above its code and
    is run once; every other program at full strength and as its healthy twin."""

    runs_on = False  # until prof ends it

    def __init__(self, language, name, source):
        self.language, self.name, self.source = language, name, source
        self.key = f"{language}/{name}"
        with open(source, encoding="utf-8") as file:
            self.strengths = (0,) if "Healthy:" in file.read(400) else (60, 0)

    def command(self, place, uid, strength):
        """How it is started, without its options."""
        if self.language == "node":
            return [interpreter(("node",), uid), os.path.join(place.folder, "node", self.name + ".js")]
        if self.language == "python":
            path = os.path.join(place.folder, "python", self.name + ".py")
            return [interpreter(PYTHONS, uid), "-B", path]
        healthy = os.path.join(place.folder, "built", self.language, self.name + "-healthy")
        if strength == 0 and os.path.exists(healthy):
            return [healthy]
        return [place.built(os.path.join(self.language, self.name))]

    def start(self, place, folder, run, port, peer):
        """Its command line for a run in a folder."""
        return self.command(place, run.uid, run.strength) + [
            "--strength", str(run.strength), "--seconds", str(run.seconds),
            "--port", str(port), "--peer", str(peer)]

    def load(self, place, truth, port, seconds):
        """The command that drives it; None: it needs none."""
        if truth.get("load") is None:
            return None
        return [place.built("load"), str(port), "-s", str(seconds)] + shlex.split(truth["load"])

    def truth(self, place, uid, strength):
        command = self.command(place, uid, strength)
        out = subprocess.run(command + ["--truth", "--strength", str(strength)], check=True,
                             text=True, stdout=subprocess.PIPE).stdout
        truth = json.loads(out)
        if truth.get("function"):
            truth["last_line"] = last_line(self.source, truth["line"])
        return truth


def last_line(source, first):
    """Where the function ends that begins on a line: at the first line after its head that is as
    little indented, but for a closing brace."""
    with open(source, encoding="utf-8") as file:
        lines = file.read().splitlines()
    indent = len(lines[first - 1]) - len(lines[first - 1].lstrip())
    for number in range(first + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() in ("", "{"):
            continue
        if len(line) - len(line.lstrip()) <= indent:
            return number if line.lstrip().startswith("}") else number - 1
    return len(lines)


def catalogue():
    """Every program of this folder, in order."""
    found = []
    for language, endings in (("c", (".c", ".cpp")), ("node", (".js",)), ("python", (".py",)),
                              ("go", (".go",)), ("rust", (".rs",))):
        for source in sorted(glob.glob(os.path.join(HERE, language, "*"))):
            name, ending = os.path.splitext(os.path.basename(source))
            if ending in endings and name != "program":
                found.append(Program(language, name, source))
    return found
