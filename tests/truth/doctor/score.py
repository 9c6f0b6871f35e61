# SPDX-License-Identifier: MIT
"""Compares what the doctor said with a program's truth, and adds up."""
import os

GATES = ("starved-by-others", "throttled", "under-driven")
HEALTHY = ("healthy", "under-driven", "cannot-tell")
TOP_FUNCTIONS = 3


class Score:
    """One run. verdict: what was said first; right: it is one of the expected; in_top: one of the
    expected is among the first three findings; culprit: "line", "function", "no" or "" (none is
    expected); also: other alarms that are not true of the program."""

    def __init__(self, truth, diagnosis, busy):
        expected, acceptable = truth["expected"], truth["acceptable"]
        # Beside hogs every program is starved, which it is right to say first.
        true_gate = ("starved-by-others",) if busy else ()
        findings = diagnosis["findings"]
        alarms = [f for f in findings if f["severity"] in ("warning", "critical")
                  and f["id"] not in true_gate]
        self.verdict = diagnosis["verdict"]
        if self.verdict in true_gate:
            gates = [f["id"] for f in findings if f["id"] in GATES and f["id"] not in true_gate]
            self.verdict = (alarms and alarms[0]["id"]) or (gates and gates[0]) or "healthy"
        self.control = not expected
        if self.control:
            self.right = self.verdict in HEALTHY or self.verdict in acceptable
            self.in_top = self.right
        else:
            self.right = self.verdict in expected
            first = [f["id"] for f in findings if f["id"] not in true_gate][:3]
            self.in_top = self.right or any(name in expected for name in first)
        self.also = sorted({f["id"] for f in alarms} - set(expected) - set(acceptable))
        self.expected = expected
        self.confidence = next((f["confidence"] for f in findings if f["id"] == self.verdict), "")
        self.culprit = "" if self.control else culprit(truth, findings, expected)


def culprit(truth, findings, expected):
    """How well the function to blame is named by the first finding that is right."""
    if not truth.get("function"):
        return ""
    finding = next((f for f in findings if f["id"] in expected), None)
    best = "no"
    for function in (finding or {}).get("functions", [])[:TOP_FUNCTIONS]:
        if not same_function(function.get("name") or "", truth["function"]):
            continue
        in_file = os.path.basename(function.get("file") or "") == truth["file"]
        in_lines = truth["line"] <= (function.get("line") or 0) <= truth["last_line"]
        best = "line" if in_file and in_lines else "function" if best == "no" else best
    return best


def same_function(name, wanted):
    """Without what languages write around a name: packages, parameters, closures."""
    words = name.replace("::", ".").replace("(", ".").replace(" ", ".").split(".")
    return wanted in words


class Table:
    """Prints a line per run as it comes, and the sums at the end."""

    HEAD = ("program", "strength", "as", "beside", "verdict", "right", "top 3", "culprit", "also")
    WIDTHS = (26, 8, 4, 6, 22, 5, 5, 8, 0)

    def __init__(self):
        self.scores, self.skipped, self.failed = [], [], []

    def row(self, cells):
        print("  ".join(str(c).ljust(w) for c, w in zip(cells, self.WIDTHS)).rstrip(), flush=True)

    def head(self):
        self.row(self.HEAD)

    def conditions(self, run):
        return (run.program.key, run.strength, "root" if run.uid == 0 else "user",
                "hogs" if run.busy else "quiet")

    def add(self, run, score):
        self.scores.append((run, score))
        mark = {True: "yes", False: "NO"}
        self.row(self.conditions(run) + (score.verdict, mark[score.right], mark[score.in_top],
                                         score.culprit, " ".join(score.also)))

    def skip(self, run, why):
        self.skipped.append((run, why))
        self.row(self.conditions(run) + (f"skipped: {why}",))

    def fail(self, run, why):
        self.failed.append((run, why))
        self.row(self.conditions(run) + (f"FAILED: {why}",))

    def sums(self):
        for user, busy in sorted({(r.uid != 0, r.busy) for r, _ in self.scores}):
            some = [s for r, s in self.scores if (r.uid != 0, r.busy) == (user, busy)]
            print(f"\n{'unprivileged' if user else 'root'}, {'beside hogs' if busy else 'quiet'}:")
            self.sums_of(some)
        self.recall()
        if self.skipped or self.failed:
            print(f"\n{len(self.skipped)} skipped, {len(self.failed)} failed to run")

    @staticmethod
    def sums_of(scores):
        defects = [s for s in scores if not s.control]
        controls = [s for s in scores if s.control]
        blamed = [s for s in defects if s.culprit]
        print(f"  first verdict right   {share(sum(s.right for s in defects), len(defects))}")
        print(f"  among the first three {share(sum(s.in_top for s in defects), len(defects))}")
        print(f"  function named        {share(sum(s.culprit != 'no' for s in blamed), len(blamed))}")
        print(f"  and its line          {share(sum(s.culprit == 'line' for s in blamed), len(blamed))}")
        print(f"  controls flagged      {share(sum(bool(s.also) for s in controls), len(controls))}")

    def recall(self):
        rows = {}
        for _, score in self.scores:
            if score.expected:
                hits, all_runs = rows.get(score.expected[0], (0, 0))
                rows[score.expected[0]] = (hits + score.in_top, all_runs + 1)
        print("\nfound among the first three, by what is wrong:")
        for name in sorted(rows):
            print(f"  {name:24}{share(*rows[name])}")
        for word in ("certain", "likely", "possible"):
            said = [s for _, s in self.scores if s.confidence == word]
            print(f"  said '{word}'".ljust(26) + f"{share(sum(s.right for s in said), len(said))} right")


def share(part, whole):
    return f"{part} of {whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")
