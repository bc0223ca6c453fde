#!/usr/bin/env python3
"""The dashboard asks for metrics that the program has, by labels that they have; every metric of the program but those
named here is on it; and what is on it can be read.

Usage: dashboard_test.py DASHBOARD METRICS-SOURCE

That Prometheus takes each query and answers it is part of tests/service/watched_test.py, where it scrapes the service."""
import json
import pathlib
import re
import sys

SCRAPED = {"job", "instance", "le"}
SERIES_OF_HISTOGRAMS = ("_bucket", "_sum", "_count")


def expressions(dashboard):
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in dashboard["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], variable["definition"]


def base(name, known):
    for ending in SERIES_OF_HISTOGRAMS:
        if name.endswith(ending) and name.removesuffix(ending) in known:
            return name.removesuffix(ending)
    return name


def overlaps(one, other):
    a, b = one["gridPos"], other["gridPos"]
    return (a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
            and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"])


def main():
    path, source = (pathlib.Path(name) for name in sys.argv[1:])
    dashboard = json.loads(path.read_text())
    metrics = source.read_text()
    known = set(re.findall(r'Name\("(ucaas_sync_\w+)"\)', metrics))
    labels = set(re.findall(r'\{"(\w+)",', metrics)) | SCRAPED
    assert len(known) >= 13 and len(labels) >= 10, (known, labels)
    failures, asked = [], set()
    for title, expression in expressions(dashboard):
        names = {base(name, known) for name in re.findall(r"\bucaas_sync_\w+", expression)}
        asked |= names
        if not names:
            failures.append(f"{title}: asks for no metric of ours: {expression}")
        failures += [f"{title}: there is no metric {name}" for name in sorted(names - known)]
        used = set(re.findall(r"[{,]\s*(\w+)\s*(?:=|!=|=~|!~)", expression))
        for by in re.findall(r"\bby \(([^)]*)\)", expression):
            used |= {label.strip() for label in by.split(",")}
        failures += [f"{title}: no metric has the label {label}" for label in sorted(used - labels)]
    failures += [f"{name} is on no panel" for name in sorted(known - asked)]
    panels = dashboard["panels"]
    if len({panel["id"] for panel in panels}) != len(panels):
        failures.append("two panels have one id")
    for i, panel in enumerate(panels):
        failures += [f"{panel['title']} lies over {other['title']}" for other in panels[:i] if overlaps(panel, other)]
        if panel["gridPos"]["x"] + panel["gridPos"]["w"] > 24:
            failures.append(f"{panel['title']} goes beyond the edge")
        if panel["type"] == "row":
            continue
        if not panel.get("description"):
            failures.append(f"{panel['title']} does not say what it shows")
        for target in panel["targets"]:
            if target["datasource"]["uid"] != "${datasource}":
                failures.append(f"{panel['title']} is bound to somebody else's Prometheus")
    if failures:
        sys.exit("\n".join(failures))
    print(f"{len(panels)} panels, {len(asked)} metrics")


main()
