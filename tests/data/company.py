#!/usr/bin/env python3
"""Makes a company: an HR export (CSV) and a directory export (LDIF), the same for the same seed.

  company.py FOLDER [--people N] [--seed S] [--day 1|2]

Day 2 is what the next morning brings to day 1: joiners, leavers, a marriage, a team that moves to another department,
and one row that somebody broke. Writes FOLDER/people.csv and FOLDER/directory.ldif and prints what it did."""
import argparse
import base64
import csv
import pathlib
import random
import unicodedata

FIRST = ("Ada Björn Chloé Dmitri Efua Fatima Grace Håkon Ines Jürgen Kenji Leïla Marek Nadia Oluwaseun Priya Quentin Rosa Søren "
         "Tariq Ulla Victor Wanjiru Ximena Yusuf Zoë").split()
LAST = ("Adeyemi Bauer Castillo Dubois Eriksen Farouk Gómez Hansen Ivanova Jensen Kowalski Lindqvist Müller Nakamura O'Brien "
        "Petrov Quispe Rossi Schmidt Tanaka Ünal Vasquez Weber Xu Yılmaz Zhang").split()
DEPARTMENTS = ["Sales", "Finance", "Research, Development", "Support", "Legal", "Human Resources", "Operations", "Marketing"]
TITLES = ["Engineer", "Senior Engineer", "Analyst", "Manager", 'Lead "Platform"', "Assistant", "Consultant"]


def plain(name):
    """`name` as it stands in an e-mail address."""
    decomposed = unicodedata.normalize("NFKD", name.replace("ø", "o").replace("ı", "i"))
    return "".join(c for c in decomposed if c.isascii() and c.isalpha()).lower()


def person(number, rng):
    first, last = rng.choice(FIRST), rng.choice(LAST)
    return {
        "employee_id": f"E{number:05d}", "first_name": first, "last_name": last,
        "email": f"{plain(first)}.{plain(last)}.{number}@example.com", "department": rng.choice(DEPARTMENTS),
        "status": "leave" if rng.random() < 0.02 else "active",
        "start_date": f"20{rng.randint(5, 24):02d}-{rng.randint(1, 12):02d}-{rng.randint(1, 28):02d}",
        "title": rng.choice(TITLES),
    }


def company(count, seed):
    rng = random.Random(seed)
    return [person(number, rng) for number in range(1, count + 1)]


def next_day(people, seed):
    """Changes `people` in place and says how."""
    rng = random.Random(seed + 1)
    told = []
    leavers = people[10], people[40]
    for who in leavers:
        who["status"] = "terminated"
    told.append(f"{len(leavers)} leavers: {', '.join(who['employee_id'] for who in leavers)}")
    bride = people[20]
    bride["last_name"] = "Lovelace-Byron"
    bride["email"] = f"{plain(bride['first_name'])}.lovelace-byron@example.com"
    told.append(f"1 marriage: {bride['employee_id']} has a new last name and e-mail")
    team = [who for who in people if who["department"] == "Legal" and who["status"] == "active"][:6]
    for who in team:
        who["department"] = "Finance"
    told.append(f"{len(team)} people of Legal move to Finance")
    joiners = [person(len(people) + i, rng) for i in range(1, 5)]
    for who in joiners:
        who["status"] = "active"
    people += joiners
    told.append(f"{len(joiners)} joiners: {joiners[0]['employee_id']} to {joiners[-1]['employee_id']}")
    told.append(f"1 broken row: the comma in the department of {people[50]['employee_id']} lost its quotes")
    return told


def write_csv(path, people, broken):
    columns = ["employee_id", "first_name", "last_name", "email", "department", "status", "start_date"]
    with open(path, "w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(columns)
        for who in people:
            if who is broken:
                out.write(",".join(["Research, Development" if c == "department" else who[c] for c in columns]) + "\r\n")
            else:
                writer.writerow([who[c] for c in columns])


def ldif_line(name, value):
    safe = value.isascii() and value[:1] not in (" ", ":", "<")
    line = f"{name}: {value}" if safe else f"{name}:: {base64.b64encode(value.encode()).decode()}"
    folded, rest = line[:76], line[76:]
    while rest:
        folded, rest = folded + "\n " + rest[:75], rest[75:]
    return folded + "\n"


def write_ldif(path, people):
    with open(path, "w", encoding="utf-8") as out:
        out.write("version: 1\n\n")
        for who in people:
            out.write(ldif_line("dn", f"employeeNumber={who['employee_id']},ou=people,dc=example,dc=com"))
            out.write("objectClass: inetOrgPerson\n")
            out.write(ldif_line("employeeNumber", who["employee_id"]))
            out.write(ldif_line("cn", f"{who['first_name']} {who['last_name']}"))
            out.write(ldif_line("sn", who["last_name"]))
            out.write(ldif_line("title", who["title"]))
            out.write(ldif_line("mail", who["email"]))
            out.write("\n")


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=pathlib.Path)
    options.add_argument("--people", type=int, default=300)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--day", type=int, choices=(1, 2), default=1)
    given = options.parse_args()
    people = company(given.people, given.seed)
    told = next_day(people, given.seed) if given.day == 2 else [f"{len(people)} people"]
    given.folder.mkdir(parents=True, exist_ok=True)
    write_csv(given.folder / "people.csv", people, people[50] if given.day == 2 else None)
    write_ldif(given.folder / "directory.ldif", people)
    print("\n".join(told))


if __name__ == "__main__":
    main()
