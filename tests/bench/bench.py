#!/usr/bin/env python3
"""Measures the program beside other programs, in one call and on the same data, and writes tests/bench/RESULTS.md.

  bench.py BUILD [--people 10k,100k] [--full] [--repeats N] [--data DIR] [--no-results]

BUILD is a build with -DUCAAS_SYNC_BENCH=ON (`./dev bench` makes one). --full adds 1,000,000 people, which takes some
minutes and 3 GB of disk. Data is made from a seed and removed at the end, unless --data names where it may stay.

A figure is the median of the repeats after a warm-up. CPU time decides, since other work on the machine disturbs it
least; wall time is given beside it. Memory is the peak of the one process (VmHWM)."""
import argparse
import collections
import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent

Cost = collections.namedtuple("Cost", "cpu wall peak_mib")
# One line of the table. `rate` turns seconds of CPU into what people compare.
Line = collections.namedtuple("Line", "work ours yardstick yardstick_name rate goal")

CONFIG = """\
state_dir: state
target:
  base_url: http://127.0.0.1:9/
  basic: { id: bench, key: bench }
sources:
  hr: { csv: people.csv, key: employee_id }
tables:
  status: { active: A, leave: S }
users:
  from: hr
  filter: "(employee_id=*)"
  left: "(status=terminated)"
  fields:
    first_name: "{first_name}"
    last_name: "{last_name}"
    email: "{email|lower}"
    department: "{department}"
    designation: "{title|default:Staff}"
    user_type: moderator
    status: "{status|map:status|default:A}"
  create_only: [user_type]
"""

# What section 7 of the design asks of a plan: people → seconds, MiB.
PLAN_GOALS = {100_000: (0.25, 64), 1_000_000: (2.5, 256)}
PLAN_CHANGED = {100_000: 7, 1_000_000: 1}
# Of reading: bytes and entries a second, for files that take longer than starting does.
CSV_GOAL = 400e6
LDIF_GOAL = 1e6
LEAST_FOR_GOAL = 100_000


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def run_once(command, folder, log):
    """Runs `command` and returns what it cost."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{' '.join(str(word) for word in command)} ended with {process.returncode}; see {log.name}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def median(costs):
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs),
                max(cost.peak_mib for cost in costs))


class Bench:
    def __init__(self, build, data, repeats):
        self.build, self.data, self.repeats = build.resolve(), data, repeats
        self.log = open(data / "log", "w", encoding="utf-8")
        self.lines = []

    def repeat(self, command, folder):
        run_once(command, folder, self.log)
        return median([run_once(command, folder, self.log) for _ in range(self.repeats)])

    def make(self, kind, people, path, *options):
        if not path.exists():
            run([self.build / "bench_make_data", kind, people, path, *options])
        return path

    # Reading

    def reader(self, name, path):
        out = run([self.build / "bench_readers", name, path, self.repeats], stdout=subprocess.PIPE).stdout
        found = json.loads(out)
        cost = Cost(statistics.median(found["cpu"]), statistics.median(found["wall"]), found["peak_kib"] / 1024)
        return cost, tuple(found[key] for key in ("records", "values", "value_bytes", "sum"))

    def compare_readers(self, ours, theirs, path):
        mine, my_sum = self.reader(ours, path)
        other, other_sum = self.reader(theirs, path)
        if my_sum != other_sum:
            sys.exit(f"{path}: {ours} and {theirs} do not find the same: {my_sum}, {other_sum}")
        return mine, other, my_sum[0]

    def read_csv(self, people):
        say(f"reading CSV, {people:,} people")
        path = self.make("csv", people, self.data / f"{people}.csv")
        size = path.stat().st_size
        ours, libcsv, _ = self.compare_readers("csv", "libcsv", path)
        some, _ = self.reader("csv-some", path)
        floor, _ = self.reader("lines", path)
        rate = lambda cost: (size / cost.cpu, f"{size / cost.cpu / 1e6:,.0f} MB/s")
        name = f"CSV {size / 1e6:,.0f} MB, {people:,} rows of 20 columns"
        self.lines += [Line(name + ", all kept", ours, libcsv, "libcsv", rate,
                            CSV_GOAL if people >= LEAST_FOR_GOAL else None),
                       Line(name + ", 8 kept", some, floor, "count of line ends", rate, None)]

    def read_ldif(self, people):
        say(f"reading LDIF, {people:,} people")
        path = self.make("ldif", people, self.data / f"{people}.ldif")
        size = path.stat().st_size
        ours, libldap, records = self.compare_readers("ldif", "libldap", path)
        some, _ = self.reader("ldif-some", path)
        floor, _ = self.reader("lines", path)
        rate = lambda cost: (records / cost.cpu, f"{records / cost.cpu / 1e3:,.0f} k/s")
        name = f"LDIF {size / 1e6:,.0f} MB, {records:,} entries of 16 values, {size // records} bytes"
        self.lines += [Line(name + ", all kept", ours, libldap, "libldap", rate,
                            LDIF_GOAL if people >= LEAST_FOR_GOAL else None),
                       Line(name + ", 6 kept", some, floor, "count of line ends", rate, None)]

    # Planning

    def plan(self, people):
        changed = PLAN_CHANGED.get(people, 7)
        say(f"planning, {people:,} people: filling the state")
        folder = self.data / f"plan-{people}"
        folder.mkdir(exist_ok=True)
        config = folder / "config.yaml"
        config.write_text(CONFIG, encoding="utf-8")
        config.chmod(0o600)
        self.make("csv", people, folder / "people.csv")
        self.make("csv", people, folder / "day2.csv", "--changed", changed)
        filled = folder / "filled.json"
        if not filled.exists():
            with open(folder / "filled.part", "wb") as out:
                run([self.build / "bench_fill_state", config], stdout=out)
            (folder / "filled.part").rename(filled)
        script = [sys.executable, HERE / "script_plan.py"]
        run([*script, folder / "people.csv", folder / "cache.json", "--save"])
        say(f"planning, {people:,} people: measuring")
        program = [self.build / "ucaas-sync", "-c", config, "plan"]
        goal = PLAN_GOALS.get(people)
        rate = lambda cost: (1 / cost.cpu, f"{cost.cpu:.3f} s")
        for share, ours, theirs, wanted in (
                (f"{changed} % changed", [*program, "--source", f"hr={folder / 'day2.csv'}"], "day2.csv", goal),
                ("nothing changed, file read", program, "people.csv", None)):
            self.lines.append(Line(f"plan {people:,} people, CSV, {share}", self.repeat(ours, folder),
                                   self.repeat([*script, folder / theirs, folder / "cache.json"], folder),
                                   "Python script", rate, wanted))
        self.filled = json.loads(filled.read_text(encoding="utf-8"))

    # Inner pieces

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
    if isinstance(line.goal, tuple):
        seconds, mib = line.goal
        met = line.ours.cpu <= seconds and line.ours.peak_mib <= mib
        return f"{seconds} s, {mib} MiB: {'met' if met else 'missed'}"
    value, _ = line.rate(line.ours)
    text = f"{line.goal / 1e6:,.0f} MB/s" if line.goal == CSV_GOAL else f"{line.goal / 1e3:,.0f} k/s"
    return f"{text}: {'met' if value >= line.goal else 'missed'}"


def table(header, rows):
    widths = [max(len(row[i]) for row in [header, *rows]) for i in range(len(header))]
    text = lambda row: "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
    return "\n".join([text(header), "|" + "|".join("-" * (width + 2) for width in widths) + "|", *map(text, rows)])


def main_table(lines):
    rows = []
    for line in lines:
        ours, ours_text = line.rate(line.ours)
        other, other_text = line.rate(line.yardstick)
        rows.append((line.work, ours_text, f"{line.ours.wall:.2f} s", f"{line.ours.peak_mib:.0f} MiB",
                     f"{other_text} ({line.yardstick_name})", f"{line.yardstick.peak_mib:.0f} MiB",
                     f"{ours / other:.2f} ×", verdict(line)))
    return table(("work", "ours, by CPU time", "wall", "peak", "yardstick, by CPU time", "peak", "ratio", "goal"), rows)


def machine():
    model = next((line.split(":", 1)[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), "unknown processor")
    memory = int(pathlib.Path("/proc/meminfo").read_text().split()[1]) // 1024
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{model}, {os.cpu_count()} cores, {memory:,} MiB, Linux {platform.release()}; load when it began: {load}"


def results(bench, facts, inner):
    done = bench.filled
    return f"""# Figures

