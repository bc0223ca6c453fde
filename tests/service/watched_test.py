#!/usr/bin/env python3
"""The real service watched by the real tools: Prometheus scrapes it and answers a query about it, promtool finds nothing
to say about its metrics, and Chromium shows its page on a desk, on a phone and in the dark without a complaint.

Usage: watched_test.py PROGRAM RULES FOLDER-FOR-SCREENSHOTS"""
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

CONFIG = """
state_dir: state
target: { sandbox: account.db }
sources: { hr: { csv: people.csv, key: employee_id } }
users:
  from: hr
  left: "(status=terminated)"
  fields: { first_name: "{first_name}", last_name: "{last_name}", email: "{email|lower}", user_type: moderator, status: A }
  create_only: [user_type]
schedule: { every: 1h }
listen: 127.0.0.1:PORT
"""
PATIENCE = 60  # seconds; nothing here takes more than a few


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def fetch(url):
    with urllib.request.urlopen(url, timeout=10) as reply:
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


def write_people(path, count, terminated=0):
    rows = ["employee_id,first_name,last_name,email,status"]
    for i in range(count):
        status = "terminated" if i < terminated else "active"
        rows.append(f"E{i},<b>Ada{i}</b>,\"O'Neil & Sons\",p{i}@example.com,{status}")
    path.write_text("\n".join(rows) + "\n")
    os.utime(path, (time.time() - 60, time.time() - 60))


def check_metrics(base):
    metrics = fetch(base + "/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout and not done.stderr, done


def check_prometheus(folder, port, rules):
    listen = free_port()
    (folder / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(rules)],
        "scrape_configs": [{"job_name": "ucaas-sync", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}]}))
    server = subprocess.Popen(
        ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb",
         f"--web.listen-address=127.0.0.1:{listen}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def query(text):
            url = f"http://127.0.0.1:{listen}/api/v1/query?" + urllib.parse.urlencode({"query": text})
            return [one["value"][1] for one in json.loads(fetch(url))["data"]["result"]]
        wait_for("Prometheus scrapes", lambda: query('up{job="ucaas-sync"}') == ["1"])
        wait_for("it knows the people", lambda: query('ucaas_sync_entities{kind="user",state="active"}') == ["30"])
        wait_for("it knows that it is held", lambda: query("ucaas_sync_held") == ["1"])
        groups = json.loads(fetch(f"http://127.0.0.1:{listen}/api/v1/rules"))["data"]["groups"]
        rules_there = [rule for group in groups for rule in group["rules"]]
        wait_for("the rules are evaluated", lambda: all(
            rule["health"] == "ok"
            for group in json.loads(fetch(f"http://127.0.0.1:{listen}/api/v1/rules"))["data"]["groups"]
            for rule in group["rules"]))
        print(f"Prometheus: scraped, {len(rules_there)} rules well")
    finally:
        server.terminate()
        server.wait()


def browse(folder, url, *options):
    return subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr",
         f"--user-data-dir={folder}/chromium", *options, url], capture_output=True, text=True, timeout=PATIENCE)


def check_browser(folder, base, shots):
    run = re.search(r'href="(/runs/[^"]+)"', fetch(base + "/")).group(1)
    for name, path, size, more in [
            ("desk", "/", "1280,900", []), ("phone", "/", "500,900", []),
            ("dark", "/", "1280,900", ["--blink-settings=preferredColorScheme=0"]), ("run", run, "1280,900", [])]:
        shot = shots / f"{name}.png"
        shot.unlink(missing_ok=True)
        done = browse(folder, base + path, f"--window-size={size}", f"--screenshot={shot}", *more)
        assert done.returncode == 0 and shot.stat().st_size > 10_000, done.stderr
        complaints = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
        assert not complaints, complaints
    dom = browse(folder, base + "/", "--dump-dom").stdout
    assert "A person must decide" in dom and "ucaas-sync approve" in dom, dom
    assert "<b>Ada" not in dom and "<script" not in dom, dom
    print(f"Chromium: four screenshots in {shots}")


def main():
    program, rules, shots = sys.argv[1], pathlib.Path(sys.argv[2]).resolve(), pathlib.Path(sys.argv[3])
    shots.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        port = free_port()
        base = f"http://127.0.0.1:{port}"
        config = folder / "config.yaml"
        config.write_text(CONFIG.replace("PORT", str(port)))
        config.chmod(0o600)
        write_people(folder / "people.csv", 30)
        service = subprocess.Popen([program, "-c", str(config), "run"], stderr=subprocess.DEVNULL)
        try:
            wait_for("the service is ready", lambda: fetch(base + "/readyz") == "converged\n")
            write_people(folder / "people.csv", 30, terminated=12)
            wait_for("it is held", lambda: "ucaas_sync_held 1" in fetch(base + "/metrics"))
            check_metrics(base)
            check_prometheus(folder, port, rules)
            check_browser(folder, base, shots)
        finally:
            service.terminate()
            code = service.wait(timeout=15)
        assert code == 0, code


main()
