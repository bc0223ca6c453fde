#!/usr/bin/env python3
"""Which branches no test takes, and why that is right. Reads the JSON of gcovr and `explained.tsv`: the file, the text of
the line, and the reason, separated by tabs; each row explains one line. A line with an untaken branch that is not
explained, and an explanation that fits no such line any more, are told, and the exit code is then 1.

Usage: branches.py SOURCES GCOVR_JSON [EXPLAINED]"""
import collections
import json
import pathlib
import sys


def explanations(path):
    """(file, text of the line) → how many such lines are explained."""
    explained = collections.Counter()
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        parts = line.split("\t")
        if len(parts) != 3 or not all(parts):
            sys.exit(f"{path}:{number}: three fields, separated by tabs: file, text of the line, reason")
        explained[parts[0], parts[1]] += 1
    return explained


def untaken(sources, report):
    """For each file its branches, those that were taken, and the lines with one that was not."""
    for file in sorted(report["files"], key=lambda file: file["file"]):
        text = (sources / file["file"]).read_text().splitlines()
        branches = [branch for line in file["lines"] for branch in line["branches"]]
        missing = [(line["line_number"], text[line["line_number"] - 1].strip()) for line in file["lines"]
                   if any(branch["count"] == 0 for branch in line["branches"])]
        yield file["file"], len(branches), sum(branch["count"] > 0 for branch in branches), missing


def main():
    sources, report = pathlib.Path(sys.argv[1]), json.loads(pathlib.Path(sys.argv[2]).read_text())
    path = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else pathlib.Path(__file__).parent / "explained.tsv"
    explained = explanations(path)
    count_explained, unexplained = sum(explained.values()), []
    print(f"{'file':<36} {'branches':>8} {'taken':>8} {'':>5}  lines with an untaken one")
    for name, count, taken, missing in untaken(sources, report):
        print(f"{name:<36} {count:>8} {taken:>8} {100 * taken / max(1, count):>4.0f}%  "
              f"{len(missing)}")
        for number, text in missing:
            if explained[name, text] > 0:
                explained[name, text] -= 1
            else:
                unexplained.append(f"{name}:{number}: {text}")
    left = [place for place, times in sorted(explained.items()) for _ in range(times)]
    print(f"\n{count_explained - len(left)} lines are explained in {path.name}")
    for line in unexplained:
        print(f"not tested and not explained: {line}")
    for name, text in left:
        print(f"explained, and tested or gone: {name}: {text}")
    sys.exit(1 if unexplained or left else 0)


main()
