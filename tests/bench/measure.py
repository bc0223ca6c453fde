"""What the parts of bench.py share: running something, what it cost, and a line of the table."""
import collections
import os
import socket
import statistics
import subprocess
import sys
import time

Cost = collections.namedtuple("Cost", "cpu wall peak_mib")
# One line of the table. `rate` turns a cost into (a number that is better when greater, what people read). `goal` is
# met(ours, yardstick) with its text, or nothing. `per`: how many people a cost is shared by, or nothing. `peer`: what the
# best program for the same work is known to take, measured once on another machine.
Line = collections.namedtuple("Line", "work ours yardstick yardstick_name rate goal per peer", defaults=(None, None, ""))
# What is wanted of a line: `text` for the table, `met` judges (our cost, the yardstick's).
Goal = collections.namedtuple("Goal", "text met")


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **options):
    return subprocess.run([str(word) for word in command], check=True, **options)


def run_once(command, folder, log, codes=(0,)):
    """Runs `command` and returns what it cost."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], cwd=folder, stdout=log, stderr=log)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in codes:
        sys.exit(f"{' '.join(str(word) for word in command)} ended with {process.returncode}; see {log.name}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def median(costs):
    return Cost(statistics.median(cost.cpu for cost in costs), statistics.median(cost.wall for cost in costs),
                max(cost.peak_mib for cost in costs))


def seconds(cost):
    """The rate of what is better when it takes less."""
    return 1 / max(cost.cpu, 1e-6), f"{cost.cpu:.3f} s"


def rate_of(things):
    """So many a second of wall time."""
    return lambda cost: (things / cost.wall, f"{things / cost.wall:,.0f}/s")


def within(limit, mib):
    """At most so many seconds of wall time, which both cores may share, and MiB of memory."""
    return Goal(f"{limit} s of wall time, {mib} MiB", lambda ours, _: ours.wall <= limit and ours.peak_mib <= mib)
