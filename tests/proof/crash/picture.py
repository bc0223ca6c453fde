"""What the account and the state hold, as lines of text that do not depend on ids and times: two runs that did the same
give the same picture."""
import json
import sqlite3

KINDS = {"user": ("users", 0), "group": ("groups", 1), "contact": ("contacts", 2)}
COLUMNS = {
    "users": "user_type, first_name, middle_name, last_name, email, department, designation, status",
    "groups": "name, desc, shared",
    "contacts": "name, email, company, designation, shared",
}


def read(database, sql):
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def account(database):
    lines = []
    for table, columns in COLUMNS.items():
        lines += [f"{table}: {row}" for row in read(database, f"SELECT owner, {columns} FROM {table} ORDER BY natural, id")]
    lines += [f"member: {row}" for row in read(
        database, "SELECT c.email, g.name FROM memberships m JOIN contacts c ON c.id = m.contact JOIN groups g ON g.id = m.grp "
                  "ORDER BY 1, 2")]
    lines += [f"mail: {row}" for row in read(database, "SELECT address FROM mails ORDER BY 1")]
    return lines


def welcomed_twice(database):
    return [address for address, in read(database, "SELECT address FROM mails GROUP BY user HAVING count(*) > 1 "
                                                   "UNION SELECT address FROM mails GROUP BY address HAVING count(*) > 1")]


def natural_names(database):
    """(kind, remote id) → the address that the account has it under."""
    names = {}
    for table, kind in KINDS.values():
        column = "name" if table == "groups" else "email"
        for row, name in read(database, f"SELECT id, {column} FROM {table}"):
            names[kind, row] = name
    return names


def internal_id(kind, remote_id):
    # Users have numbers; the others 24 hexadecimal digits, whose second half is the number.
    return int(remote_id) if kind == 0 else int(remote_id[12:], 16)


def state(database, account_database):
    names = natural_names(account_database)
    lines = []
    for kind, key, lifecycle, ownership, source, remote_id, fields, is_suspended in read(
            database, "SELECT kind, key, lifecycle, ownership, source.name, remote_id, fields, suspended_at IS NOT NULL "
                      "FROM entity JOIN source ON source.id = entity.source ORDER BY kind, key"):
        remote = names.get((kind, internal_id(kind, remote_id)), "nothing") if remote_id else "none"
        # That a field is empty is learned from the listing alone, and a crash may let it be adopted without one.
        known = {name: value for name, value in json.loads(fields).items() if value != ""}
        shown = json.dumps(known, sort_keys=True, ensure_ascii=False)
        lines.append(f"entity: {(kind, key, lifecycle, ownership, source, remote, is_suspended)} {shown}")
    for name, sql in {
        "member": "SELECT c.key, g.key FROM membership m JOIN entity c ON c.id = m.contact_id JOIN entity g ON g.id = "
                  "m.group_id ORDER BY 1, 2",
        "removals": "SELECT kind, action, approved, count(*) FROM removal GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        "unknown create": "SELECT kind, key, address FROM unknown_create ORDER BY 1, 2, 3",
        "unknown change": "SELECT e.kind, e.key FROM unknown_change u JOIN entity e ON e.id = u.entity_id ORDER BY 1, 2",
        "drift": "SELECT e.kind, e.key, d.missing, d.shown, d.groups FROM drift d JOIN entity e ON e.id = d.entity_id "
                 "ORDER BY 1, 2",
        "absent": "SELECT e.kind, e.key FROM absence a JOIN entity e ON e.id = a.entity_id ORDER BY 1, 2",
        "quarantine": "SELECT by_target, kind, key, reason FROM quarantine ORDER BY 1, 2, 3",
        "hold": "SELECT key, reason FROM hold ORDER BY 1",
        "reverted": "SELECT kind, key FROM reverted ORDER BY 1, 2",
        "used plan": "SELECT 1 FROM used_plan",
        "held": "SELECT 1 FROM held_now",
        "open run": "SELECT cause FROM run WHERE ended IS NULL",
        "operation without a run": "SELECT id FROM operation WHERE id >> 32 NOT IN (SELECT id FROM run)",
        "integrity": "PRAGMA integrity_check",
        "foreign key": "PRAGMA foreign_key_check",
    }.items():
        lines += [f"{name}: {row}" for row in read(database, sql)]
    return lines


def difference(expected, found):
    """Lines that only one of them has; empty when both are the same."""
    return [f"- {line}" for line in expected if line not in found] + [f"+ {line}" for line in found if line not in expected]