Made by `./dev bench{' --full' if any('1,000,000' in line.work for line in bench.lines) else ''}`, which makes its data, \
runs everything below and writes this page. Repeat it on a quiet
machine; on a busy one trust the CPU times and the ratios.

- Machine: {facts}.
- Each figure is the median of {bench.repeats} runs after a warm-up; rates and seconds are by CPU time (user and system, all threads),
  wall time stands beside them. Memory is the peak of the one process (VmHWM).
- Our readers run as in the program: blocks from the real file stream, SHA-256 of all bytes, UTF-8 and NUL checks, line
  numbers. libcsv and libldap run over the same file, hash and check nothing, and must find the same values.
- A plan is the whole command, from start to exit: state loaded, export read, hashed and mapped, plan made and printed.
  The Python script (`script_plan.py`) is what an administrator would write: csv module, dict, JSON cache; it has no
  guards, no journal and no check of its input.

{main_table(bench.lines)}

Filling a state with {done['operations']:,} creates through the real executor and journal, over a transport that accepts everything at
once: {done['operations'] / done['apply_wall']:,.0f} operations/s of wall time (durable marks and outcomes included).

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
    args = parser.parse_args()
    sizes = sorted(set(args.people + ([1_000_000] if args.full else [])))
    data = args.data or pathlib.Path(tempfile.mkdtemp(prefix="ucaas-sync-bench-"))
    data.mkdir(parents=True, exist_ok=True)
    try:
        facts = machine()
        bench = Bench(args.build, data.resolve(), args.repeats)
        for people in sizes:
            bench.read_csv(people)
            bench.read_ldif(people)
        for people in sizes:
            bench.plan(people)
        inner = bench.inner()
        print(main_table(bench.lines))
        print()
        print(table(("piece", "CPU time", "rate"), inner))
        if not args.no_results:
            (HERE / "RESULTS.md").write_text(results(bench, facts, inner), encoding="utf-8")
            say(f"written to {HERE / 'RESULTS.md'}")
    finally:
        if args.data is None:
            shutil.rmtree(data)


main()
