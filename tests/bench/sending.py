"""Requests: a first sync of people against a web server on loopback that answers at once, beside a bare loop over
libcurl's multi interface and beside wrk as the ceiling, with the same server, bodies and concurrency; against the same
server with latency added, beside what concurrency and latency allow; and against the built-in API with a limit of so
many requests a second, which nothing but its 429s tells of, as a whole and behind the search for it."""
import collections
import contextlib
import json
import re
import socket
import sqlite3
import subprocess
import sys
import time

from measure import Cost, Goal, Line, free_port, rate_of, run, run_once, say
from planning import CSV, folder_for

PEOPLE = 20_000
SHARE = {1: 0.5, 8: 0.8, 32: 0.8}
LATENCY_MS = 50
LATENCY_PEOPLE = 4_000
LIMIT = 200
LIMITED_PEOPLE = 48_000
LIMITED_SEARCH = 20  # seconds in which the limit may be looked for

NGINX = """\
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
daemon off;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  keepalive_requests 100000000;
  default_type application/json;
  client_body_temp_path {folder}/body;
  server {{
    listen 127.0.0.1:{port};
    location /contacts {{
      if ($request_method = GET) {{ return 200 '{{"result":1,"contacts":[],"groups":[]}}'; }}
      return 200 '{{"result":1,"contact":{{"contact_id":"$request_id","name":"Oluwaseun Nakamura"}}}}';
    }}
    location / {{
      if ($request_method = GET) {{ return 200 '{{"result":1,"users":[],"groups":[]}}'; }}
      return 200 '{{"result":1,"user":{{"user_id":"$request_id","name":"Oluwaseun Nakamura"}}}}';
    }}
  }}
}}
"""
WRK = """\
wrk.method = "POST"
wrk.body = '{body}'
wrk.headers["Content-Type"] = "application/json"
wrk.headers["Authorization"] = "Basic YmVuY2g6YmVuY2g="
"""
BODY = ('{"user_type":"moderator","first_name":"Oluwaseun","last_name":"Nakamura","email":"oluwaseun.1@example.com",'
        '"status":"A","department":"Research and Development","designation":"Senior Engineer",'
        '"send_welcome_mail":false}')
# What a first sync cost as a whole (reading, planning and storing the plan included), and the sending alone.
Synced = collections.namedtuple("Synced", "whole sending")
# Creates behind the search for a limit.
Found = collections.namedtuple("Found", "creates cost")


# Nothing of the program's own limits stands in the way; the journal is on, as always.
def live(port, concurrency, path="/"):
    return CSV.replace("http://127.0.0.1:9/", f"http://127.0.0.1:{port}{path}") \
              .replace("  basic:", f"  rate: 1000000/s\n  concurrency: {concurrency}\n  basic:")


@contextlib.contextmanager
def process(command, port, log):
    with subprocess.Popen([str(word) for word in command], stdout=log, stderr=log) as server:
        try:
            wait_for(port)
            yield server
        finally:
            server.terminate()
            server.wait()


def wait_for(port):
    for _ in range(200):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"nothing listens on port {port}")


def sync_command(bench, config):
    return [bench.build / "ucaas-sync", "-c", config, "--log-level", "warning", "sync"]


def forget(folder):
    for name in ("state.db", "state.db-wal", "state.db-shm"):
        (folder / "state" / name).unlink(missing_ok=True)


def sync_once(bench, folder, config, people):
    forget(folder)
    whole = run_once(sync_command(bench, config), folder, bench.log)
    database = sqlite3.connect(folder / "state" / "state.db")
    done, first, last = database.execute("SELECT count(*), min(at), max(at) FROM outcome WHERE done = 1").fetchone()
    database.close()
    if done != people:
        raise RuntimeError(f"{done} of {people} operations were done; see {bench.log.name}")
    return Synced(whole, Cost(whole.cpu, (last - first) / 1000, whole.peak_mib))


def syncs(bench, folder, config):
    """How often one more first sync asks the disk to sync, and the seconds that it waits for that, by strace."""
    forget(folder)
    found = folder / "syncs"
    run_once(["strace", "-f", "--seccomp-bpf", "-w", "-c", "-e", "trace=fsync,fdatasync", "-o", found,
              *sync_command(bench, config)], folder, bench.log)
    rows = re.findall(r"^ *[\d.]+ +([\d.]+) +\d+ +(\d+) .*sync$", found.read_text(encoding="utf-8"), re.MULTILINE)
    return sum(int(calls) for _, calls in rows), sum(float(seconds) for seconds, _ in rows)


def best(costs):
    """By wall time: the server takes the other core, so that CPU time says nothing of a rate."""
    return min(costs, key=lambda cost: cost.wall)


@contextlib.contextmanager
def canned(bench, folder):
    """A web server that answers each request at once, and its port."""
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=port), encoding="utf-8")
    with process(["nginx", "-p", folder, "-c", conf, "-e", folder / "nginx.log"], port, bench.log):
        yield port


