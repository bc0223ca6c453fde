"""Plans: the whole command, from start to exit, beside the script that an administrator would write and beside SQLite's
own shell, which imports the export and asks for what differs. Also what a poll of an unchanged source costs, what a long
history does, and groups."""
import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

from measure import Cost, Goal, Line, run, run_once, say, seconds, within

USERS = """\
users:
  from: hr
  filter: "({key}=*)"
  left: "(status=terminated)"
  fields:
    first_name: "{{{first}}}"
    last_name: "{{{last}}}"
    email: "{{{mail}|lower}}"
    department: "{{{department}}}"
    designation: "{{title|default:Staff}}"
    user_type: moderator
    {status}
  create_only: [user_type]
"""
TARGET = """\
state_dir: state
target:
  base_url: http://127.0.0.1:9/
  basic: { id: bench, key: bench }
"""
CSV = TARGET + """\
sources:
  hr: { csv: people.csv, key: employee_id }
tables:
  status: { active: A, leave: S }
""" + USERS.format(key="employee_id", first="first_name", last="last_name", mail="email", department="department",
                   status='status: "{status|map:status|default:A}"')
LDIF = TARGET + """\
sources:
  hr: { ldif: people.ldif, key: employeeNumber }
""" + USERS.format(key="employeeNumber", first="givenName", last="sn", mail="mail", department="departmentNumber",
                   status="").replace('  left: "(status=terminated)"\n', "").replace("    \n", "")
JOIN = CSV.replace("  hr: {", "  directory: { ldif: directory.ldif, key: employeeNumber }\n  hr: {") \
          .replace("  from: hr\n", "  from: hr\n  join: { directory: employee_id }\n") \
          .replace('"{title|default:Staff}"', '"{displayName|default:Staff}"')

# What is asked of a plan: people → seconds, MiB.
GOALS = {100_000: (0.25, 64), 1_000_000: (2.5, 256)}
CHANGED = {100_000: 7, 1_000_000: 1}
FIRST = {1_000_000: (4, 256)}
POLL_CPU = 0.005
PEER = {100_000: "12.1 s, 525 MB", 1_000_000: "about 150 s, 4.6 GB (extrapolated)"}
POLL_PEER = "39 s for 100,000 with groups"


def folder_for(bench, name, config):
    folder = bench.data / name
    folder.mkdir(exist_ok=True)
    path = folder / "config.yaml"
    path.write_text(config, encoding="utf-8")
    path.chmod(0o600)
    return folder, path


def fill(bench, folder, config):
    """The state of a first sync; what it took."""
    filled = folder / "filled.json"
    if not filled.exists():
        with open(folder / "filled.part", "wb") as out:
            run([bench.build / "bench_fill_state", config], stdout=out)
        (folder / "filled.part").rename(filled)
    return json.loads(filled.read_text(encoding="utf-8"))


def day2(bench, folder, config):
    """The plan of the export of the day after."""
    return [bench.build / "ucaas-sync", "-c", config, "plan", "--source", f"hr={folder / 'day2.csv'}"]


def script(bench, folder, *arguments):
    return [sys.executable, bench.here / "script_plan.py", *arguments]


def csv(bench, people):
    changed = CHANGED.get(people, 7)
    say(f"planning, {people:,} people: filling the state")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    bench.make("csv", people, folder / "people.csv")
    bench.make("csv", people, folder / "day2.csv", "--changed", changed)
    bench.filled = fill(bench, folder, config)
    run(script(bench, folder, folder / "people.csv", folder / "cache.json", "--save"))
    say(f"planning, {people:,} people: measuring")
    program = [bench.build / "ucaas-sync", "-c", config, "plan"]
    goal = within(*GOALS[people]) if people in GOALS else None
    ours = bench.repeat(day2(bench, folder, config), folder)
    work = f"plan {people:,} people, CSV"
    bench.lines.append(Line(f"{work}, {changed} % changed", ours,
                            bench.repeat(script(bench, folder, folder / "day2.csv", folder / "cache.json"), folder),
                            "Python script", seconds, goal, people, PEER.get(people, "")))
    bench.lines.append(Line(f"{work}, {changed} % changed", ours, sqlite_shell(bench, folder), "SQLite's shell", seconds,
                            None, people))
    bench.lines.append(Line(f"{work}, nothing changed, file read", bench.repeat(program, folder),
                            bench.repeat(script(bench, folder, folder / "people.csv", folder / "cache.json"), folder),
                            "Python script", seconds, None, people))
    return folder, config


