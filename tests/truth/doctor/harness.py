# SPDX-License-Identifier: MIT
"""Runs one program under `prof doctor`: its peer, its load, processes that compete for the CPU, its
control group. Whatever is started is ended by its own process group."""
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

from programs import Skip

NOBODY = 65534
PORT_WAIT_S = 20
REPORT_WAIT_S = 60
PERIOD_US, QUOTA_US = 100000, 20000  # a fifth of a processor


class Ports:
    """Free ports of a range, each handed out once per round."""

    def __init__(self, first, last):
        self.first, self.last, self.next = first, last, first

    def take(self):
        for _ in range(self.last - self.first + 1):
            port = self.next
            self.next = port + 1 if port < self.last else self.first
            if is_free(port, socket.SOCK_STREAM) and is_free(port, socket.SOCK_DGRAM):
                return port
        raise Skip("no free port")


def is_free(port, kind):
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def as_user(uid):
    if uid == os.geteuid():
        return {}
    return {"user": uid, "group": uid, "extra_groups": []}


@contextlib.contextmanager
def running(command, **options):
    """A process in a group of its own, which is ended with all its children."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def hogs(count):
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(running([sys.executable, "-S", "-c", "while True: pass"]))
        yield


@contextlib.contextmanager
def small_group(uid):
    """A control group with a fifth of a processor; yields its list of processes."""
    for root, settings in (("/sys/fs/cgroup/cpu", {"cpu.cfs_period_us": PERIOD_US,
                                                   "cpu.cfs_quota_us": QUOTA_US}),
                           ("/sys/fs/cgroup", {"cpu.max": f"{QUOTA_US} {PERIOD_US}"})):
        group = os.path.join(root, f"prof-truth-{os.getpid()}")
        try:
            os.mkdir(group)
            for name, value in settings.items():
                with open(os.path.join(group, name), "w", encoding="ascii") as file:
                    file.write(str(value))
            break
        except OSError:
            with contextlib.suppress(OSError):
                os.rmdir(group)
    else:
        raise Skip("needs a control group with a limit of CPU time, which this user cannot make")
    processes = os.path.join(group, "cgroup.procs")
    os.chown(processes, uid, -1)
    try:
        yield processes
    finally:
        for _ in range(50):
            try:
                os.rmdir(group)
                break
            except OSError:
                time.sleep(0.1)


def wait_for_port(port, process):
    end = time.monotonic() + PORT_WAIT_S
    while time.monotonic() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


class Run:
    """How a program is to be run."""

    def __init__(self, program, strength, uid, busy, seconds):
        self.program, self.strength, self.uid = program, strength, uid
        self.busy, self.seconds = busy, seconds

    def __str__(self):
        return (f"{self.program.key} strength {self.strength} "
                f"{'root' if self.uid == 0 else 'user'} {'busy' if self.busy else 'quiet'}")

    def start_peer(self, stack, place, ports, truth):
        if not truth.get("peer"):
            return 0
        kind, delay_ms = truth["peer"].split(":")
        port = ports.take()
        stack.enter_context(running([place.built("peer"), kind, str(port), delay_ms]))
        time.sleep(0.2)
        return port

    def diagnose(self, place, ports, keep):
        """Runs it and returns its truth and the diagnosis."""
        truth = self.program.truth(place, self.uid, self.strength)
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(
                prefix="out-", dir=place.folder, ignore_cleanup_errors=True))
            os.chown(folder, self.uid, self.uid)
            peer = self.start_peer(stack, place, ports, truth)
            port = ports.take()
            command = self.program.start(place, folder, self, port, peer)
            if truth["id"] == "throttled" and self.strength > 0:
                group = stack.enter_context(small_group(self.uid))
                command = ["/bin/sh", "-c", 'echo $$ > "$0"; exec "$@"', group] + command
            if self.busy:
                stack.enter_context(hogs(os.cpu_count()))
            diagnosis = self.run_prof(stack, place, command, folder, port, truth, keep)
        return truth, diagnosis

    def run_prof(self, stack, place, command, folder, port, truth, keep):
        out = os.path.join(folder, "doctor.json")
        prof = [place.prof, "doctor", "-q", "-o", out]
        if self.program.runs_on:
            prof += ["-d", str(self.seconds)]
        if keep:
            prof += ["--save", os.path.join(folder, "doctor.prof")]
        environment = {**os.environ, "HOME": folder, "TMPDIR": folder, **truth.get("env", {})}
        log = os.path.join(folder, "log")
        with open(log, "wb") as file:
            process = stack.enter_context(running(
                prof + ["--"] + command, cwd=folder, env=environment, stdin=subprocess.DEVNULL,
                stdout=file, stderr=file, **as_user(self.uid)))
            load = self.program.load(place, truth, port, self.seconds)
            if load is not None:
                self.drive(stack, load, port, process, log)
            status = process.wait(self.seconds + REPORT_WAIT_S)
        if keep:
            self.keep(folder, keep)
        if status == 77:
            raise Skip(tail(log))
        try:
            with open(out, encoding="utf-8") as file:
                return json.load(file)
        except (OSError, ValueError) as error:
            raise RuntimeError(f"status {status}, no diagnosis ({error}): {tail(log)}") from error

    @staticmethod
    def drive(stack, load, port, process, log):
        try:
            wait_for_port(port, process)
        except RuntimeError as error:
            raise RuntimeError(f"{error}: {tail(log)}") from error
        stack.enter_context(running(load, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    def keep(self, folder, where):
        name = str(self).replace("/", "-").replace(" ", "-")
        os.makedirs(where, exist_ok=True)
        for source, ending in (("doctor.json", "json"), ("doctor.prof", "prof"), ("log", "log")):
            with contextlib.suppress(OSError):
                with open(os.path.join(folder, source), "rb") as file:
                    content = file.read()
                with open(os.path.join(where, f"{name}.{ending}"), "wb") as file:
                    file.write(content)


def tail(path):
    with open(path, errors="replace", encoding="utf-8") as file:
        return " / ".join(file.read().strip().splitlines()[-3:])
