#!/usr/bin/env python3
"""Measures the program beside other programs, in one call and on the same data, and writes tests/bench/RESULTS.md.

  bench.py BUILD [--people 10k,100k] [--full] [--repeats N] [--only PARTS] [--data DIR] [--no-results]

BUILD is a build with -DUCAAS_SYNC_BENCH=ON (`./dev bench` makes one). --full adds 1,000,000 people, which takes some
minutes and 3 GB of disk. Data is made from a seed and removed at the end, unless --data names where it may stay.

A figure is the median of the repeats after a warm-up. Wall time decides, which two cores may share; CPU time is given
beside it. Memory is the peak of the one process (VmHWM)."""
import argparse
import json
import os
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

import grouping
import keeping
import loading
import planning
import reading
import sending
import starting
from measure import median, run, run_once, say, seconds

HERE = pathlib.Path(__file__).resolve().parent


PARTS = ("reading", "planning", "groups", "requests", "loading", "starting", "inner")


class Bench:
    """What the parts share: where the programs and the data are, and the table so far."""

    def __init__(self, build, data, repeats):
        self.build, self.data, self.repeats = build.resolve(), data, repeats
        self.here = HERE
        self.log = open(data / "log", "w", encoding="utf-8")
        self.lines = []
        self.filled = {"operations": 0, "apply_wall": 1}
        self.remarks = []  # what a table cannot say, a paragraph each

    def repeat(self, command, folder, before=lambda: None):
        """The median behind a warm-up; `before` is called ahead of each run, outside of what is measured."""
        return self.in_turn(folder, command, before=before)[0]

    def in_turn(self, folder, *commands, times=None, before=lambda: None):
        """The median of each command, run by turns, so that whatever the machine does meanwhile meets all of them."""
        costs = [[] for _ in commands]
        for number in range(1 + (times or self.repeats)):
            for command, found in zip(commands, costs):
                before()
                cost = run_once(command, folder, self.log)
                if number > 0:
                    found.append(cost)
        return [median(found) for found in costs]

    def make(self, kind, people, path, *options):
        if not path.exists():
            run([self.build / "bench_make_data", kind, people, path, *options])
        return path

    def reader_of(self, name, path):
        return reading.read(self, name, path)

    def inner(self):
        say("inner pieces")
        out = run([self.build / "bench_inner", "--benchmark_format=json", f"--benchmark_repetitions={self.repeats}",
                   "--benchmark_report_aggregates_only=true", "--benchmark_min_time=0.1"],
                  stdout=subprocess.PIPE, stderr=self.log).stdout
        rows = []
        for one in json.loads(out)["benchmarks"]:
            if one["aggregate_name"] != "median":
                continue
            speed = f"{one['bytes_per_second'] / 1e6:,.0f} MB/s" if "bytes_per_second" in one else ""
            name = re.sub(r"_median$|^BM_", "", one["name"])
            label = one.get("label", "").replace("|", "\\|")
            rows.append((f"{name} {label}".rstrip(), f"{one['cpu_time']:,.0f} ns", speed))
        return rows


def verdict(line):
    if line.goal is None:
        return ""
    return f"{line.goal.text}: {'met' if line.goal.met(line.ours, line.yardstick) else 'missed'}"


def per_person(line):
    return f"{line.ours.cpu / line.per * 1e6:.2f} µs" if line.per else ""


def table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    text = lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    return "\n".join([text(header), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(text, rows)])


def main_table(lines):
    rows = []
    for line in lines:
        ours, ours_text = line.rate(line.ours)
        other, other_text = line.rate(line.yardstick)
        name = line.yardstick_name + (f"; wall {line.yardstick.wall:.2f} s" if line.rate is seconds else "")
        rows.append((line.work, ours_text, f"{line.ours.wall:.2f} s", f"{line.ours.peak_mib:.0f} MiB",
                     f"{other_text} ({name})", f"{line.yardstick.peak_mib:.0f} MiB",
                     f"{ours / other:.2f} ×", per_person(line), line.peer, verdict(line)))
    return table(("work", "ours", "wall", "peak", "yardstick", "peak", "ratio", "a person", "best peer known", "goal"), rows)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) // 1024
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores, {memory:,} MiB, Linux {platform.release()}; load when it began: {load}"