def sqlite_shell(bench, folder):
    """Imports yesterday's export once, and measures: today's imported, and the rows of which the other has no like."""
    database = folder / "shell.db"
    database.unlink(missing_ok=True)
    run(["sqlite3", database, f".import --csv {folder / 'people.csv'} before"], stderr=bench.log)
    asks = folder / "shell.sql"
    asks.write_text(f"DROP TABLE IF EXISTS today;\n.import --csv {folder / 'day2.csv'} today\n"
                    "SELECT count(*) FROM (SELECT * FROM today EXCEPT SELECT * FROM before);\n", encoding="utf-8")
    return bench.repeat(["sqlite3", database, f".read {asks}"], folder)


def ldif(bench, people):
    changed = CHANGED.get(people, 7)
    say(f"planning, {people:,} people, LDIF")
    folder, config = folder_for(bench, f"plan-ldif-{people}", LDIF)
    bench.make("ldif", people, folder / "people.ldif")
    bench.make("ldif", people, folder / "day2.ldif", "--changed", changed)
    fill(bench, folder, config)
    ours = bench.repeat([bench.build / "ucaas-sync", "-c", config, "plan", "--source", f"hr={folder / 'day2.ldif'}"],
                        folder)
    size, _ = bench.reader_of("ldif-some", folder / "day2.ldif")
    bench.lines.append(Line(f"plan {people:,} people, LDIF, {changed} % changed", ours, size, "our reader alone", seconds,
                            within(*GOALS[people]) if people in GOALS else None, people))


def join(bench, people):
    changed = CHANGED.get(people, 7)
    say(f"planning, {people:,} people, HR joined with a directory")
    folder, config = folder_for(bench, f"plan-join-{people}", JOIN)
    for name, kind, extra in (("people.csv", "csv", ()), ("day2.csv", "csv", ("--changed", changed)),
                              ("directory.ldif", "ldif", ())):
        bench.make(kind, people, folder / name, *extra)
    fill(bench, folder, config)
    ours, alone = bench.in_turn(folder, day2(bench, folder, config), day2(bench, *folder_for(bench, f"plan-{people}", CSV)))
    mib = 384 if people == 1_000_000 else 128
    goal = Goal(f"twice the one source, {mib} MiB", lambda mine, one: mine.wall <= 2 * one.wall and mine.peak_mib <= mib)
    bench.lines.append(Line(f"plan {people:,} people, CSV joined with LDIF, {changed} % changed", ours, alone,
                            "one source", seconds, goal, people))


def first(bench, people):
    say(f"planning, {people:,} people: the first plan, with no state")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    empty = folder / "first.yaml"
    empty.write_text(CSV.replace("state_dir: state", "state_dir: no-state"), encoding="utf-8")
    empty.chmod(0o600)
    out = folder / "first.plan"
    program = [bench.build / "ucaas-sync", "-c", empty, "plan", "--offline", "--out", out]
    # A file that takes the place of another is written to the disk at once, and a first plan has none.
    ours = bench.repeat(program, folder, before=lambda: out.unlink(missing_ok=True))
    out.unlink()
    bench.lines.append(Line(f"first plan of {people:,} people, no state, written as a file", ours,
                            bench.repeat(script(bench, folder, folder / "people.csv", folder / "cache.json", "--save"),
                                         folder),
                            "Python script", seconds, within(*FIRST[people]) if people in FIRST else None, people))


