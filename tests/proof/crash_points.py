#!/usr/bin/env python3
"""The real program against the real sandbox, killed with SIGKILL at system calls that matter and at requests before and
after their effect; then it recovers, and account and state are compared with those of an unbroken run.

Usage: crash_points.py PROGRAM --points N [--piece K/N] [--people SIZE,SIZE…] [--workers N] [--kept FOLDER] [--resume]

The points are counted in an unbroken run of each scenario of company life (crash/scenarios.py) and taken evenly from all
of them, three quarters between the first and the last request; --piece 2/5 tries each fifth of these, from the second on. FOLDER gets the folder of each point that failed and, line
by line, what came of each; with --resume those that are there are not done again, while the program is the same."""
import argparse
import collections
import dataclasses
import hashlib
import json
import multiprocessing
import os
import pathlib
import shutil
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent / "crash"))
from bench import REQUEST, Bench, Point  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

BETWEEN_SHARE = 0.75
LEAST_BETWEEN = 2 / 3
IN_FULL = 5000
SHOWN_FAILURES = 20

bench = None  # of a worker process


def start_worker(program, folder, kept):
    global bench
    bench = Bench(program, tempfile.mkdtemp(dir=folder), kept)


def count(company_and_scenario):
    unbroken = bench.unbroken(*company_and_scenario)
    return unbroken.between, unbroken.outside


def strike(point):
    return bench.strike(point)


def evenly(points, wanted):
    """`wanted` of them, at even distances; the same each time."""
    if wanted > len(points):
        raise SystemExit(f"there are {len(points)} crash points where {wanted} are wanted; give more --people")
    return [points[(2 * i + 1) * len(points) // (2 * wanted)] for i in range(wanted)]


def one_of_each(points, what):
    """The middle one of those for which `what` is the same: a call that is made seldom is not passed over."""
    alike = collections.defaultdict(list)
    for point in sorted(points):
        alike[what(point)].append(point)
    return [some[len(some) // 2] for some in alike.values()]


def surely(points, companies, wanted):
    """Each call of each scenario, and every request of the first company, where so many are wanted; else each call."""
    if wanted < IN_FULL:
        return one_of_each(points, lambda point: point.call)
    seldom = one_of_each(points, lambda point: (point.scenario, point.call))
    return seldom + [point for point in points if point.company == companies[0] and point.call == REQUEST]


def choose(pool, companies, wanted):
    between, outside = [], []
    for some_between, some_outside in pool.map(count, [(c, s) for c in companies for s in range(len(SCENARIOS))], chunksize=1):
        between += some_between
        outside += some_outside
    inner = round(wanted * BETWEEN_SHARE)
    chosen = []
    for points, share in ((between, inner), (outside, wanted - inner)):
        sure = set(surely(points, companies, wanted))
        chosen += [*sure, *evenly([point for point in points if point not in sure], share - len(sure))]
    calls = collections.Counter(point.call for point in chosen)
    print(f"{len(between)} crash points between the first and the last request and {len(outside)} around them; "
          f"taking {inner} and {wanted - inner}: {', '.join(f'{call} {count}' for call, count in sorted(calls.items()))}",
          flush=True)
    return sorted(chosen)


class Record:
    """What came of each point, one JSON line each, kept across sittings for one program and one way of trying it."""

    def __init__(self, folder, program, resume):
        folder.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        for path in [program, *sorted(pathlib.Path(__file__).parent.glob("crash/*.py"))]:
            digest.update(path.read_bytes())
        self._path = folder / f"points-{digest.hexdigest()[:16]}.jsonl"
        if not resume:
            self._path.unlink(missing_ok=True)
        # The last line may have been cut off.
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        self.done = {}
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            self.done[entry["point"]] = entry
        self._file = open(self._path, "a", encoding="utf-8")

    def add(self, struck):
        entry = dataclasses.asdict(struck) | {"point": str(struck.point)}
        self.done[entry["point"]] = entry
        self._file.write(json.dumps(entry) + "\n")
        self._file.flush()


def piece(text):
    number, _, of = text.partition("/")
    if not (number.isdigit() and of.isdigit() and 1 <= int(number) <= int(of)):
        raise argparse.ArgumentTypeError("must be like 2/5")
    return int(number), int(of)


def summary(entries):
    where = collections.Counter(entry["where"] for entry in entries)
    struck = len(entries) - where["missed"]
    share = where["between"] / struck if struck else 0
    failures = sum(1 for entry in entries if entry["broken"])
    seconds = sum(entry["seconds"] for entry in entries)
    text = (f"{struck} crash points, {share:.0%} of them between the first and the last request, {failures} failures"
            f" ({where['missed']} points were not reached; {seconds:.0f} s of work)")
    return text, failures == 0 and share >= LEAST_BETWEEN and where["missed"] <= len(entries) // 50


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("program", type=pathlib.Path)
    options.add_argument("--points", type=int, required=True)
    options.add_argument("--piece", type=piece, default=(1, 1))
    options.add_argument("--people", default="20")
    options.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--kept", type=pathlib.Path, default=pathlib.Path("build/crash"))
    options.add_argument("--resume", action="store_true")
    options.add_argument("--only", help="points whose name contains this, to look at one again")
    given = options.parse_args()
    program, kept = given.program.resolve(), given.kept.resolve()
    companies = [(int(size), seed) for seed, size in enumerate(given.people.split(","), 1)]
    record = Record(kept, program, given.resume)
    folder = tempfile.mkdtemp(prefix="ucaas-sync-crash-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None)
    try:
        with multiprocessing.Pool(given.workers, start_worker, (program, folder, kept / "failed")) as pool:
            number, of = given.piece
            points = choose(pool, companies, given.points)[number - 1::of]
            if given.only:
                points = [point for point in points if given.only in str(point)]
            left = [point for point in points if str(point) not in record.done]
            if len(left) < len(points):
                print(f"{len(points) - len(left)} of them were tried before", flush=True)
            told = time.monotonic()
            for tried, struck in enumerate(pool.imap_unordered(strike, left), 1):
                record.add(struck)
                if struck.broken:
                    print(f"FAILED {struck.point}: {struck.broken}", flush=True)
                if time.monotonic() - told > 60:
                    told = time.monotonic()
                    print(f"{tried} of {len(left)}", flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text, is_sound = summary([record.done[str(point)] for point in points])
    print(f"Figures: {text}")
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
