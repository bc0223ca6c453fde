"""The real service on a company of a file, for tests that watch it from outside."""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.request

PATIENCE = 120  # seconds; nothing takes more than a few on a machine with nothing else to do


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=PATIENCE) as reply:
        return reply.read().decode()


def wait_for(what, question):
    """Asks until the answer is true; a connection that is refused is an answer too early."""
    end = time.monotonic() + PATIENCE
    last = None
    while time.monotonic() < end:
        try:
            last = question()
            if last:
                return last
        except OSError as error:
            last = error
        time.sleep(0.1)
    sys.exit(f"{what}: not within {PATIENCE} s; last: {last}")


class Service:
    """A context in which `ucaas-sync run` serves; it must end well."""

    def __init__(self, program, folder, config):
        self.folder = pathlib.Path(folder)
        port = free_port()
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.config = self.folder / "config.yaml"
        self.config.write_text(config.replace("PORT", str(port)))
        self.config.chmod(0o600)
        self.program = program
        self.process = None

    def write(self, name, text):
        """As an export that was left alone a minute ago."""
        path = self.folder / name
        new = self.folder / (name + ".new")
        new.write_text(text)
        os.utime(new, (time.time() - 60, time.time() - 60))
        new.rename(path)

    def __enter__(self):
        self.process = subprocess.Popen([self.program, "-c", str(self.config), "run"], stderr=subprocess.DEVNULL)
        return self

    def __exit__(self, kind, *_):
        self.process.terminate()
        code = self.process.wait(timeout=30)
        if kind is None:
            assert code == 0, code

    def runs(self):
        """How many runs have ended, by the metrics."""
        lines = fetch(self.base + "/metrics").splitlines()
        return sum(int(float(line.split()[-1])) for line in lines if line.startswith("ucaas_sync_runs_total"))

    def run_now(self, what):
        """Asks for a run, and waits until it has ended."""
        before = self.runs()
        self.process.send_signal(signal.SIGUSR1)
        wait_for(what, lambda: self.runs() > before)
