"""How long the program takes to answer when there is nothing to do but answer: version, --help, and status on a state of
everybody. Wall time, since that is what a person waits for."""
from measure import Cost, Goal, Line, say
from planning import CSV, folder_for

NOTHING = Cost(0, 0, 0)


def wall(cost):
    return 1 / max(cost.wall, 1e-6), f"{cost.wall * 1000:.1f} ms"


def at_most(milliseconds):
    return Goal(f"{milliseconds} ms", lambda mine, _: mine.wall * 1000 <= milliseconds)


def start(bench):
    say("starting")
    program = bench.build / "ucaas-sync"
    empty = bench.repeat(["true"], bench.data)
    for words in (["version"], ["--help"]):
        bench.lines.append(Line(f"`ucaas-sync {' '.join(words)}`", bench.repeat([program, *words], bench.data), empty,
                                "true", wall, at_most(10)))


def status(bench, people):
    say(f"status, {people:,} people")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    bench.lines.append(Line(f"`ucaas-sync status`, {people:,} people",
                            bench.repeat([bench.build / "ucaas-sync", "-c", config, "status"], folder),
                            bench.repeat(["true"], folder), "true", wall,
                            at_most(50) if people == 1_000_000 else None))
