#!/usr/bin/env python3
"""The planning yardstick: what an administrator would write. Reads the export with Python's csv module, maps the same
fields as the benchmark's configuration, compares with a JSON cache of the last run, and prints how much would change.

  script_plan.py EXPORT.csv CACHE.json [--save]"""
import csv
import json
import sys


def wanted(row):
    return {"first_name": row["first_name"].strip(), "last_name": row["last_name"].strip(),
            "email": row["email"].strip().lower(), "department": row["department"].strip(),
            "designation": row["title"].strip() or "Staff", "user_type": "moderator",
            "status": {"active": "A", "leave": "S"}[row["status"]]}


def main():
    export, cache = sys.argv[1], sys.argv[2]
    with open(export, newline="", encoding="utf-8") as file:
        people = {row["employee_id"]: wanted(row) for row in csv.DictReader(file) if row["employee_id"]}
    if "--save" in sys.argv:
        with open(cache, "w", encoding="utf-8") as file:
            json.dump(people, file)
        return
    with open(cache, encoding="utf-8") as file:
        known = json.load(file)
    changes = [("create", key, fields) for key, fields in people.items() if key not in known]
    for key, fields in people.items():
        if key in known and known[key] != fields:
            changes.append(("update", key, {name: text for name, text in fields.items() if known[key].get(name) != text}))
    changes += [("suspend", key, {}) for key in known if key not in people]
    print(f"{len(changes)} changes")


main()
