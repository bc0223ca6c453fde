"""What one worker does: builds the histories, runs an unbroken run of each scenario and counts its crash points, and
interrupts it at one of them."""
import collections
import dataclasses
import pathlib
import re
import shutil
import time

import company as companies
import picture
import relay as relays
from scenarios import BASES, SCENARIOS, SYNC
from stage import KILLED, Broken, Stage

# Newer kernels and other machines know some of them under a second name; strace skips what it does not know.
CALLS = ("openat write pwrite64 fsync fdatasync ftruncate unlink unlinkat rename renameat renameat2 link linkat mkdir connect "
         "sendto recvfrom").split()
REQUEST = "request"
# A run is not the same to the call each time: where the last ones are not reached, an earlier one is taken.
RE_AIM = 8


@dataclasses.dataclass(frozen=True, order=True)
class Point:
    company: tuple   # size, seed
    scenario: int    # its place in SCENARIOS
    call: str        # one of CALLS, or REQUEST
    number: int      # counted from 1
    moment: str = relays.BEFORE

    def __str__(self):
        size, seed = self.company
        return f"{size} people (seed {seed}), {SCENARIOS[self.scenario].name}: {self.moment} {self.call} {self.number}"


@dataclasses.dataclass
class Unbroken:
    """What an unbroken run of a scenario did."""
    picture: list
    requests: int       # of the victim
    writing_runs: int   # syncs after it that still had to write
    between: list       # its points from the first request to the last
    outside: list


@dataclasses.dataclass
class Struck:
    point: Point
    where: str          # "before" the first request, "between" the first and the last, "after" it; "missed": not reached
    seconds: float
    broken: str = ""    # the promise that was not kept


