#!/bin/sh
# SPDX-License-Identifier: MIT
# Every command line in the man pages, in --help and in the README is one that prof understands.
. "$(dirname "$0")/lib.sh"
need_command python3
for command in flame record report check help; do
    "$PROF" "$command" --help | sed -n '/^Examples:/,/^$/p' > "help-$command"
done
cat > examples.py << 'PY'
import re, shlex, subprocess, sys
prof, seen, bad = sys.argv[1], 0, 0
for path in sys.argv[2:]:
    manual = path.endswith(".1")
    on = not manual
    for line in open(path):
        on = (on or line.startswith(".EX")) and not (manual and line.startswith(".EE"))
        line = line.strip().replace("perf script | ", "").replace("sudo ", "")
        if not on or not re.match(r"prof (flame|record|report|check)\b", line):
            continue
        line = re.sub(r"\$\(.*\)", "1234", re.sub(r"  +(#|[a-z]).*", "", line))
        words = shlex.split(line, comments=True)[1:]
        end = words.index("--") if "--" in words else len(words)
        done = subprocess.run([prof] + words[:end] + ["--help"] + words[end:],
                              capture_output=True, text=True)
        seen += 1
        if done.returncode != 0:
            bad += 1
            print(f"not ok examples/{path}: {line}: {done.stderr.strip()}")
print(f"ok examples/{seen} lines" if seen > 20 and not bad else
      f"not ok examples/all: {bad} bad of {seen}")
sys.exit(bad > 0 or seen <= 20)
PY
python3 examples.py "$PROF" help-* "$root"/docs/man/*.1 "$root/README.md" || failed=1
finish
