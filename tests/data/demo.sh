#!/usr/bin/env bash
# The main job, shown: a company of a few hundred people from two exports, kept in step with the built-in sandbox.
# Usage: demo.sh PROGRAM. Works in a temporary folder, which it removes.
set -euo pipefail
program=$1
here=$(cd "$(dirname "$0")" && pwd)
folder=$(mktemp -d -t ucaas-sync-demo-XXXXXX)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

title() { printf '\n######## %s\n' "$*"; }
# Shows a command, runs it, and says how it ended: that is part of what is shown.
shown() {
  printf '\n$ ucaas-sync %s\n' "$*"
  local code=0
  "$program" -c company.yaml --log-level warning "$@" || code=$?
  printf '(exit %d)\n' "$code"
  last=$code
}
expect() { # CODE
  if [ "$last" -ne "$1" ]; then
    printf 'The demo expected exit code %d.\n' "$1" >&2
    exit 1
  fi
}

cat >company.yaml <<'YAML'
state_dir: state
target: { sandbox: account.db }
sources:
  hr:        { csv: people.csv, key: employee_id }
  directory: { ldif: directory.ldif, key: employeeNumber, filter: "(objectClass=inetOrgPerson)" }
tables:
  status: { active: A, leave: S }
users:
  from: hr
  join: { directory: employee_id }
  left: "(status=terminated)"
  fields:
    first_name: "{first_name}"
    last_name: "{last_name}"
    email: "{email|lower}"
    department: "{department}"
    designation: "{title|default:Staff}"
    user_type: moderator
    status: "{status|map:status}"
  create_only: [user_type]
groups:
  from: hr
  fields: { name: "{department}" }
contacts:
  from: hr
  join: { directory: employee_id }
  left: "(status=terminated)"
  fields: { name: "{first_name} {last_name}", email: "{email|lower}", company: Example Ltd, designation: "{title}", shared: "true" }
  groups: "{department}"
YAML

title "Day 1: a company with an HR export (CSV) and a directory export (LDIF)"
python3 "$here/company.py" .
cat company.yaml
shown check
expect 0
shown read hr --limit 2
expect 0

title "What would happen: the plan, cut to what fits a screen"
printf '\n$ ucaas-sync plan | head -30\n'
"$program" -c company.yaml --log-level warning plan >plan.txt
head -30 plan.txt
echo "…"
tail -1 plan.txt

title "Do it, over HTTP to the sandbox"
shown sync
expect 0

title "Again: nothing has changed, nothing is written"
shown sync
expect 0

title "Day 2: the next morning's exports"
python3 "$here/company.py" . --day 2
shown plan
expect 0
shown sync
expect 4

title "Again: the broken row is known by now, its person untouched, and nothing is written"
shown sync
expect 0
shown status
expect 0

title "A half-written export: nobody is removed, nothing is written"
head -c 9000 people.csv >cut.csv
mv cut.csv people.csv
shown sync
expect 5

title "What is in the account"
for kind in users groups contacts; do
  printf '%-9s %s\n' "$kind" "$(python3 -c "import sqlite3; print(sqlite3.connect('account.db').execute('SELECT count(*) FROM $kind').fetchone()[0])")"
done
printf '\nThat was the main job. README.md tells how to begin with your own.\n'
