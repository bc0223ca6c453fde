"""What the program itself says it has: commands with their sub-commands, options with what they take, exit codes."""
import re
import subprocess


def ask(program, *arguments):
    done = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise SystemExit(f"{program} {' '.join(arguments)} ended {done.returncode}: {done.stderr}")
    return done.stdout


def options_of(text):
    """{"--format": "text|json"}; an empty string for a flag."""
    found = {}
    for line in section(text, "Options:"):
        shown = re.match(r"\s{2}((?:-\w,)?--?[\w-]+)(?: ([^\s]+))?", line)
        if not shown:
            continue
        for name in shown.group(1).split(","):
            found[name] = shown.group(2) or ""
    return found


def subcommands_of(text):
    return [line.split()[0] for line in section(text, "Subcommands:") if re.match(r"\s{2}\S", line)]


def section(text, heading):
    lines = text.splitlines()
    if heading not in lines:
        return []
    begin = lines.index(heading) + 1
    end = next((i for i in range(begin, len(lines)) if not lines[i].strip()), len(lines))
    return lines[begin:end]


def commands(program):
    """{"": {global options}, "plan": {…}, "quarantine list": {…}}"""
    top = ask(program, "--help")
    found = {"": options_of(top)}
    for name in subcommands_of(top):
        text = ask(program, name, "--help")
        below = subcommands_of(text)
        if not below:
            found[name] = options_of(text)
        for inner in below:
            found[f"{name} {inner}"] = options_of(ask(program, name, inner, "--help"))
    return found


def exit_codes(program):
    return re.findall(r"^  (\d+)\s+(\w+)", "\n".join(section(ask(program, "--help"), "Exit codes:")), flags=re.M)
