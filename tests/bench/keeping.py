"""The state: loading everybody that is known, beside SQLite's own scan of that table, and keeping what was done, beside
SQLite's own insert of the same rows in one transaction."""
from measure import Cost, Line, rate_of, run, run_once, say
from planning import CSV, fill, folder_for

# What a create leaves behind, but for its run and plan.
ROWS = ("entity", "known", "operation", "outcome")


def state(bench, people):
    say(f"the state of {people:,} people")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    filled = fill(bench, folder, config)
    database = folder / "state" / "state.db"
    scan = bench.repeat(["sqlite3", "-readonly", database, "SELECT count(*), sum(flags + length(key_hash) + "
                         "length(address_hash) + length(fingerprint)) FROM known"], folder)
    load = bench.repeat([bench.build / "bench_load_state", config], folder)
    bench.lines.append(Line(f"loading a state of {people:,} people, the program's start included", load, scan,
                            "SQLite's scan of the table", rate_of(people)))
    done = filled["operations"]
    keeping = Cost(filled["apply_wall"], filled["apply_wall"], 0)
    insert = copy(bench, folder, database)
    bench.lines.append(Line(f"{done:,} creates with an answer at once: made, marked, recorded", keeping, insert,
                            "SQLite's insert of the rows", rate_of(done)))


def copy(bench, folder, database):
    to, asks = folder / "copy.db", folder / "copy.sql"
    # Without the triggers, which keep counts elsewhere.
    tables = ", ".join(f"'{table}'" for table in ROWS)
    schema = run(["sqlite3", "-readonly", database, "SELECT sql || ';' FROM sqlite_schema WHERE type IN ('table', 'index') "
                  f"AND sql IS NOT NULL AND tbl_name IN ({tables})"], capture_output=True).stdout
    asks.write_text(f"PRAGMA journal_mode = WAL;\nPRAGMA synchronous = FULL;\n{schema.decode()}\n"
                    f"ATTACH '{database}' AS full;\nBEGIN;\n"
                    + "".join(f"INSERT INTO main.{table} SELECT * FROM full.{table};\n" for table in ROWS) + "COMMIT;\n",
                    encoding="utf-8")
    costs = []
    for _ in range(bench.repeats):
        for name in ("copy.db", "copy.db-wal", "copy.db-shm"):
            (folder / name).unlink(missing_ok=True)
        costs.append(run_once(["sqlite3", to, f".read {asks}"], folder, bench.log))
    to.unlink()
    return min(costs, key=lambda cost: cost.wall)
