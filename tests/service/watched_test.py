#!/usr/bin/env python3
"""The real service watched by the real tools: promtool finds nothing to say about its metrics, Prometheus scrapes it,
evaluates the alert rules, and answers every query of the dashboard.

Usage: watched_test.py PROGRAM RULES DASHBOARD"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse

sys.dont_write_bytecode = True
from serving import Service, fetch, free_port, wait_for  # noqa: E402

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
def people(count, terminated=0):
    rows = ["employee_id,first_name,last_name,email,status"]
    rows += [f"E{i},Ada{i},Lovelace,p{i}@example.com,{'terminated' if i < terminated else 'active'}" for i in range(count)]
    return "\n".join(rows) + "\n"


def check_metrics(base):
    metrics = fetch(base + "/metrics")
    done = subprocess.run(["promtool", "check", "metrics"], input=metrics, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout and not done.stderr, done


def queries(dashboard):
    """What Grafana would send: the variables filled in as it fills them in for "All"."""
    for panel in json.loads(dashboard.read_text())["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"].replace("$job", ".*").replace("$instance", ".*").replace("$__rate_interval", "1m")


def check_prometheus(folder, port, rules, dashboard):
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
        answers = {text: query(text) for text in queries(dashboard)}  # one that is not understood is an HTTP error
        # What happened in this test's company must be seen; retries, for one, did not.
        for name in ("last_success", "held", "quarantined", "source_age", "source_records", "entities", "build_info"):
            for text, answer in answers.items():
                assert answer or not re.search(rf"ucaas_sync_{name}", text), text
        print(f"Prometheus: {len(answers)} queries of the dashboard answered")
        print(f"Prometheus: scraped, {len(rules_there)} rules well")
    finally:
        server.terminate()
        server.wait()


def main():
    program = sys.argv[1]
    rules, dashboard = (pathlib.Path(name).resolve() for name in sys.argv[2:])
    with tempfile.TemporaryDirectory() as name:
        service = Service(program, name, CONFIG)
        service.write("people.csv", people(30))
        with service:
            wait_for("the service is ready", lambda: fetch(service.base + "/readyz") == "converged\n")
            service.write("people.csv", people(30, terminated=12))
            service.run_now("a mass leaving")
            wait_for("it is held", lambda: "ucaas_sync_held 1" in fetch(service.base + "/metrics"))
            check_metrics(service.base)
            check_prometheus(pathlib.Path(name), service.port, rules, dashboard)


main()
