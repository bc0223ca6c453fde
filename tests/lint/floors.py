#!/usr/bin/env python3
"""Checks the floors of the house: a room may include only rooms on lower floors, never a sibling on its own.

Every #include "…" of a file below config/, connectors/ or daemon/ is looked up in FLOORS; the finer order inside
connectors/ is in ORDER. Libraries that only some rooms may see are in LIBRARIES. Prints each breach as FILE:LINE and
ends 1."""
import pathlib
import re
import subprocess
import sys

FLOORS = [
    ["daemon/model"],
    ["config"],
    ["connectors"],
    ["daemon/mapping", "daemon/plan", "daemon/state", "daemon/apply", "daemon/report"],
    ["daemon/run"],
    ["daemon/service", "daemon/commands"],
]
# Inside connectors/: what each part may see of the others.
ORDER = {
    "connectors/bytes": set(),
    "connectors/csv": {"connectors/bytes"},
    "connectors/ldif": {"connectors/bytes"},
    "connectors/sources": {"connectors/bytes", "connectors/csv", "connectors/ldif"},
    "connectors/notify": {"connectors/bytes"},
    "connectors/ucaas": set(),
    "connectors/ucaas/sandbox": set(),
}
LIBRARIES = {
    "CLI/": {"daemon/commands"},
    "yaml-cpp/": {"config"},
    "rapidjson/": {"connectors/ucaas", "connectors/ucaas/sandbox", "daemon/plan", "daemon/state", "daemon/report"},
    "SQLiteCpp/": {"daemon/state", "connectors/ucaas/sandbox"},
    "curl/": {"connectors/notify", "connectors/ucaas"},
    "microhttpd.h": {"connectors/ucaas/sandbox", "daemon/service"},
    "spdlog/": {"daemon/report"},
    "prometheus/": {"daemon/report"},
    "systemd/": {"daemon/service"},
    "re2/": {"daemon/mapping"},
    "utf8proc.h": {"daemon/model"},
}


def room_of(path):
    for floor, rooms in enumerate(FLOORS):
        for room in rooms:
            if path == room or path.startswith(room + "/"):
                return floor, room
    return None, None


def part_of(path):
    folder = path.rsplit("/", 1)[0]
    if folder == "connectors":
        return "connectors/sources"
    return max((part for part in ORDER if folder == part), key=len, default=folder)


def breaches():
    files = subprocess.run(["git", "ls-files", "config", "connectors", "daemon"], capture_output=True, text=True, check=True)
    for name in files.stdout.split():
        if not name.endswith((".cc", ".h")) or name == "daemon/main.cc":
            continue
        floor, room = room_of(name)
        if room is None:
            yield f"{name}:1: stands in no room of the house"
            continue
        for number, line in enumerate(pathlib.Path(name).read_text().splitlines(), 1):
            found = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
            if not found:
                continue
            kind, target = found.groups()
            if kind == "<":
                for prefix, allowed in LIBRARIES.items():
                    here = part_of(name) if room == "connectors" else room
                    if target.startswith(prefix) and here not in allowed:
                        yield f"{name}:{number}: <{target}> may be seen only by {', '.join(sorted(allowed))}"
                continue
            to_floor, to_room = room_of(target)
            if to_room is None:
                yield f'{name}:{number}: "{target}" is not written from the root of the project'
            elif to_room == room:
                if room == "connectors":
                    here, there = part_of(name), part_of(target)
                    if here != there and there not in ORDER.get(here, set()):
                        yield f"{name}:{number}: {here} may not see {there}"
            elif to_floor >= floor:
                word = "its sibling" if to_floor == floor else "the floor above,"
                yield f"{name}:{number}: {room} includes {word} {to_room}"


if __name__ == "__main__":
    found = list(breaches())
    print("\n".join(found) if found else "every include goes down")
    sys.exit(1 if found else 0)
