# SPDX-License-Identifier: MIT
"""Children, exec, pipelines, ends of all kinds."""
import os
import signal
import subprocess
import time

from recording import (NOBODY, PROF, TIMEOUT_S, Recording, Truth, as_user, need_root, output_folder,
                       program, record, target)


class Children(Truth):
    def test_tree_and_short_lived(self):
        recording = record(["children", "3"], "-F", "999")
        self.totals_match(recording, recording.truth["total"])

    def test_unprivileged(self):
        need_root()
        recording = record(["children", "3"], "-F", "999", uid=NOBODY)
        self.totals_match(recording, recording.truth["total"])

    def test_exec_in_a_child(self):
        recording = record(["children", "1", target("spin"), "1"])
        self.near(recording.total("hot_sixty") + recording.total("hot_thirty")
                  + recording.total("hot_ten"), 0.5, 5, recording, "the program that was executed")

    def test_left_out_on_request(self):
        recording = record(["children", "1", target("spin"), "0.5"], "--no-children")
        self.assertEqual(recording.total("hot_sixty"), 0, recording.top())
        self.assertEqual(recording.total("grandchild_work"), 0, recording.top())

    def test_shell_pipeline(self):
        line = f"{target('spin')} 1 | cat; {target('callbacks')} 1 | tail -n 1"
        recording = record([program("sh"), "-c", line])
        self.near(recording.total("hot_sixty"), 0.3, 5, recording, "hot_sixty")
        self.least(recording.total("compare_slowly"), 0.3, recording, "compare_slowly")


    def test_lives_shorter_than_a_period_are_sampled(self):
        need_root()
        if os.cpu_count() > 16:
            self.skipTest("on so many CPUs each thread has a clock of its own")
        line = f"i=0; while [ $i -lt 500 ]; do {program('true')}; i=$((i+1)); done"
        recording = record([program("sh"), "-c", line])
        used_ns = recording.meta["target_user_ns"] + recording.meta["target_kernel_ns"]
        self.assertGreater(recording.samples, used_ns / 1e9 * recording.meta["rate_hz"] * 0.6)


class Ends(Truth):
    def test_status_is_passed_on(self):
        recording = record([program("sh"), "-c", f"{target('spin')} 0.2; exit 42"], status=42)
        self.assertGreater(recording.samples, 20)

    def test_after_2_ms(self):
        recording = record(["exit2ms"], status=7)
        self.assertLess(recording.samples, 40)

    def test_killed_by_a_signal(self):
        recording = record(["killed", "0.5"], status=128 + 9)
        self.least(recording.total("doomed_work"), 0.9, recording, "doomed_work")
        self.assertIn("9", recording.meta["ended"])

    def test_daemon(self):
        recording = record(["daemon", "0.5"])
        self.assertIn("exit 0", recording.meta["ended"])

    def test_nothing_to_measure(self):
        recording = record([program("sleep"), "0.1"])
        self.assertLess(recording.samples, 20)

    def interrupted(self, *signals):
        """Status of a long recording that gets these signals, and what it wrote."""
        folder = output_folder()
        with subprocess.Popen([PROF, "flame", "-o", f"{folder}/out.folded", "-o",
                               f"{folder}/out.json", "--", target("spin"), "60"],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, start_new_session=True) as run:
            time.sleep(1)
            for number in signals:
                run.send_signal(number)
                time.sleep(0.3)
            out, err = run.communicate(timeout=TIMEOUT_S)
        return Recording(folder, run.returncode, out, err)

    def test_interrupt_writes_the_report(self):
        recording = self.interrupted(signal.SIGINT)
        self.least(recording.total("hot_sixty"), 0.5, recording, "hot_sixty")

    def test_termination_writes_the_report(self):
        recording = self.interrupted(signal.SIGTERM)
        self.least(recording.total("hot_sixty"), 0.5, recording, "hot_sixty")

    def test_duration(self):
        recording = record(["spin", "60"], "-d", "1")
        self.assertEqual(recording.truth, {}, "the target came to its own end")
        used_ns = recording.meta["target_user_ns"] + recording.meta["target_kernel_ns"]
        self.assertGreater(recording.samples, used_ns / 1e9 * recording.meta["rate_hz"] * 0.8)


class Attach(Truth):
    def attach(self, command, uid=None):
        """Records a second of a running process, which must end as if nothing had been."""
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              **as_user(uid)) as running:
            time.sleep(0.5)
            folder = output_folder(uid)
            done = subprocess.run([PROF, "flame", "-d", "1", "-p", str(running.pid), "-o",
                                   f"{folder}/out.folded", "-o", f"{folder}/out.json"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, timeout=TIMEOUT_S,
                                  **as_user(uid))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIsNone(running.poll(), "the target ended with the recording")
            out, _ = running.communicate(timeout=TIMEOUT_S)
            self.assertEqual(running.returncode, 0)
        return Recording(folder, 0, out, done.stderr)

    def test_existing_threads(self):
        recording = self.attach([target("threads"), "12"])
        for name in ("work_alpha", "work_beta", "work_gamma"):
            self.assertGreater(recording.total(name), 0.05, recording.top())

    def test_single_thread(self):
        recording = self.attach([target("spin"), "4"])
        self.near(recording.total("hot_sixty"), 0.6, 6, recording, "hot_sixty")
        self.complete(recording)

    def test_unprivileged(self):
        need_root()
        recording = self.attach([target("spin"), "4"], uid=NOBODY)
        self.near(recording.total("hot_sixty"), 0.6, 6, recording, "hot_sixty")

    def test_processes_born_later(self):
        line = f"sleep 1; {target('spin')} 1; {target('spin')} 0.5"
        recording = self.attach([program("sh"), "-c", line])
        self.assertIn("hot_sixty", str(recording.names()), recording.top())


class Rights(Truth):
    def test_kernel_time_that_was_not_sampled_is_said(self):
        need_root()
        recording = record(["switches", "1"], uid=NOBODY)
        if recording.meta["level"] == "full":
            self.skipTest("this machine lets everybody sample the kernel")
        self.assertEqual(recording.meta["level"], "user")
        self.assertGreater(recording.meta["kernel_unsampled_ns"], 0.3e9)
        self.assertIn("kernel", str(recording.json.get("notes")).lower())

    def test_kernel_frames_as_root(self):
        need_root()
        recording = record(["switches", "1"])
        self.assertEqual(recording.meta["level"], "full")
        self.least(recording.share(lambda f: any("pipe_" in n or "vfs_" in n for n in f)), 0.3,
                   recording, "kernel functions by name")

    def test_privileges_are_given_up_under_sudo(self):
        need_root()
        folder = output_folder()
        env = dict(os.environ, SUDO_UID=str(NOBODY), SUDO_GID=str(NOBODY), SUDO_USER="nobody")
        done = subprocess.run([PROF, "flame", "-o", f"{folder}/out.folded", "--",
                               program("id"), "-u"], env=env, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=TIMEOUT_S)
        self.assertEqual(done.stdout.strip(), str(NOBODY), done.stderr)
