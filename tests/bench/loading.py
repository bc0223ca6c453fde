"""The first load of a large company: users and contacts against a server that answers at once. The run is stopped in its
midst by a signal and started again; whether its rate is flat, what it holds in memory, and how soon it goes on."""
import os
import signal
import sqlite3
import subprocess
import sys
import time

from measure import Cost, Goal, Line, rate_of, run_once, say
from planning import CSV, folder_for
from sending import canned, forget, live, loop, sync_command

CONCURRENCY = 8
LOOP_REQUESTS = 100_000
MEMORY_MIB = 256
KINDS = ("user", "group", "contact")  # as the state numbers them
CONTACTS = """\
contacts:
  from: hr
  left: "(status=terminated)"
  fields: { name: "{first_name} {last_name}", email: "{email|lower}", company: Example Ltd, designation: "{title}" }
"""


def first_load(bench, people):
    say(f"the first load of {people:,} people")
    folder, config = folder_for(bench, "load", CSV)
    bench.make("csv", people, folder / "people.csv")
    with canned(bench, folder) as port:
        config.write_text(live(port, CONCURRENCY) + CONTACTS, encoding="utf-8")
        forget(folder)
        stopped, stopping = until_its_midst(bench, folder, config)
        note_look(folder / "state" / "state.db")
        resumed = run_once(sync_command(bench, config), folder, bench.log)
        bare = loop(bench, f"http://127.0.0.1:{port}/users", LOOP_REQUESTS, CONCURRENCY)
    stretches, waits, done, spent = journal_of(folder / "state" / "state.db")
    sending = Cost(stopped.cpu + resumed.cpu, spent, max(stopped.peak_mib, resumed.peak_mib))
    work = f"first load of {people:,} people, {done:,} creates"
    bench.lines.append(Line(f"{work}, the sending alone", sending, Cost(0, bare.wall * done / LOOP_REQUESTS, 0),
                            "bare libcurl loop", rate_of(done),
                            Goal(f"{MEMORY_MIB} MiB", lambda mine, _: mine.peak_mib <= MEMORY_MIB)))
    for what, tenths in stretches.items():
        bench.lines.append(Line(f"{work}, the slowest tenth of the {what}", Cost(0, max(tenths), 0), Cost(0, min(tenths), 0),
                                "their fastest tenth", rate_of(1),
                                Goal("80 % of it", lambda mine, other: other.wall / mine.wall >= 0.8)))
        bench.remarks.append(f"The tenths of the {what} of the first load, in order, creates a second: "
                             + ", ".join(f"{1 / tenth:,.0f}" for tenth in tenths) + ".")
    wall = lambda cost: (1 / cost.wall, f"{cost.wall:.2f} s")
    bench.lines.append(Line(f"{work}, started again in its midst: until the first answer", Cost(0, waits[1], 0),
                            Cost(0, waits[0], 0), "the first start", wall))
    bench.lines.append(Line(f"{work}, told to stop: until it has", Cost(0, stopping, 0), Cost(0, 10, 0), "what systemd waits",
                            wall, Goal("10 s", lambda mine, _: mine.wall <= 10)))


def until_its_midst(bench, folder, config):
    """Starts the load, and stops it when three fifths are done, behind the users and among the contacts: what it cost, and
    how long it took to stop."""
    process = subprocess.Popen([str(word) for word in sync_command(bench, config)], cwd=folder, stdout=bench.log,
                               stderr=bench.log)
    while not is_in_its_midst(folder / "state" / "state.db"):
        if os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            sys.exit(f"the load ended before its midst; see {bench.log.name}")
        time.sleep(0.5)
    told = time.monotonic()
    process.send_signal(signal.SIGTERM)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 7:
        sys.exit(f"a load that was told to stop ended with {process.returncode}; see {bench.log.name}")
    return Cost(usage.ru_utime + usage.ru_stime, 0, usage.ru_maxrss / 1024), time.monotonic() - told


def note_look(path):
    """The server answers everything alike and lists nobody: a run that looks at the account first, as one does after a
    first run that was cut off, would find everybody gone. So the state says that somebody has looked."""
    database = sqlite3.connect(path)
    database.execute("INSERT OR REPLACE INTO refresh (id, finished_at, step, position) VALUES (1, ?, 0, 0)",
                     (int(time.time() * 1000),))
    database.commit()
    database.close()


def is_in_its_midst(path):
    if not path.exists():
        return False
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row = database.execute("SELECT mark, planned FROM run ORDER BY id DESC LIMIT 1").fetchone()
    except sqlite3.OperationalError:
        return False  # its tables are being made
    finally:
        database.close()
    return row is not None and row[1] > 0 and row[0] * 5 >= row[1] * 3


def journal_of(path):
    """Of both runs: seconds for one request in each tenth of a long stretch of one kind, by what that is; seconds from the
    start to the first answer, creates done, and seconds from the first answer to the last."""
    database = sqlite3.connect(path)
    stretches, waits, done, spent = {}, [], 0, 0
    for run, started in database.execute("SELECT id, started FROM run ORDER BY id").fetchall():
        times = {}
        for at, kind in database.execute("SELECT c.at, o.kind FROM outcome c JOIN operation o ON o.id = c.id "
                                         "WHERE c.id >> 32 = ? AND c.done = 1 ORDER BY c.at", (run,)):
            times.setdefault(KINDS[kind], []).append(at)
        if not times:
            continue
        for kind, of_kind in times.items():
            size = (len(of_kind) - 1) // 10
            if len(of_kind) * 3 > sum(len(one) for one in times.values()):
                name = f"{len(of_kind):,} {kind}s" + (", started again" if waits else "")
                stretches[name] = [(of_kind[(i + 1) * size] - of_kind[i * size]) / 1000 / size for i in range(10)]
        first, last = min(one[0] for one in times.values()), max(one[-1] for one in times.values())
        waits.append((first - started) / 1000)
        done += sum(len(one) for one in times.values())
        spent += (last - first) / 1000
    database.close()
    if len(waits) != 2:
        sys.exit(f"{len(waits)} runs of the load sent something instead of 2")
    return stretches, waits, done, spent
