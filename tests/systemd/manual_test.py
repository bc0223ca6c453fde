#!/usr/bin/env python3
"""The manual has every command, option, exit code and metric, and none that is not there, and every key of the JSON that
the program prints; its pages are without a warning of the formatter. (Keys of the configuration:
tests/config/manual_test.cc; events: tests/report/events_page_test.cc.)

Usage: manual_test.py PROGRAM FOLDER-OF-PAGES METRICS-SOURCE FOLDER-OF-EXAMPLES"""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import program_help

PAGES = {"ucaas-sync.1.scd", "ucaas-sync.yaml.5.scd", "ucaas-sync-events.7.scd", "ucaas-sync-faults.7.scd"}
SINCE_EVERYWHERE = {"-h", "--help"}


def formatted(page):
    text = subprocess.run(["scdoc"], stdin=page.open(), capture_output=True, text=True)
    if text.returncode != 0:
        return "", f"{page}: {text.stderr}"
    done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-"], input=text.stdout, capture_output=True, text=True)
    return done.stdout, done.stderr.strip()


def paragraph_of(page, command):
    """The line that names the command and takes its options, with the text below it."""
    found = re.search(rf"^\*{command}\*.*\n((?:\t.*\n|\n(?=\t))+)", page, flags=re.M)
    return found.group(0) if found else ""


def keys_of(value):
    """All keys of a document but those that are names of kinds, actions and fields."""
    if isinstance(value, list):
        return set().union(*(keys_of(item) for item in value))
    if not isinstance(value, dict):
        return set()
    by_name = {"summary", "before", "after", "existing", "attributes"}
    return set(value).union(*(keys_of(item) for key, item in value.items() if key not in by_name))


def printed_keys(program, examples):
    """By command: the keys of what it prints of a company with somebody set aside, a held plan and a past run."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(examples, folder, dirs_exist_ok=True)
        people = pathlib.Path(folder, "data", "small-company.csv")
        config = ["-c", str(pathlib.Path(folder, "small-company.yaml"))]
        run = lambda *words: subprocess.run([program, *config, *words], capture_output=True, text=True).stdout
        run("sync")
        rows = people.read_text().splitlines()
        who = rows[1].split(",")[0]
        people.write_text("\n".join([*rows[:-4], rows[-4] + ",one too many"]) + "\n")
        run("sync")
        documents = {"status": run("status", "--format", "json"), "runs": run("runs", "--format", "json"),
                     "plan": run("plan", "--format", "json"), "quarantine list": run("quarantine", "list", "--format", "json")}
        keys = {command: keys_of(json.loads(text)) for command, text in documents.items()}
        keys["explain"] = set(json.loads(run("explain", who, "--format", "json")))
        return keys


def main():
    program, folder, metrics = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    failures = []
    page = (folder / "ucaas-sync.1.scd").read_text()
    commands = program_help.commands(program)
    assert len(commands) > 20, commands
    for command, options in commands.items():
        text = paragraph_of(page, command) if command else page.split("# COMMANDS")[0]
        if not text:
            failures.append(f"the manual has no command {command}")
        options_in = lambda part: set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", part))
        written = options_in(text)
        for option in options.keys() - SINCE_EVERYWHERE:
            if option not in written:
                failures.append(f"{command or 'the program'}: {option} is not in the manual")
        known = options.keys() | commands[""].keys()
        failures += [f"{command}: the manual speaks of {option}" for option in options_in(text.split("\n")[0]) - known if command]
    for line in re.findall(r"^\*([a-z]+(?: [a-z]+)?)\*", page.split("# COMMANDS")[1].split("# EXIT")[0], flags=re.M):
        if line not in commands:
            failures.append(f"the manual has a command {line}, which the program has not")
    codes = program_help.exit_codes(program)
    assert len(codes) == 12, codes
    written = re.findall(r"^\*(\d+)\* (\w+)$", page, flags=re.M)
    if written != codes:
        failures.append(f"exit codes: the program has {codes}, the manual {written}")
    json_part = page.split("# JSON\n")[1].split("\n# ")[0].replace("\\_", "_")
    written_keys = set(re.findall(r"_([a-z]\w*?)_(?![a-z])", json_part))
    printed = printed_keys(program, sys.argv[4])
    assert {"quarantine", "held"} <= printed["status"] and len(set().union(*printed.values())) > 50, printed
    for command, keys in printed.items():
        if keys - written_keys:
            failures.append(f"{command} --format json: the manual has no {sorted(keys - written_keys)}")
    metric_names = set(re.findall(r'Name\("(ucaas_sync_\w+)"\)', metrics.read_text()))
    assert len(metric_names) >= 13, metric_names
    in_manual = set(re.findall(r"\*(ucaas_sync_\w+)", page))
    if metric_names != in_manual:
        failures.append(f"metrics, in one of the two only: {metric_names ^ in_manual}")
    pages = sorted(folder.glob("*.scd"))
    if {page.name for page in pages} != PAGES:
        failures.append(f"pages, in one of the two only: {PAGES ^ {page.name for page in pages}}")
    for source in pages:
        shown, said = formatted(source)
        if said or "NAME" not in shown:
            failures.append(f"{source}: {said or 'is empty'}")
    if failures:
        sys.exit("\n".join(failures))
    print(f"{len(commands)} commands, {len(codes)} exit codes, {len(metric_names)} metrics, {len(written_keys)} keys of JSON")


main()
