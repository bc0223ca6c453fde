"""Reading an export: our readers beside libcsv, libldap's reader and a mere count of line ends, on the same file. By wall
time: ours read and hash ahead on a second core."""
import json
import statistics
import subprocess
import sys

from measure import Cost, Goal, Line, run, say

# Bytes and entries a second, of files that take longer than starting does.
CSV_GOAL = 400e6
LDIF_GOAL = 1e6
PEER = "28,000 entries a second; 63,000 over the wire"
LEAST_FOR_GOAL = 100_000


def read(bench, name, path):
    out = run([bench.build / "bench_readers", name, path, bench.repeats], stdout=subprocess.PIPE).stdout
    found = json.loads(out)
    cost = Cost(statistics.median(found["cpu"]), statistics.median(found["wall"]), found["peak_kib"] / 1024)
    return cost, tuple(found[key] for key in ("records", "values", "value_bytes", "sum"))


def compare(bench, ours, theirs, path):
    mine, my_sum = read(bench, ours, path)
    other, other_sum = read(bench, theirs, path)
    if my_sum != other_sum:
        sys.exit(f"{path}: {ours} and {theirs} do not find the same: {my_sum}, {other_sum}")
    return mine, other, my_sum[0]


def at_least(value, text, rate):
    return Goal(text, lambda ours, _: rate(ours)[0] >= value)


def csv(bench, people):
    say(f"reading CSV, {people:,} people")
    path = bench.make("csv", people, bench.data / f"{people}.csv")
    size = path.stat().st_size
    ours, libcsv, _ = compare(bench, "csv", "libcsv", path)
    some, _ = read(bench, "csv-some", path)
    floor, _ = read(bench, "lines", path)
    rate = lambda cost: (size / cost.wall, f"{size / cost.wall / 1e6:,.0f} MB/s")
    name = f"CSV {size / 1e6:,.0f} MB, {people:,} rows of 20 columns"
    goal = at_least(CSV_GOAL, f"{CSV_GOAL / 1e6:,.0f} MB/s", rate) if people >= LEAST_FOR_GOAL else None
    bench.lines += [Line(name + ", all kept", ours, libcsv, "libcsv", rate, goal),
                    Line(name + ", 8 kept", some, floor, "count of line ends", rate)]


def ldif(bench, people):
    say(f"reading LDIF, {people:,} people")
    path = bench.make("ldif", people, bench.data / f"{people}.ldif")
    size = path.stat().st_size
    ours, libldap, records = compare(bench, "ldif", "libldap", path)
    some, _ = read(bench, "ldif-some", path)
    floor, _ = read(bench, "lines", path)
    rate = lambda cost: (records / cost.wall, f"{records / cost.wall / 1e3:,.0f} k/s")
    name = f"LDIF {size / 1e6:,.0f} MB, {records:,} entries of 16 values, {size // records} bytes"
    goal = at_least(LDIF_GOAL, f"{LDIF_GOAL / 1e3:,.0f} k/s", rate) if people >= LEAST_FOR_GOAL else None
    bench.lines += [Line(name + ", all kept", ours, libldap, "libldap", rate, goal, None, PEER if goal else ""),
                    Line(name + ", 6 kept", some, floor, "count of line ends", rate)]
