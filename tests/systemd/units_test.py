#!/usr/bin/env python3
"""The units are valid, closed, and explained: `systemd-analyze verify` has nothing to say, the exposure is at most 1.5,
and every setting of the hardening stands under a comment.

Usage: units_test.py FOLDER-OF-BUILT-UNITS HARDENING"""
import pathlib
import re
import subprocess
import sys

THRESHOLD = 15  # tenths


def analyze(*arguments):
    done = subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def main():
    folder, hardening = map(pathlib.Path, sys.argv[1:])
    failures = []
    units = sorted(folder.iterdir())
    assert len(units) == 4, units
    instances = [str(unit).replace("@.service", "@leeds.service") for unit in units]
    for unit, instance in zip(units, instances):
        if instance != str(unit):
            pathlib.Path(instance).write_text(unit.read_text())
        code, said = analyze("verify", "--man=no", "--recursive-errors=no", instance)
        if code != 0 or said.strip():
            failures.append(f"{instance}: {said}")
        if unit.suffix == ".service":
            code, said = analyze("security", "--offline=true", "--no-pager", f"--threshold={THRESHOLD}", instance)
            print(said.strip().splitlines()[-1])
            if code != 0:
                failures.append(f"{instance}: too exposed\n{said}")
        if instance != str(unit):
            pathlib.Path(instance).unlink()
    explained = False
    for number, line in enumerate(hardening.read_text().splitlines(), 1):
        if line.startswith("#"):
            explained = True
        elif not line:
            explained = False
        elif re.match(r"[A-Z]", line) and not explained:
            failures.append(f"{hardening}:{number}: {line} has no comment")
    if failures:
        sys.exit("\n".join(failures))


main()
