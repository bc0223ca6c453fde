#!/usr/bin/env python3
"""A notice whose host's name nobody resolves does not delay the end of the service beyond ten seconds.

Usage: silent_names_test.py PROGRAM

The program sees name servers that never answer, in a mount namespace of its own; ends 77 where none can be made."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

SERVERS = ("127.0.0.77", "127.0.0.78")
SKIPPED = 77
CONFIG = """\
state_dir: state
target: { sandbox: account.db }
sources: { hr: { csv: missing.csv, key: id } }
users: { from: hr, fields: { first_name: "{a}", last_name: "{b}", email: "{c}", user_type: user } }
notify: { webhook: "https://hooks.example.net/x" }
"""


def main():
    program = sys.argv[1]
    silent = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in SERVERS]
    with tempfile.TemporaryDirectory() as folder:
        names = pathlib.Path(folder, "resolv.conf")
        names.write_text("".join(f"nameserver {server}\n" for server in SERVERS))
        pathlib.Path(folder, "config.yaml").write_text(CONFIG)
        os.chmod(pathlib.Path(folder, "config.yaml"), 0o600)
        inside = ["unshare", "--mount", "sh", "-c", f'mount --bind "{names}" /etc/resolv.conf && exec "$@"', "sh"]
        try:
            for probe, server in zip(silent, SERVERS):
                probe.bind((server, 53))
            subprocess.run([*inside, "true"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            print(f"skipped: {error}")
            sys.exit(SKIPPED)
        service = subprocess.Popen([*inside, program, "-c", "config.yaml", "run"], cwd=folder, stderr=subprocess.PIPE,
                                   text=True)
        # The failure is told, and its notice is on its way: the name server was asked.
        silent[0].settimeout(60)
        silent[0].recv(512)
        service.send_signal(signal.SIGTERM)
        began = time.monotonic()
        said = service.communicate(timeout=60)[1]
        took = time.monotonic() - began
    if service.returncode != 0 or took > 10:
        sys.exit(f"ended {service.returncode} after {took:.1f} s:\n{said}")
    print(f"ended after {took:.1f} s")


main()