def results(bench, facts, inner):
    done = bench.filled
    remarks = "".join(f"{remark}\n\n" for remark in bench.remarks)
    return f"""# Figures

Made by `./dev bench{' --full' if any('1,000,000' in line.work for line in bench.lines) else ''}`, which makes its data, \
runs everything below and writes this page. Repeat it on a quiet
machine; on a busy one trust the ratios.

- Machine: {facts}.
- Readers, plans and starts: the median of {bench.repeats} runs (starts: 21) after a warm-up. Requests: the best of {bench.repeats}, ours and the bare
  loop by turns; wrk, latency, the limited API and the first load: one run. A plan that is compared with another plan (a
  join, a long journal), and the starts, are run by turns with it.
- Rates are by wall time; seconds, and their ratio, by CPU time (user and system, all threads), with the wall time beside
  them. Goals are judged by wall time, which two cores may share; that of a poll, by CPU time.
- Memory is the peak of the one process (VmHWM) as the kernel tells it to whoever started that: never below what bench.py
  held itself at that time (9 MiB at first, 24 later, 107 behind the first load); 0 where it was not measured.
- Our readers run as in the program: blocks from the real file stream, SHA-256 of all bytes, UTF-8 and NUL checks, line
  numbers. libcsv and libldap run over the same file, hash and check nothing, and must find the same values.
- A plan is the whole command, from start to exit: state loaded, export read, hashed and mapped, plan made and printed.
  The Python script (`script_plan.py`) is what an administrator would write: csv module, dict, JSON cache; it has no
  guards, no journal and no check of its input.
- The best peers known were measured once, on another machine: read them as orders of magnitude.

{main_table(bench.lines)}

Filling a state with {done['operations']:,} creates through the real executor and journal, over a transport that accepts everything at
once: {done['operations'] / done['apply_wall']:,.0f} operations/s of wall time (durable marks and outcomes included).

{remarks}What dies at thousands of points, by kill -9 and by power cut, is `./dev proof`'s to show: tests/proof/LEDGER.md.

## Inner pieces

{table(("piece", "CPU time", "rate"), inner)}

## How to repeat

```sh
./dev bench                          # 10,000 and 100,000 people
./dev bench --full                   # and a million
build/bench_inner --benchmark_filter=Filter
build/bench_make_data csv 100000 people.csv && build/bench_readers csv people.csv 9
```

{(HERE / 'NOTES.md').read_text(encoding='utf-8')}"""


def people_of(text):
    return [int(word.lower().replace("k", "000").replace("m", "000000")) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--people", type=people_of, default=[10_000, 100_000])
    parser.add_argument("--full", action="store_true", help="also a million people")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--data", type=pathlib.Path, help="keep the data here, and use what is there")
    parser.add_argument("--no-results", action="store_true", help="do not write RESULTS.md")
    parser.add_argument("--only", help="parts, by commas: " + ", ".join(PARTS))
    args = parser.parse_args()
    parts = args.only.split(",") if args.only else PARTS
    if unknown := set(parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(sorted(unknown))}; there are: {', '.join(PARTS)}")
    wanted = lambda part: part in parts
    sizes = sorted(set(args.people + ([1_000_000] if args.full else [])))
    data = args.data or pathlib.Path(tempfile.mkdtemp(prefix="ucaas-sync-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    try:
        facts = machine()
        bench = Bench(args.build, data.resolve(), args.repeats)
        for people in sizes:
            if wanted("reading"):
                reading.csv(bench, people)
                reading.ldif(bench, people)
        for people in sizes:
            if wanted("planning"):
                planning.csv(bench, people)
                planning.ldif(bench, people)
                planning.join(bench, people)
                planning.first(bench, people)
                keeping.state(bench, people)
                planning.poll(bench, people)
                starting.status(bench, people)
                starting.page(bench, people)
            if wanted("groups") and people <= 100_000:
                grouping.groups(bench, people)
        if wanted("planning"):
            planning.history(bench, sizes[-1], 10_000_000 if args.full else 1_000_000)
        if wanted("requests"):
            sending.requests(bench)
            sending.latency(bench)
            sending.limited(bench)
        if wanted("loading"):
            loading.first_load(bench, sizes[-1])
        if wanted("starting"):
            starting.start(bench)
        inner = bench.inner() if wanted("inner") else []
        print(main_table(bench.lines))
        print()
        print(table(("piece", "CPU time", "rate"), inner))
        print(*bench.remarks, sep="\n")
        if not args.no_results and not args.only:
            (HERE / "RESULTS.md").write_text(results(bench, facts, inner), encoding="utf-8")
            say(f"written to {HERE / 'RESULTS.md'}")
    except BaseException:
        # What was measured until then took its time.
        print(main_table(bench.lines))
        raise
    finally:
        if args.data is None:
            shutil.rmtree(data)


main()
