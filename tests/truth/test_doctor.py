# SPDX-License-Identifier: MIT
"""A small part of the doctor's truth suite (tests/truth/doctor): one program for each kind of
evidence, and a control for each kind of program. What is measured in numbers, and beside load, is
in `make truth`."""
import os
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "doctor"))

from harness import Ports, Run  # noqa: E402
from programs import Place, Skip, catalogue  # noqa: E402
from score import Score  # noqa: E402

BUILD = os.path.abspath(os.environ.get("B", "build"))
SECONDS = 10
NOBODY = 65534
PROGRAMS = {program.key: program for program in catalogue()}


class Doctor(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.place, cls.ports = Place(BUILD), Ports(18700, 18799)
        cls.addClassCleanup(cls.place.remove)

    def score(self, key, strength, uid=None):
        # Other suites run beside this one, as hogs do.
        run = Run(PROGRAMS[key], strength, os.geteuid() if uid is None else uid, False, SECONDS)
        try:
            truth, diagnosis = run.diagnose(self.place, self.ports, None)
        except Skip as why:
            self.skipTest(str(why))
        self.said = [(f["id"], f["severity"], f["summary"]) for f in diagnosis["findings"]]
        return Score(truth, diagnosis, busy=True)

    def finds(self, key, uid=None):
        score = self.score(key, 60, uid)
        self.assertTrue(score.in_top, f"{key}: wanted {score.expected}, said {self.said}")
        return score

    def names_the_culprit(self, key, uid=None):
        score = self.finds(key, uid)
        self.assertEqual(score.culprit, "line", f"{key}: said {self.said}")

    def is_healthy(self, key):
        score = self.score(key, 0)
        self.assertEqual(score.also, [], f"{key}: said {self.said}")

    def test_samples_show_what_blocks_a_loop(self):
        self.names_the_culprit("c/slow_handler")

    def test_generated_code_is_named(self):
        self.names_the_culprit("node/fib")

    def test_waits_show_a_held_lock(self):
        self.names_the_culprit("c/lock_slow_holder")

    def test_page_faults_show_what_grows(self):
        self.names_the_culprit("c/leaking_server")

    def test_descriptors_are_counted(self):
        self.finds("c/fd_leak")

    def test_calls_into_the_kernel_have_their_callers_without_rights(self):
        if os.geteuid() != 0:
            self.skipTest("becoming another user needs root")
        self.names_the_culprit("c/fd_leak", NOBODY)

    def test_a_loop_that_answers_is_healthy(self):
        self.is_healthy("c/epoll_server")

    def test_idle_workers_are_healthy(self):
        self.is_healthy("c/idle_workers")

    def test_a_node_server_is_healthy(self):
        self.is_healthy("node/hello")
