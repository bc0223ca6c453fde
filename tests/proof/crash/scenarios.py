"""The commands of a company's life that are interrupted, each with the history before it and what ends it afterwards."""
import dataclasses
from collections.abc import Callable

import company as companies
import relay
import stage as stages


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    base: str                # what comes before: a name in BASES
    victim: tuple            # the command that is killed
    # Commands that a person would give after the crash, each with the exit codes that may come of it. Syncs follow.
    finish: tuple = ()
    # Syncs that may have something to write after the first one: 1 where a sync does the rest of a plan that knew from a
    # listing who was there already, and finds that out one by one.
    more_syncs: int = 0


SYNC = ("sync",)
DAY_PLAN = ("plan", "--refresh", "--out", "day.plan")


def before_all(stage, company):
    port = stage.open()
    for collection, fields in company.there_before():
        companies.post(port, collection, fields)


def after_first_load(stage, company):
    stage.open()
    stage.run(SYNC)
    stage.run(SYNC)


def second_day(stage, company):
    companies.write_day(stage.folder, company.second_day())


def planned_day(stage, company):
    stage.open()
    companies.write_day(stage.folder, company.second_day())
    stage.run(DAY_PLAN)


def held(stage, company):
    stage.open()
    companies.write_day(stage.folder, company.day_of_redundancies())
    stage.run(SYNC, codes=(3,))


def approved(stage, company):
    stage.open()
    stage.run(("approve", "last"))


def approved_file(stage, company):
    stage.open()
    companies.write_day(stage.folder, company.day_of_redundancies())
    stage.run(("plan", "--out", "day.plan"), codes=(3,))
    stage.run(("approve", "day.plan"))


def cut_off(stage, company):
    """In the middle, with requests that had their effect and were not answered."""
    stage.open()
    cut(stage, company.size)


def cut_off_day(stage, company):
    stage.open()
    cut(stage, company.size // 2)


def cut(stage, request):
    if stage.kill_at(SYNC, request, relay.AFTER) != stages.KILLED:
        raise RuntimeError(f"the sync had ended before its request {request}: {stage.said()}")


# name → (the base before it, what is done on top of that)
BASES: dict[str, tuple[str | None, Callable]] = {
    "an account of others": (None, before_all),
    "the first load": ("an account of others", after_first_load),
    "a cut-off first load": ("an account of others", cut_off),
    "the second day's exports": ("the first load", second_day),
    "the second day's plan": ("the first load", planned_day),
    "a cut-off second day": ("the second day's exports", cut_off_day),
    "a held day": ("the first load", held),
    "an approved run": ("a held day", approved),
    "an approved plan file": ("the first load", approved_file),
}

# What a person does whose `apply` was cut off: again, and it may be that the plan counts as used.
APPLY_AGAIN = ((("apply", "day.plan"), (0, 9)),)

SCENARIOS = (
    Scenario("the first load", "an account of others", SYNC),
    Scenario("the first load, taken up", "a cut-off first load", SYNC),
    Scenario("a day", "the second day's exports", SYNC),
    Scenario("a day, taken up", "a cut-off second day", SYNC),
    Scenario("a plan to a file", "the second day's exports", DAY_PLAN,
             finish=((DAY_PLAN, (0,)), (("apply", "day.plan"), (0,)))),
    Scenario("a plan file applied", "the second day's plan", ("apply", "day.plan"), finish=APPLY_AGAIN, more_syncs=1),
    Scenario("an approval", "a held day", ("approve", "last"), finish=((("approve", "last"), (0,)),)),
    Scenario("an approved run", "an approved run", SYNC),
    Scenario("an approved plan file applied", "an approved plan file", ("apply", "day.plan"), finish=APPLY_AGAIN),
)
