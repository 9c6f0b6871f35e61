# SPDX-License-Identifier: MIT
"""Shares of CPU time against what the programs say of themselves."""
import os
import subprocess

from recording import NOBODY, TARGETS, Truth, need_root, program, record

SPIN = {"hot_sixty": 0.6, "hot_thirty": 0.3, "hot_ten": 0.1}
RATE = ("-F", "999")


def python_version(python):
    text = subprocess.run([python, "-c", "import sys; print(*sys.version_info[:2])"],
                          capture_output=True, text=True, check=True).stdout
    return tuple(int(number) for number in text.split())


class Native(Truth):
    def spin(self, name, uid=None):
        recording = record([name, "3"], *RATE, uid=uid)
        self.totals_match(recording, recording.truth["self"])
        self.complete(recording)
        for function, share in recording.truth["self"].items():
            self.least(recording.self(function), share * 0.85, recording, f"self of {function}")
        return recording

    def test_spin(self):
        recording = self.spin("spin")
        expected = recording.truth["cpu_ns"] * 999 / 1e9
        self.assertAlmostEqual(recording.samples / expected, 1, delta=0.08,
                               msg="samples per second of CPU time")
        self.assertEqual(recording.meta["samples_lost"], 0)

    def test_spin_unprivileged(self):
        need_root()
        self.spin("spin", uid=NOBODY)

    def test_time_in_the_kernel_has_its_callers_without_rights(self):
        """Estimated from a few calls, some of which are shorter than it takes to look at them."""
        need_root()
        recording = record(["kernelwork", "8"], uid=NOBODY, verb="doctor")
        for name, share in recording.truth["total"].items():
            found = recording.total(name)
            self.least(found, share * 0.5, recording, f"{name}, {share:.2f} by its own clock")
            self.assertLess(found, share * 1.7, f"{name}\n{recording.top()}")

    def test_spin_with_frame_pointers(self):
        self.spin("spin-fp")

    def test_spin_static_musl(self):
        recording = record(["spin-musl", "3"], *RATE)
        self.totals_match(recording, recording.truth["self"])

    def test_callbacks_through_libc(self):
        recording = record(["callbacks", "3"], *RATE)
        self.totals_match(recording, recording.truth["total"])
        self.least(recording.chain("main", "sort_all", "compare_slowly"), 0.35, recording,
                   "main, sort_all, compare_slowly")

    def test_threads(self):
        recording = record(["threads", "3"], *RATE)
        self.totals_match(recording, recording.truth["total"])
        self.complete(recording)

    def test_hot_function_of_the_bundled_text_report(self):
        recording = record(["spin", "1"], "-o", "out.txt")
        with open(os.path.join(recording.folder, "out.txt"), encoding="utf-8") as file:
            text = file.read()
        first = [line for line in text.splitlines() if "hot_" in line][0]
        self.assertIn("hot_sixty", first, text[:3000])
        self.assertIn("spin.c:", first, text[:3000])
        self.assertTrue(all(len(line) <= 80 for line in text.splitlines()),
                        "a line is wider than 80 columns")


class Languages(Truth):
    def test_cplusplus_templates_inlines_and_exceptions(self):
        recording = record(["inlines-cpp", "3"], *RATE)
        self.totals_match(recording, recording.truth["total"])
        inlined = recording.chain("shapes::sum_of<shapes::circle>", "shapes::round<shapes::circle>",
                                  "shapes::mix")
        self.least(inlined, 0.4, recording, "mix inlined into round inlined into sum_of")
        self.least(recording.chain("shapes::album::visit", "_Unwind_RaiseException"), 0.05,
                   recording, "visit above the unwinder")

    def rust(self, name, kinds):
        recording = record([name, "3"], *RATE)
        for kind, share in kinds.items():
            self.near(recording.chain("inlines::main", "inlines::orchard::harvest", kind), share, 5,
                      recording, f"main, harvest, {kind}")
        self.least(recording.total("inlines::scramble"), 0.7, recording, "inlined scramble")
        self.complete(recording)
        return recording

    def test_rust_legacy_names(self):
        recording = self.rust("inlines-rust-legacy", {"inlines::digest": 1})
        self.assertFalse([n for n in recording.names() if n.startswith("_ZN") or "17h" in n])

    def test_rust_v0_names(self):
        recording = self.rust("inlines-rust-v0", {"inlines::digest::<inlines::Apple>": 0.7,
                                                  "inlines::digest::<inlines::Pear>": 0.3})
        self.assertFalse([n for n in recording.names() if n.startswith("_R")])

    def test_go(self):
        recording = record(["spin-go", "3"], *RATE)
        self.totals_match(recording, recording.truth["self"], points=4)
        self.least(recording.chain("main.main", "main.goHotSixty"), 0.5, recording,
                   "main.main, main.goHotSixty")

    def test_node(self):
        recording = record([program("node"), os.path.join(TARGETS, "spin.js"), "4"], *RATE)
        self.assertFalse([n for n in recording.names() if n.startswith(("~js", "*js", "^js"))],
                         "tiers are tags, not part of a name")
        scale = recording.total("jsHotSixty") + recording.total("jsHotThirty") \
            + recording.total("jsHotTen")
        self.least(scale, 0.85, recording, "time inside of the three functions")
        for name, share in recording.truth["total"].items():
            self.near(recording.total(name) / scale, share, 4, recording, name)
        self.complete(recording, 0.95)

    def test_node_unprivileged(self):
        need_root()
        recording = record([program("node"), os.path.join(TARGETS, "spin.js"), "3"], *RATE,
                           uid=NOBODY)
        self.least(recording.total("jsHotSixty"), 0.45, recording, "jsHotSixty")

    def test_python(self):
        recording = self.python()
        text = str(recording.json)
        self.assertIn("spin.py", text, "no source file is named")

    def test_python_unprivileged(self):
        need_root()
        self.python(NOBODY)

    def python(self, uid=None):
        python = os.path.realpath(program("python3"))
        if python_version(python) < (3, 11):
            self.skipTest("CPython before 3.11 does not tell its functions")
        recording = record([python, os.path.join(TARGETS, "spin.py"), "3"], *RATE, uid=uid)
        for name, share in recording.truth["total"].items():
            self.near(recording.total(name), share, 5, recording, name)
        self.complete(recording, 0.95)
        return recording


class DebugData(Truth):
    """Names and lines wherever the debug data is."""

    def lines_of(self, name):
        recording = record([name, "1"])
        self.least(recording.total("hot_sixty"), 0.5, recording, "hot_sixty")
        text = str(recording.json)
        self.assertIn("spin.c", text, f"no source file named for {name}")

    def test_behind_a_debug_link(self):
        self.lines_of("spin-split")

    def test_compressed_by_zlib(self):
        self.lines_of("spin-zlib")

    def test_compressed_by_zstd(self):
        self.lines_of("spin-zstd")

    def test_none_gives_no_wrong_name(self):
        recording = record(["spin-stripped", "1"])
        self.least(recording.share(lambda f: any(n.startswith("spin-stripped+0x") for n in f)),
                   0.9, recording, "frames named module+0xaddress")
        self.assertIn("spin-stripped", str(recording.json.get("notes")),
                      "no note says that names are missing")