class Bench:
    def __init__(self, program, folder, kept_failures):
        self._program, self._folder, self._kept_failures = program, pathlib.Path(folder), pathlib.Path(kept_failures)
        self._relay = relays.Relay()
        self._companies, self._bases, self._unbroken = {}, {}, {}

    def unbroken(self, size_and_seed, scenario):
        key = (size_and_seed, scenario)
        if key not in self._unbroken:
            self._unbroken[key] = self._run_unbroken(size_and_seed, scenario)
        return self._unbroken[key]

    def strike(self, point):
        """Reaches the point, kills the program there, lets it recover, and compares."""
        began = time.monotonic()
        unbroken = self.unbroken(point.company, point.scenario)
        scenario = SCENARIOS[point.scenario]
        for number in range(point.number, max(0, point.number - RE_AIM), -1):
            stage = self._stage(point.company, scenario.base)
            try:
                with stage:
                    stage.open()
                    code = self._interrupt(stage, scenario, dataclasses.replace(point, number=number))
                    if code == 0:
                        continue
                    if code != KILLED:
                        raise Broken(f"ended {code} before it was killed: {stage.said()}")
                    where = self._where(stage.exchanges, unbroken)
                    self._recover(stage, scenario, unbroken)
                return Struck(point, where, time.monotonic() - began)
            except Broken as broken:
                kept = self._kept_failures / re.sub(r"\W+", "-", str(point))
                shutil.rmtree(kept, ignore_errors=True)
                shutil.copytree(stage.folder, kept)
                return Struck(point, "between", time.monotonic() - began, f"{broken}\n(its folder: {kept})")
        return Struck(point, "missed", time.monotonic() - began)

    @staticmethod
    def _where(exchanges, unbroken):
        if not exchanges:
            return "before"
        is_last_open = not all(exchange.delivered for exchange in exchanges)
        return "between" if len(exchanges) < unbroken.requests or is_last_open else "after"

    def _interrupt(self, stage, scenario, point):
        if point.call == REQUEST:
            return stage.kill_at(scenario.victim, point.number, point.moment)
        # The signal comes as the call is entered: the call itself is not done any more.
        wrapper = ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={point.call}",
                   "-e", f"inject={point.call}:signal=KILL:when={point.number}")
        return stage.finish(stage.start(scenario.victim, wrapper))

    def _recover(self, stage, scenario, unbroken):
        exchanges = list(stage.exchanges)
        stage.check_plan_files()
        writing_runs = self._finish(stage, scenario, exchanges)
        if writing_runs > 1 + max(unbroken.writing_runs, scenario.more_syncs):
            raise Broken(f"{writing_runs} syncs after the crash had something to write, {unbroken.writing_runs} without one")
        if difference := picture.difference(unbroken.picture, stage.picture()):
            raise Broken("differs from an unbroken run:\n" + "\n".join(difference))
        if twice := stage.welcomed_twice():
            raise Broken(f"welcomed twice: {twice}")
        self._check_creates(exchanges)

    @staticmethod
    def _finish(stage, scenario, exchanges):
        """Gives the scenario's commands, then syncs until nothing is written. How many syncs wrote something."""
        stage.watch()
        for arguments, codes in scenario.finish:
            stage.run(arguments, codes)
        exchanges += stage.exchanges
        for writing_runs in range(5):
            stage.watch()
            stage.run(SYNC)
            exchanges += stage.exchanges
            if not any(exchange.writes for exchange in stage.exchanges):
                stage.run(("state", "check"))
                return writing_runs
        raise Broken("sync after sync has something to write")

    @staticmethod
    def _check_creates(exchanges):
        """No create is sent again that had its effect: the sandbox would refuse it, another account would have two."""
        done = set()
        for exchange in exchanges:
            created = exchange.created()
            if created in done:
                raise Broken(f"created twice: {created[0]} {created[1]}")
            if created and exchange.took_effect:
                done.add(created)

    def _run_unbroken(self, size_and_seed, scenario_number):
        scenario = SCENARIOS[scenario_number]
        with self._stage(size_and_seed, scenario.base) as stage:
            stage.open()
            trace = stage.folder / "calls.trace"
            known = ",".join("?" + call for call in CALLS)
            code = stage.finish(stage.start(scenario.victim, ("strace", "-f", "-qq", "-o", str(trace), "-e", f"trace={known}")))
            if code != 0:
                raise RuntimeError(f"{scenario.name}: the unbroken run ended {code}: {stage.said()}")
            requests = len(stage.exchanges)
            between, outside = self._count_points(size_and_seed, scenario_number, trace.read_text(), requests)
            writing_runs = self._finish(stage, scenario, [])
            return Unbroken(stage.picture(), requests, writing_runs, between, outside)

    @staticmethod
    def _count_points(size_and_seed, scenario, trace, requests):
        calls = re.findall(r"^(\d+) +(\w+)\((.*)", trace, flags=re.M)
        if len({thread for thread, _, _ in calls}) > 1:
            raise RuntimeError("strace counts each thread's calls by themselves, and the program has several threads here")
        # What the loader does before main is no point of ours.
        began = next(at for at, (_, _, arguments) in enumerate(calls) if '/config.yaml"' in arguments)
        talk = [at for at, (_, call, _) in enumerate(calls) if call in ("sendto", "recvfrom")]
        counts, between, outside = collections.Counter(), [], []
        for at, (_, call, _) in enumerate(calls):
            counts[call] += 1
            if at >= began:
                is_between = talk and talk[0] < at <= talk[-1]
                (between if is_between else outside).append(Point(size_and_seed, scenario, call, counts[call]))
        between += [Point(size_and_seed, scenario, REQUEST, number + 1, moment)
                    for number in range(requests) for moment in (relays.BEFORE, relays.AFTER)]
        return sorted(between), sorted(outside)

    def _stage(self, size_and_seed, base):
        kept = self._base(size_and_seed, base)
        return Stage.copy(self._program, self._relay, kept, self._folder / "stage")

    def _base(self, size_and_seed, name):
        """The folder that keeps this history, made when it is first asked for."""
        key = (size_and_seed, name)
        if key not in self._bases:
            company = self._companies.setdefault(size_and_seed, companies.Company(*size_and_seed))
            before, build = BASES[name]
            shutil.rmtree(self._folder / "stage", ignore_errors=True)
            if before is None:
                stage = Stage.new(self._program, self._relay, self._folder / "stage", company)
            else:
                stage = self._stage(size_and_seed, before)
            with stage:
                build(stage, company)
            kept = self._folder / f"base-{len(self._bases)}"
            shutil.copytree(stage.folder, kept)
            self._bases[key] = kept
        return self._bases[key]