def requests(bench):
    say("requests against a fast server")
    folder, config = folder_for(bench, "requests", CSV)
    bench.make("csv", PEOPLE, folder / "people.csv")
    lua = folder / "post.lua"
    lua.write_text(WRK.format(body=BODY), encoding="utf-8")
    rate = rate_of(PEOPLE)
    with canned(bench, folder) as port:
        url = f"http://127.0.0.1:{port}/users"
        for concurrency, share in SHARE.items():
            config.write_text(live(port, concurrency), encoding="utf-8")
            ours, loops = [], []
            for _ in range(bench.repeats):
                ours.append(sync_once(bench, folder, config, PEOPLE))
                loops.append(loop(bench, url, PEOPLE, concurrency))
            goal = Goal(f"{share:.0%} of it", lambda mine, other, share=share: other.wall / mine.wall >= share)
            calls, waited = syncs(bench, folder, config)
            work = f"{PEOPLE:,} creates, concurrency {concurrency}, journal on"
            sending = best([one.sending for one in ours])
            bench.lines.append(Line(f"{work}, the sending alone ({calls} syncs of the disk, {waited:.2f} s)", sending,
                                    best(loops), "bare libcurl loop", rate, goal))
            bench.lines.append(Line(f"{work}, with reading and planning", best([one.whole for one in ours]),
                                    best(loops), "bare libcurl loop", rate))
            bench.lines.append(Line(f"{work}, the sending alone", sending, wrk(bench, url, concurrency, lua), "wrk", rate))


def loop(bench, url, people, concurrency):
    out = run([bench.build / "bench_curl_loop", url, people, concurrency], stdout=subprocess.PIPE).stdout
    return Cost(0, json.loads(out)["wall"], 0)


def wrk(bench, url, concurrency, lua):
    out = run(["wrk", "-t1", f"-c{concurrency}", "-d3s", "-s", lua, url], stdout=subprocess.PIPE,
              stderr=bench.log).stdout.decode()
    return Cost(0, PEOPLE / float(re.search(r"Requests/sec:\s+([\d.]+)", out).group(1)), 0)


def latency(bench):
    say(f"requests against a server that is {LATENCY_MS} ms away")
    folder, config = folder_for(bench, "latency", CSV)
    bench.make("csv", LATENCY_PEOPLE, folder / "people.csv")
    rate = rate_of(LATENCY_PEOPLE)
    far = free_port()
    with canned(bench, folder) as port, process([sys.executable, bench.here / "relay.py", far, port, LATENCY_MS], far,
                                                bench.log):
        for concurrency in (8, 32):
            config.write_text(live(far, concurrency), encoding="utf-8")
            ours = sync_once(bench, folder, config, LATENCY_PEOPLE).sending
            allowed = Cost(0, LATENCY_PEOPLE * LATENCY_MS / 1000 / concurrency, 0)
            goal = Goal("95 % of it", lambda mine, other: other.wall / mine.wall >= 0.95)
            work = f"{LATENCY_PEOPLE:,} creates, {LATENCY_MS} ms latency, concurrency {concurrency}, the sending alone"
            bench.lines.append(Line(work, ours, allowed, "concurrency ÷ latency", rate, goal))
            bare = loop(bench, f"http://127.0.0.1:{far}/users", LATENCY_PEOPLE, concurrency)
            bench.lines.append(Line(work, ours, bare, "bare libcurl loop", rate))


def limited(bench):
    say(f"requests against an API that takes {LIMIT} a second")
    folder, config = folder_for(bench, "limited", CSV)
    bench.make("csv", LIMITED_PEOPLE, folder / "people.csv")
    key, account = folder / "key", folder / "account.db"
    key.write_text("bench", encoding="utf-8")
    key.chmod(0o600)
    account.unlink(missing_ok=True)
    port = free_port()
    api = [bench.build / "ucaas-sync", "sandbox", "--listen", f"127.0.0.1:{port}", "--db", account, "--id", "bench",
           "--key-file", key, "--rate-limit", LIMIT]
    config.write_text(live(port, 8, "/ucaas/v1/"), encoding="utf-8")
    with process(api, port, bench.log):
        # Done means that all were created: nothing was given up for a 429.
        ours = sync_once(bench, folder, config, LIMITED_PEOPLE).sending
    work = f"{LIMITED_PEOPLE:,} creates, an API that takes {LIMIT} a second, no such limit configured"
    bench.lines.append(Line(f"{work}, the sending alone", ours, Cost(0, LIMITED_PEOPLE / LIMIT, 0), "the limit",
                            rate_of(LIMITED_PEOPLE)))
    found = done_from(folder, LIMITED_SEARCH)
    goal = Goal("95 % of it", lambda mine, other: other.wall / mine.wall >= 0.95)
    bench.lines.append(Line(f"{work}, from its {LIMITED_SEARCH}th second on", found.cost, Cost(0, found.creates / LIMIT, 0),
                            "the limit", rate_of(found.creates), goal, None, "23 a second"))


def done_from(folder, second):
    """What was created from this second of the sending on, and how long that took."""
    database = sqlite3.connect(folder / "state" / "state.db")
    creates, first, last = database.execute(
        "SELECT count(*), min(at), max(at) FROM outcome WHERE done = 1 AND at >= (SELECT min(at) FROM outcome) + ?",
        (second * 1000,)).fetchone()
    database.close()
    return Found(creates, Cost(0, (last - first) / 1000, 0))
