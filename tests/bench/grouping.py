"""Groups: people in groups of 10 to 50,000, nested, and what one more member costs."""
import sqlite3
import subprocess

from measure import Goal, Line, seconds
from measure import run, say, within
from planning import CHANGED, LDIF, fill, folder_for

GROUPS = 1_000
MEMBERSHIPS = 200_000
GOALS = {100_000: (2, 256)}

CONTACTS = """\
groups:
  from: groups
  fields: { name: "{cn}" }
  key: "{cn}"
  members: "{member}"
  nested: true
contacts:
  from: hr
  fields: { name: "{cn}", email: "{mail|lower}" }
"""


def configuration():
    return (LDIF.split("users:")[0].replace("  hr: {", "  groups: { ldif: groups.ldif, key: cn }\n  hr: {") + CONTACTS)


def groups(bench, people):
    say(f"groups, {people:,} people")
    folder, config = folder_for(bench, f"groups-{people}", configuration())
    bench.make("ldif", people, folder / "people.ldif")
    for name, extra in (("groups.ldif", ()), ("day2.ldif", ("--changed", "1"))):
        bench.make("groups", people, folder / name, *extra)
    fill(bench, folder, config)
    program = [bench.build / "ucaas-sync", "-c", config, "plan"]
    goal = within(*GOALS[people]) if people in GOALS else None
    alone, _ = bench.reader_of("ldif-some", folder / "people.ldif")
    for what, command in (("nothing changed", program),
                          ("one member more in the largest", [*program, "--source", f"groups={folder / 'day2.ldif'}"])):
        bench.lines.append(Line(f"plan {people:,} contacts, {GROUPS:,} groups nested, {what}",
                                bench.repeat(command, folder), alone, "reading the people alone", seconds, goal, people))
