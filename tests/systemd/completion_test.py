#!/usr/bin/env python3
"""Completion offers every command, option and word that the program takes, and nothing else; asked for real in bash, where
the shell's own machinery calls it. The file for zsh is valid and has the same words.

Usage: completion_test.py PROGRAM FOLDER"""
import pathlib
import re
import subprocess
import sys

import program_help

# Prints what bash would offer behind the words of $1 (the last of them is being typed; it may be empty).
ASK = r"""
source "$1"
# Set by the shell when it completes; no command line is edited here.
compopt() { :; }
shift
while IFS= read -r line; do
  COMP_WORDS=()
  while [[ $line == *$'\t'* ]]; do COMP_WORDS+=("${line%%$'\t'*}"); line=${line#*$'\t'}; done
  COMP_WORDS+=("$line")
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
  COMPREPLY=()
  _ucaas_sync
  echo "${COMPREPLY[*]}"
done
"""


def ask(script, questions):
    text = "".join("\t".join(words) + "\n" for words in questions)
    done = subprocess.run(["bash", "-c", ASK, "ask", str(script)], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [set(line.split()) for line in done.stdout.splitlines()]


def offered_by_the_shell(script):
    """An interactive bash with a terminal of its own, and presses of the tabulator key."""
    import os
    import pty
    import select
    import time
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="dumb", PS1="> ")
        os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
    seen = ""
    try:
        os.write(terminal, f"bind 'set bell-style none' 'set completion-query-items 0'; source {script}; echo ready\n".encode())
        typed = False
        end = time.monotonic() + 30
        while time.monotonic() < end and "rebind" not in seen:
            if select.select([terminal], [], [], 0.1)[0]:
                seen += os.read(terminal, 4096).decode(errors="replace")
            if not typed and "\nready" in seen.replace("\r", ""):
                os.write(terminal, b"ucaas-sync state re\t\t\t")
                typed = True
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)
    return seen


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    bash, zsh = folder / "ucaas-sync.bash", folder / "_ucaas-sync"
    failures = []
    commands = program_help.commands(program)
    everywhere = {name for name in commands[""] if name != "--version"}
    top = {command.split()[0] for command in commands if command}
    questions = [["ucaas-sync", ""], ["ucaas-sync", "-"], ["ucaas-sync", "-c", "x", "help", ""]]
    wanted = [top, set(commands[""]), top]
    for command, options in commands.items():
        if not command:
            continue
        questions.append(["ucaas-sync", *command.split(), "-"])
        wanted.append(everywhere | set(options))
        questions.append(["ucaas-sync", "--log-level", "debug", *command.split(), "--"])
        wanted.append({option for option in everywhere | set(options) if option.startswith("--")})
        if " " in command:
            questions.append(["ucaas-sync", command.split()[0], ""])
            wanted.append({inner.split()[1] for inner in commands if inner.startswith(command.split()[0] + " ")})
        for option, takes in options.items():
            if "|" in takes:
                questions.append(["ucaas-sync", *command.split(), option, ""])
                wanted.append(set(takes.split("|")))
    questions += [["ucaas-sync", "--log-level", ""], ["ucaas-sync", "pl"], ["ucaas-sync", "--log-format", "j"]]
    wanted += [{"debug", "info", "warning", "error"}, {"plan"}, {"json"}]
    for question, want, got in zip(questions, wanted, ask(bash, questions), strict=True):
        if want != got:
            failures.append(f"bash: {question}: missing {want - got}, too much {got - want}")
    shown = offered_by_the_shell(bash)
    if "rebuild" not in shown or "rebind" not in shown:
        failures.append(f"bash at a terminal offers nothing: {shown!r}")

    done = subprocess.run(["zsh", "-n", str(zsh)], capture_output=True, text=True)
    if done.returncode != 0:
        failures.append(f"zsh: {done.stderr}")
    text = zsh.read_text()
    branches = dict(re.findall(r"^        (\w+)\)\s(.*?)(?=;;)", text, flags=re.M | re.S))
    if {name for name in re.findall(r"^    '(\w+):", text, flags=re.M)} != top:
        failures.append("zsh: the commands are not the program's")
    for command, options in commands.items():
        branch = branches.get(command.split()[0], "") if command else text
        for option in options.keys() - everywhere:
            if not re.search(rf"[')*]{option}\[", branch):
                failures.append(f"zsh: {command}: no {option}")
    for option in everywhere:
        if option not in text:
            failures.append(f"zsh: no {option}")
    if failures:
        sys.exit("\n".join(failures))
    print(f"{len(questions)} questions to bash answered")


main()