def history(bench, people, rows):
    """The same plan with a journal of `rows` operations of the past."""
    say(f"planning, {people:,} people: with a journal of {rows:,} operations")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    changed = CHANGED.get(people, 7)
    short = folder / "short.yaml"
    short.write_text(CSV.replace("state_dir: state", "state_dir: short-state"), encoding="utf-8")
    short.chmod(0o600)
    shutil.copytree(folder / "state", folder / "short-state", dirs_exist_ok=True)
    lengthen(folder / "state" / "state.db", rows)
    ours, before = bench.in_turn(folder, day2(bench, folder, config), day2(bench, folder, short))
    bench.lines.append(Line(f"plan {people:,} people, CSV, {changed} % changed, journal of {rows:,} operations", ours,
                            before, "the journal of one run", seconds,
                            Goal("no more than 1.2 times", lambda mine, one: mine.wall <= 1.2 * one.wall), people))


def columns_of(database, table, without):
    return ", ".join(row[1] for row in database.execute(f"PRAGMA table_info({table})") if row[1] not in without)


def lengthen(path, rows):
    """Repeats the first run's operations and outcomes under new runs, until the journal has `rows` operations."""
    database = sqlite3.connect(path)
    model = database.execute("SELECT min(id) >> 32 FROM operation").fetchone()[0]
    newest = database.execute("SELECT max(id) FROM run").fetchone()[0]
    have = database.execute("SELECT count(*) FROM operation").fetchone()[0]
    of_run = columns_of(database, "run", ("id", "name"))
    rest = {table: columns_of(database, table, ("id",)) for table in ("operation", "outcome")}
    while have < rows:
        newest += 1
        database.execute(f"INSERT INTO run (id, name, {of_run}) SELECT ?, name || '-' || ?, {of_run} FROM run WHERE id = ?",
                         (newest, newest, model))
        for table, columns in rest.items():
            database.execute(f"INSERT INTO {table} (id, {columns}) SELECT (id & 4294967295) + (? << 32), {columns} "
                             f"FROM {table} WHERE id >> 32 = ?", (newest, model))
        have += database.execute("SELECT changes()").fetchone()[0]
        database.commit()
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()


def poll(bench, people):
    """What the service costs in CPU while nothing changes: its looks at an unchanged source."""
    say(f"polling, {people:,} people")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    path = folder / "service.yaml"
    path.write_text(CSV + "schedule: { every: 1s, watch: false, refresh: 365d }\n", encoding="utf-8")
    path.chmod(0o600)
    with service_at_rest(bench, folder, path) as pid:
        before, at = cpu_of(pid), time.monotonic()
        looks = 20
        time.sleep(looks)
        cpu = (cpu_of(pid) - before) / (time.monotonic() - at)
    cost = Cost(cpu, 1.0, 0)
    stat = Cost(run_once(["stat", folder / "people.csv"], folder, bench.log).cpu, 0, 0)
    rate = lambda one: (1 / max(one.cpu, 1e-6), f"{one.cpu * 1000:.2f} ms")
    bench.lines.append(Line(f"poll of an unchanged source of {people:,} people", cost, stat, "stat", rate,
                            Goal("5 ms", lambda mine, _: mine.cpu <= POLL_CPU), None, POLL_PEER))


@contextlib.contextmanager
def service_at_rest(bench, folder, config):
    """The service, when its first run is over; its process."""
    with subprocess.Popen([bench.build / "ucaas-sync", "-c", config, "run"], cwd=folder, stdout=bench.log,
                          stderr=bench.log) as service:
        try:
            settle(service.pid)
            yield service.pid
        finally:
            service.send_signal(signal.SIGTERM)


def cpu_of(pid):
    fields = open(f"/proc/{pid}/stat", encoding="ascii").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(pid):
    """Until the service's first run is over: two seconds without work."""
    quiet, last = 0, -1.0
    for _ in range(120):
        time.sleep(1)
        now = cpu_of(pid)
        quiet = quiet + 1 if now - last < 0.05 else 0
        last = now
        if quiet >= 3:
            return
    sys.exit("the service does not come to rest")
