#!/usr/bin/env python3
"""What a look at sources that have not changed costs, counted in system calls: one stat a file, nothing opened, nothing
asked over the network, nothing written.

Usage: idle_test.py PROGRAM"""
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from serving import PATIENCE  # noqa: E402

CONFIG = """
state_dir: state
target: { sandbox: account.db }
sources: { hr: { csv: people.csv, key: employee_id } }
users:
  from: hr
  fields: { first_name: "{first_name}", last_name: "{last_name}", email: "{email}", user_type: moderator }
schedule: { every: 1s, watch: false }
"""
LOOKS = 6


def calls_of(trace, thread):
    """The names and arguments of the system calls of one thread, in their order."""
    for line in trace.splitlines():
        number, _, call = line.partition(" ")
        found = re.match(r"\s*(\w+)\((.*)", call)
        if number == thread and found:
            yield found.groups()


def wait(what, question):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        answer = question()
        if answer:
            return answer
        time.sleep(0.2)
    sys.exit(f"{what}: not within {PATIENCE} s")


def main():
    program = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "config.yaml").write_text(CONFIG)
        (folder / "config.yaml").chmod(0o600)
        (folder / "people.csv").write_text("employee_id,first_name,last_name,email\n" + "".join(
            f"E{i},Ada,Lovelace,p{i}@example.com\n" for i in range(50)))
        trace = folder / "trace"
        log = folder / "log"
        # The leak sanitizer cannot work under strace, and would end the service with an error.
        environment = os.environ | {"ASAN_OPTIONS": "detect_leaks=0"}
        with log.open("w") as err:
            service = subprocess.Popen(["strace", "-f", "-o", str(trace), program, "-c", str(folder / "config.yaml"), "run"],
                                       stderr=err, env=environment)
        try:
            wait("the first run", lambda: "50 operations done" in log.read_text())
            begun = len(trace.read_text())
            wait("some looks", lambda: trace.read_text()[begun:].count("people.csv\"") >= LOOKS)
            seen = trace.read_text()[begun:].partition("\n")[2].rpartition("\n")[0]
        finally:
            main_thread = trace.read_text().split(" ", 1)[0]
            # strace passes no signal on; its child is the service.
            children = pathlib.Path(f"/proc/{service.pid}/task/{service.pid}/children").read_text().split()
            for child in children:
                subprocess.run(["kill", "-TERM", child], check=True)
            code = service.wait(timeout=60)
        assert code == 0, code

        # A look lies between two waits; the first that is whole begins with the first wait that is seen.
        looks, current = [], None
        for call, arguments in calls_of(seen, main_thread):
            if call in ("poll", "ppoll"):
                if current:
                    looks.append(current)
                current = []
            elif current is not None:
                current.append((call, arguments))
        looks = [look for look in looks if any("people.csv\"" in arguments for _, arguments in look)]
        assert len(looks) >= LOOKS - 2, f"only {len(looks)} looks in\n{seen}"
        for look in looks:
            stats = [arguments for call, arguments in look if "stat" in call]
            others = [call for call, _ in look if "stat" not in call]
            of_source = [arguments for arguments in stats if "people.csv\"" in arguments]
            assert len(of_source) == 1, look
            assert len(stats) <= 4, look  # the source, its checksum, the state and the state's log
            assert not [call for call in others if call in (
                "open", "openat", "socket", "connect", "send", "sendto", "sendmsg", "write", "writev", "pwrite64", "read",
                "pread64", "mmap", "clone", "clone3", "fsync", "execve")], look
            assert len(look) <= 12, look
        outside = {number for number in re.findall(r"^(\d+) ", seen, re.M)} - {main_thread}
        busy = [line for line in seen.splitlines()
                if line.split(" ", 1)[0] in outside and not re.search(r"futex|poll|clock_nanosleep|resumed|exited", line)]
        assert not busy, busy[:5]
        print(f"{len(looks)} looks; one of them: {', '.join(call for call, _ in looks[0])}")


main()
