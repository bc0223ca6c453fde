#!/usr/bin/env python3
"""The alert rules fire when they should and not before (`promtool test rules`), each has a case that sees it fire, tells
the operator what to do, and speaks of metrics that the program has.

Usage: rules_test.py RULES CASES METRICS-SOURCE

What the annotations say is checked here and not spelt out in each case: promtool compares them word by word, so they are
filled in from its own answer, after a look that they are complete."""
import pathlib
import re
import subprocess
import sys
import tempfile

RUNTIME = {"up"}


def promtool(cases):
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "cases.yml")
        path.write_text(cases)
        done = subprocess.run(["promtool", "test", "rules", str(path)], capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr


def main():
    rules, cases, metrics = (pathlib.Path(name) for name in sys.argv[1:])
    failures = []
    text = rules.read_text()
    alerts = re.findall(r"- alert: (\w+)", text)
    assert len(alerts) >= 9, alerts
    for block in text.split("- alert: ")[1:]:
        name = block.split()[0]
        for part in ("severity:", "summary:", "description:"):
            if part not in block:
                failures.append(f"{rules}: {name} has no {part}")
    known = set(re.findall(r'"(ucaas_sync_\w+)"', metrics.read_text())) | RUNTIME
    for name in set(re.findall(r"\bucaas_sync_\w+|\bup\b(?=\{)", text)):
        if name not in known:
            failures.append(f"{rules}: there is no metric {name}")

    case_text = cases.read_text().replace("RULES", str(rules.resolve()))
    for alert in alerts:
        if not re.search(rf"alertname: {alert}\n\s*exp_alerts: \[ \{{", case_text):
            failures.append(f"{cases}: no case sees {alert} fire")
    # First against no annotations: the labels and times must fit, and the answer shows what the annotations are.
    code, said = promtool(case_text.replace("exp_annotations: EXPECT", "exp_annotations: {}"))
    got = re.findall(r"got:\[?\s*(.*?)(?=\n\s*alertname:|\n\n|\Z)", said, flags=re.S)
    expected = re.findall(r"exp:\[?\s*(.*?)(?=\n?\s*,?\s*got:|\Z)", said, flags=re.S)
    if code == 0:
        failures.append("no alert has annotations")
    labels = lambda shown: re.findall(r"Labels:\{([^}]*)\}", shown)
    if not got or len(got) != len(expected):
        failures.append(f"promtool's answer is not understood:\n{said}")
    for one, other in zip(expected, got):
        if labels(one) != labels(other):
            failures.append(f"expected {one}\n     got {other}")
        if "%!" in other or "<no value>" in other or "error expanding" in other.lower():
            failures.append(f"an annotation does not expand: {other}")
    if failures:
        sys.exit("\n".join(failures))
    print(f"{len(alerts)} alerts, {len(got)} firings")


main()
