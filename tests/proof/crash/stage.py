"""A folder with a configuration, exports, a state and an account, the sandbox that serves the account, and the program run
in it: the way a crash point is reached, and what is found afterwards."""
import concurrent.futures
import json
import pathlib
import re
import shutil
import signal
import subprocess

import company as companies
import picture

PATIENCE = 120  # seconds that one command may take before it counts as hanging


class Broken(Exception):
    """A promise that was not kept; the text says which."""


class Stage:
    def __init__(self, program, relay, folder):
        self.program, self.relay, self.folder = program, relay, pathlib.Path(folder)
        self._sandbox = None
        self.exchanges = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    @classmethod
    def new(cls, program, relay, folder, company):
        stage = cls(program, relay, folder)
        stage.folder.mkdir(parents=True)
        key = stage.folder / "access-key"
        key.touch(mode=0o600)
        key.write_text(companies.ACCESS_KEY + "\n")
        (stage.folder / "config.yaml").write_text(company.config(relay.port))
        companies.write_day(stage.folder, company.first_day())
        return stage

    @classmethod
    def copy(cls, program, relay, kept, folder):
        """As a stage was left that is closed now and lies in `kept`. States and plan files name their paths, so `folder`
        should be the one that it was made in."""
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(kept, folder)
        return cls(program, relay, folder)

    def open(self):
        """Serves the account on a port of its own, which the return value gives; the relay forwards to it."""
        self._sandbox = subprocess.Popen(
            [self.program, "sandbox", "--listen", "127.0.0.1:0", "--db", "account.db", "--id", companies.ACCESS_ID,
             "--key-file", "access-key"], cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = self._sandbox.stdout.readline()
        if not said.startswith("sandbox: http://"):
            raise RuntimeError(f"the sandbox does not start: {said}")
        self._port = int(said.split(":")[3].split("/")[0])
        self.watch()
        return self._port

    def close(self):
        if self._sandbox is None:
            return
        self.relay.settle()
        self._sandbox.kill()  # an answered write survives this, and nobody waits for a clean end
        self._sandbox.wait()
        self._sandbox.stdout.close()
        self._sandbox = None

    def watch(self, shot=None):
        """Counts requests anew; see Relay.serve."""
        self.exchanges = self.relay.serve(self._port, shot)

    def start(self, arguments, wrapper=()):
        out = open(self.folder / "said.txt", "ab")
        with out:
            return subprocess.Popen([*wrapper, self.program, "-c", "config.yaml", "--no-progress", *arguments],
                                    cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def finish(self, process):
        """Its exit code, -9 when it was killed; its connections are settled."""
        try:
            code = process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise Broken(f"did not end within {PATIENCE} s: {self.said()}") from None
        finally:
            self.relay.settle()
        return code

    def kill_at(self, victim, request, moment):
        """Runs `victim` and kills it at this request, counted from 1, before or after its effect. Its exit code."""
        process = concurrent.futures.Future()
        self.watch((request, moment, lambda: process.result(PATIENCE).kill()))
        process.set_result(self.start(victim))
        return self.finish(process.result())

    def run(self, arguments, codes=(0,)):
        (self.folder / "said.txt").unlink(missing_ok=True)
        code = self.finish(self.start(arguments))
        if code not in codes:
            raise Broken(f"{' '.join(arguments)} ended {code}, not {' or '.join(map(str, codes))}: {self.said()}")
        return code

    def said(self):
        path = self.folder / "said.txt"
        return path.read_text(errors="replace")[-2000:] if path.exists() else ""

    def picture(self):
        """Account, state, and which files there are."""
        account = self.folder / "account.db"
        # Also what is left of a state that was being made: nobody takes it for one.
        passing = re.compile(r"state\.db\.\w{6}|.*(-wal|-shm|-journal|said\.txt|\.trace)")
        files = sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*")
                       if path.is_file() and not passing.fullmatch(path.name))
        return picture.account(account) + picture.state(self.folder / "state/state.db", account) + [f"file: {f}" for f in files]

    def check_plan_files(self):
        """A plan file that is there is there whole."""
        for path in self.folder.glob("*.plan"):
            try:
                json.loads(path.read_text())
            except ValueError as error:
                raise Broken(f"{path.name} is there and cannot be read: {error}") from None

    def welcomed_twice(self):
        return picture.welcomed_twice(self.folder / "account.db")


KILLED = -signal.SIGKILL
