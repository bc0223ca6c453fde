"""How long the program takes to answer when there is nothing to do but answer: version, --help, and status and the status
page on a state of everybody. Wall time, since that is what a person waits for."""
import statistics
import time
import urllib.request

from measure import Cost, Goal, Line, free_port, say
from planning import CSV, folder_for, service_at_rest


def wall(cost):
    return 1 / max(cost.wall, 1e-6), f"{cost.wall * 1000:.1f} ms"


def at_most(milliseconds):
    return Goal(f"{milliseconds} ms", lambda mine, _: mine.wall * 1000 <= milliseconds)


def start(bench):
    say("starting")
    program = bench.build / "ucaas-sync"
    asked = (["version"], ["--help"])
    empty, curl, *all_ours = bench.in_turn(bench.data, [bench.build / "bench_nothing"], ["curl", "--version"],
                                           *([program, *words] for words in asked), times=21)
    for words, ours in zip(asked, all_ours):
        work = f"`ucaas-sync {' '.join(words)}`"
        bench.lines.append(Line(work, ours, empty, "nothing, with the same libraries", wall, at_most(10)))
        bench.lines.append(Line(work, ours, curl, "curl --version", wall))


def page(bench, people):
    say(f"the status page, {people:,} people")
    folder, _ = folder_for(bench, f"plan-{people}", CSV)
    port = free_port()
    path = folder / "page.yaml"
    path.write_text(CSV + f"schedule: {{ every: 1h, watch: false, refresh: 365d }}\nlisten: 127.0.0.1:{port}\n",
                    encoding="utf-8")
    path.chmod(0o600)
    with service_at_rest(bench, folder, path):
        answers = {what: Cost(0, statistics.median(answer(port, what) for _ in range(20)), 0) for what in ("", "healthz")}
    bench.lines.append(Line(f"the status page, {people:,} people", answers[""], answers["healthz"], "/healthz", wall,
                            at_most(50) if people == 1_000_000 else None))


def answer(port, what):
    start = time.monotonic()
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{what}", timeout=10) as reply:
        reply.read()
    return time.monotonic() - start


def status(bench, people):
    say(f"status, {people:,} people")
    folder, config = folder_for(bench, f"plan-{people}", CSV)
    bench.lines.append(Line(f"`ucaas-sync status`, {people:,} people",
                            bench.repeat([bench.build / "ucaas-sync", "-c", config, "status"], folder),
                            bench.repeat([bench.build / "bench_nothing"], folder), "nothing, with the same libraries", wall,
                            at_most(50) if people == 1_000_000 else None))
