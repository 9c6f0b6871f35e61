# SPDX-License-Identifier: MIT
"""Whole stacks: depth, order, signal frames, generated code."""
from recording import Truth, named, record


def depth(frames, name):
    return sum(named(frame, name) for frame in frames)


class Recursion(Truth):
    def exact(self, name, frames, share=0.98):
        recording = record([name, str(frames), "2"])
        right = recording.share(lambda f: depth(f, "descend") == frames and depth(f, "main") == 1)
        self.least(right, share, recording, f"stacks with {frames} frames of descend()")
        return recording

    def test_200_frames(self):
        self.complete(self.exact("recurse", 200))

    def test_200_frames_with_frame_pointers(self):
        self.complete(self.exact("recurse-fp", 200))

    def test_1200_frames_after_the_copy_has_grown(self):
        self.exact("recurse", 1200, 0.5)

    def test_5000_frames_are_not_cut_silently(self):
        recording = record(["recurse", "5000", "2"])
        whole = recording.share(lambda f: depth(f, "descend") == 5000 and depth(f, "main") == 1)
        cut = recording.share(lambda f: depth(f, "descend") >= 100 and any(
            "truncated" in frame for frame in f))
        self.least(whole + cut, 0.97, recording, "stacks that are whole, or say that they are cut")
        if whole < 0.5:
            self.assertGreater(recording.meta["stacks_truncated"], 0)
        rooted = recording.share(lambda f: 0 < depth(f, "descend") < 5000 and depth(f, "main") > 0)
        self.assertLess(rooted, 0.02, "cut stacks hang under main as if they were whole\n"
                        + recording.top())


class Frames(Truth):
    def test_realigned(self):
        recording = record(["realigned", "2"])
        self.least(recording.chain("main", "aligned_outer", "aligned_inner", "burn"), 0.97,
                   recording, "main, aligned_outer, aligned_inner, burn")
        self.complete(recording)

    def test_untouched_pages(self):
        recording = record(["hollow", "2"])
        self.least(recording.chain("main", "hollow", "burn"), 0.95, recording, "main, hollow, burn")
        self.complete(recording, 0.95)

    def test_signal_handlers(self):
        recording = record(["signals", "3"], "-F", "999")
        self.totals_match(recording, recording.truth["total"])
        self.least(recording.chain("main", "interrupted", "handler_work", "burn"), 0.45, recording,
                   "handler above what it interrupted")
        altstack = recording.total("altstack_work")
        whole = recording.chain("main", "interrupted", "altstack_work")
        said = recording.share(lambda f: any(named(n, "altstack_work") for n in f)
                               and any(n.startswith("[") for n in f))
        self.least((whole + said) / altstack, 0.95, recording,
                   "handler on another stack: whole, or marked as cut")

    def test_vdso(self):
        recording = record(["clock", "2"])
        self.least(recording.chain("main", "ask_the_time"), 0.97, recording, "main, ask_the_time")
        self.least(recording.share(lambda f: any("clock_gettime" in n for n in f)), 0.5, recording,
                   "clock_gettime by name")
        self.complete(recording)

    def test_generated_code(self):
        recording = record(["jit", "2"])
        # Between two calls it asks for the time, which costs more where others take the CPU.
        asking = recording.total("cpu_ns")
        self.assertLess(asking, 0.3, recording.top())
        called = recording.chain("main", "call_generated", "generated_caller", "generated_loop")
        self.least(called / (1 - asking), 0.97, recording,
                   "main, call_generated, generated_caller, generated_loop")

    def test_hostile_names(self):
        recording = record(["hostile", "2"])
        text = "\n".join(recording.names())
        for byte in "\x1b\x07\t\r":
            self.assertNotIn(byte, text, "a control byte in a name")
        text.encode()  # raises when a name is not UTF-8
        self.assertTrue(any("semi" in name for name in recording.names()), recording.top())
        self.assertEqual(len(recording.stacks), len({tuple(f) for f, _ in recording.stacks}))
        self.least(recording.chain("main", "burn"), 0.9, recording, "main, burn")


class Unwinders(Truth):
    """The compiled tables and libunwind see the same program."""

    def compare(self, command, functions):
        table = record(command, "-F", "999", "--unwinder=table")
        other = record(command, "-F", "999", "--unwinder=libunwind")
        self.assertEqual(table.meta["unwinder"], "table")
        self.assertEqual(other.meta["unwinder"], "libunwind")
        for name in functions:
            self.near(table.total(name), other.total(name), 4, table, f"{name}, table by libunwind")
        shape = {tuple(f) for f, count in other.stacks if count >= other.samples / 50}
        known = {tuple(f) for f, _ in table.stacks}
        self.assertFalse(shape - known, "stacks that only libunwind has")

    def test_agree_on_callbacks(self):
        self.compare(["callbacks", "2"], ["sort_all", "search_all", "compare_slowly", "main"])

    def test_agree_on_signals(self):
        self.compare(["signals", "2"], ["handler_work", "outside_work", "burn"])

    def test_agree_on_realigned_frames(self):
        self.compare(["realigned", "2"], ["aligned_outer", "aligned_inner", "main"])
