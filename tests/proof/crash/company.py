"""The company whose days the crash points interrupt: its configuration, its exports on three days, and what the account
held before anybody synced it."""
import base64
import csv
import json
import os
import random
import time
import urllib.request

ACCESS_ID, ACCESS_KEY = "hr-sync", "correct horse battery staple"
DEPARTMENTS = ["Sales", "Finance", "Research", "Support", "Legal"]
TITLES = ["Engineer", "Analyst", "Manager", "Assistant"]

# The limits of removals are exactly what the second day asks for: one that a crash makes count twice is held.
CONFIG = """state_dir: state
target:
  base_url: http://127.0.0.1:{port}/ucaas/v1/
  basic: {{ id: hr-sync, key_file: access-key }}
  rate: 100000/s
  retry: {{ attempts: 2, first_delay: 1ms, max_delay: 10ms, give_up: 2s }}
sources:
  staff: {{ csv: people.csv, key: employee_id }}
  contractors: {{ csv: contractors.csv, key: contract }}
tables:
  status: {{ active: A, leave: S }}
users:
  - from: staff
    left: "(status=terminated)"
    fields:
      first_name: "{{first_name}}"
      last_name: "{{last_name}}"
      email: "{{email|lower}}"
      department: "{{department}}"
      designation: "{{title}}"
      user_type: moderator
      status: "{{status|map:status|default:A}}"
      send_welcome_mail: "true"
    create_only: [user_type]
  - from: contractors
    key: "C-{{contract}}"
    fields: {{ first_name: "{{first_name}}", last_name: "{{last_name}}", email: "{{email}}", user_type: user, send_welcome_mail: "true" }}
    create_only: [user_type]
    absent: delete
    absent_after: 0s
groups:
  - from: staff
    left: "(status=terminated)"
    key: "{{dept_id}}"
    fields: {{ name: "{{department}}" }}
    absent_after: 0s
contacts:
  - from: staff
    left: "(status=terminated)"
    fields: {{ name: "{{first_name}} {{last_name}}", email: "{{email|lower}}", company: Example Ltd, designation: "{{title}}", shared: "true" }}
    groups: "{{department}}"
  - from: contractors
    key: "C-{{contract}}"
    fields: {{ name: "{{first_name}} {{last_name}}", email: "{{email}}", company: Contractors }}
    absent_after: 0s
guards:
  rewrite: 100%
  members_lost: 100%
  source_drop: 90%
  fill_drop: 90%
  user:
    create: 100%
    update: 100%
    suspend: {{ percent: 100%, count: {suspends}, at_least: 1, week: 100% }}
    delete: {{ percent: 100%, count: 2, at_least: 1, week: 100% }}
  contact:
    create: 100%
    update: 100%
    delete: {{ percent: 100%, count: {removals}, at_least: 1, week: 100% }}
  group: {{ create: 100%, update: 100%, delete: {{ percent: 100%, at_least: 1 }} }}
"""


class Company:
    """`size` employees and four contractors; the same for the same size and seed."""

    def __init__(self, size, seed):
        self.size, self.seed = size, seed
        self.leavers = max(3, size // 10)

    def config(self, port):
        return CONFIG.format(port=port, suspends=self.leavers + 1, removals=self.leavers + 2)

    def _employee(self, number, rng):
        department = rng.randrange(len(DEPARTMENTS) - 1)
        return {"employee_id": f"E{number}", "first_name": f"Åsa{number}", "last_name": f"Person {number}",
                "email": f"p{number}@example.com", "department": DEPARTMENTS[department], "dept_id": f"D{department}",
                "title": rng.choice(TITLES), "status": "active"}

    def _contractor(self, number):
        return {"contract": f"K{number}", "first_name": "Con", "last_name": f"Tractor {number}",
                "email": f"c{number}@contractors.example"}

    def first_day(self):
        rng = random.Random(self.seed)
        staff = [self._employee(number, rng) for number in range(1, self.size + 1)]
        staff[0]["status"] = "leave"
        for who in staff[1:3]:  # the department that the second day closes
            who.update(department=DEPARTMENTS[-1], dept_id=f"D{len(DEPARTMENTS) - 1}")
        return staff, [self._contractor(number) for number in range(1, 5)]

    def second_day(self):
        """Leavers, a return, a leave, moves, a closed, a renamed and a new department, e-mails that move along a chain,
        a joiner whose account is there already, and contractors that come and go."""
        rng = random.Random(self.seed + 1)
        staff, contractors = self.first_day()
        staff[0]["status"] = "active"
        staff[3]["status"] = "leave"
        for who in staff[1:3]:
            who.update(department="Sales", dept_id="D0")
        first, second, third = staff[4:7]
        first["email"], second["email"], third["email"] = second["email"], third["email"], "new.name@example.com"
        for who in staff[7:7 + self.leavers]:
            who["status"] = "terminated"
        for who in rng.sample(staff[7 + self.leavers:], max(2, self.size // 6)):
            who["title"] = "Director"
        joiners = [self._employee(self.size + number, rng) for number in range(1, 5)]
        for who in joiners[:2]:
            who.update(department="Space", dept_id="D9")
        joiners[3]["email"] = "long.there@example.com"
        for who in staff + joiners:
            if who["dept_id"] == "D1":
                who["department"] = "Treasury"
        return staff + joiners, contractors[2:] + [self._contractor(5)]

    def day_of_redundancies(self):
        """Of the first day, with more leavers than the guards let pass."""
        staff, contractors = self.first_day()
        for who in staff[7:7 + self.leavers + 3]:
            who["status"] = "terminated"
        return staff, contractors

    def there_before(self):
        """What is in the account before the first sync: objects of others, and people and a group to adopt."""
        staff, _ = self.first_day()
        user = {"user_type": "moderator", "first_name": "Old", "last_name": "Name", "department": "Attic"}
        yield "users", user | {"email": "foreign@elsewhere.example"}
        yield "users", user | {"email": "long.there@example.com"}
        yield "users", user | {"email": staff[8]["email"]}
        last = staff[-1]
        yield "users", {"user_type": "moderator", "first_name": last["first_name"], "last_name": last["last_name"],
                        "email": last["email"].upper(), "department": last["department"], "designation": last["title"]}
        yield "groups", {"name": "Old Guild"}
        yield "groups", {"name": "Sales"}
        yield "contacts", {"name": "Nobody Else", "email": "foreign@elsewhere.example"}
        yield "contacts", {"name": "Old Name", "email": staff[9]["email"]}


def write_export(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    # As if it had lain there for a minute: what was just written is waited for.
    os.utime(path, (time.time() - 60,) * 2)


def write_day(folder, day):
    staff, contractors = day
    write_export(folder / "people.csv", staff)
    write_export(folder / "contractors.csv", contractors)


def post(port, collection, fields):
    request = urllib.request.Request(f"http://127.0.0.1:{port}/ucaas/v1/{collection}", json.dumps(fields).encode(),
                                     {"Content-Type": "application/json"})
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{ACCESS_ID}:{ACCESS_KEY}".encode()).decode())
    with urllib.request.urlopen(request, timeout=10) as reply:
        answer = json.load(reply)
    if answer.get("result") not in (1, "1"):
        raise RuntimeError(f"the sandbox does not take {fields}: {answer}")
