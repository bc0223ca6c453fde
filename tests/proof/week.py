#!/usr/bin/env python3
"""A week of a new administrator, from the package alone on a bare Debian 12: installed, configured from the example, checked,
doctored, planned, started, then watched through seven days of a faked clock with two incidents, a half-written export and an
outage of the account, upgraded and purged. The account is `ucaas-sync sandbox` in the same container. What else it needs: see
container.py.

The service, the account and the commands share one clock, libfaketime's, which is set forward by half an hour at most and
waits while a run is under way. The week is that of the next spring in which Berlin's clocks are put forward.

Usage: week.py OLDER-PACKAGE NEWER-PACKAGE FOLDER"""
import datetime
import pathlib
import re
import sys

from container import furnish, judge, live

PROBE = r"""
ZONE=Europe/Berlin
PAGE=http://127.0.0.1:9847
mkdir -p /srv/clock /srv/hr /srv/account
FAKED=(LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1 FAKETIME_TIMESTAMP_FILE=/srv/clock/offset
  FAKETIME_NO_CACHE=1 NO_FAKE_STAT=1)
faked() { env "${FAKED[@]}" "$@"; }
now() { echo $(($(date +%s) + $(cat /srv/clock/offset))); }
at() { TZ=$ZONE date -d "$(date -d "MONDAY + $1 days" +%F) $2" +%s; } # DAY HH:MM
# A file that is no export stirs the folder, as the change of a real clock would stir the service.
set_clock() { printf '%+d\n' "$1" > /srv/clock/offset.new; mv /srv/clock/offset.new /srv/clock/offset; touch /srv/hr/.clock; }
running() { systemctl show -p StatusText --value ucaas-sync | grep -c "^running$1"; }
settle() { until_says running 0; }
# While the account is away a run lasts for `give_up`, ten minutes, behind the question what became of the run before.
sit_out() {
  local i
  for i in 1 2 3; do
    set_clock $(($(cat /srv/clock/offset) + 660))
    sleep 2
    if [ "$(running)" = 0 ]; then return; fi
  done
  settle
}
sit_out_if_away() { sleep 1; if [ "$(running '.*the target fails')" = 1 ]; then sit_out; else settle; fi; }
travel() { # DAY HH:MM [WHAT TO DO AFTER EACH STEP]
  local until left
  until=$(at "$@")
  while left=$((until - $(now))); [ $left -gt 0 ]; do
    set_clock $(($(cat /srv/clock/offset) + (left < 1800 ? left : 1800)))
    sleep 0.1
    "${3:-settle}"
  done
}
metric() { curl -s $PAGE/metrics | awk -v name="$1" 'index($0, name) == 1 { n += $2 } END { print n + 0 }'; }
runs() { metric ucaas_sync_runs_total; }
after_run() { # COMMAND… that asks for a run
  local before
  before=$(runs)
  "$@"
  until_says "[ \$(runs) -gt $before ] && echo ran" ran
  settle
}
# HR's job: a whole file takes the place of the one before.
export_all() { cp /srv/people.csv /srv/hr/.new; touch -d "@$(now)" /srv/hr/.new; mv /srv/hr/.new /srv/hr/people.csv; }
# The same job on a full disk: the file itself is written, and not to its end.
export_part() { head "$@" /srv/people.csv > /srv/hr/people.csv; touch -d "@$(now)" /srv/hr/people.csv; }
account() {
  local users
  users=$(curl -s -u week:the-key -H 'Content-Type: application/json' "http://127.0.0.1:9080/ucaas/v1/users?page=1&page_length=100")
  echo "active $(grep -o '"status":"A"' <<< "$users" | wc -l), suspended $(grep -o '"status":"S"' <<< "$users" | wc -l)"
}
readiness() { curl -s -w '%{http_code}' $PAGE/readyz; }
page() { curl -s $PAGE/ | sed 's/<[^>]*>/ /g' | tr -s '[:space:]' ' '; }
notices() { sed -n 's/^Subject: ucaas-sync on [^:]*: //p' /var/lib/ucaas-sync/notices 2>/dev/null | tr '\n' ';'; }
told() { until_says "notices | tr -cd ';' | wc -c" "$1"; notices; }
memory() { awk '/^VmRSS/ { print $2 }' "/proc/$(pid)/status"; }
files() { find "/proc/$(pid)/fd" -mindepth 1 | wc -l; }
lines() { journalctl -u ucaas-sync -o cat --no-pager -q _COMM=ucaas-sync | wc -l; }
writes() { curl -s $PAGE/metrics | grep ^ucaas_sync_api_requests_total | grep -v 'method="GET"' | awk '{ n += $2 } END { print n + 0 }'; }

set_clock $(($(TZ=$ZONE date -d 'MONDAY 07:00' +%s) - $(date +%s)))
{
  echo employee_id,first_name,last_name,email,department,title,status
  for i in $(seq 40); do echo "E$i,First$i,Last$i,p$i@example.com,Dept$((i % 4)),Clerk,active"; done
} > /srv/people.csv
export_all

# Monday: the package, the account's key, the configuration.
check installed install_it ./older.deb
printf 'the-key\n' > /etc/ucaas-sync/credentials/access-key
chmod 600 /etc/ucaas-sync/credentials/access-key; chown ucaas-sync: /etc/ucaas-sync/credentials/access-key /srv/account
cat > /etc/systemd/system/account.service <<UNIT
[Service]
Environment=${FAKED[@]}
User=ucaas-sync
ExecStart=/usr/bin/ucaas-sync sandbox --listen 127.0.0.1:9080 --db /srv/account/account.db --id week --key-file /etc/ucaas-sync/credentials/access-key
UNIT
mkdir -p /etc/systemd/system/ucaas-sync.service.d
printf '[Service]\nEnvironment=%s\n' "${FAKED[*]}" > /etc/systemd/system/ucaas-sync.service.d/clock.conf
printf '#!/bin/sh\ncat >> /var/lib/ucaas-sync/notices\n' > /usr/local/bin/tell; chmod 755 /usr/local/bin/tell
account_answers() { until_says "curl -s -o /dev/null http://127.0.0.1:9080/ && echo answers" answers; }
systemctl daemon-reload; systemctl start account; account_answers
cd /etc/ucaas-sync
sed -e 's#^state_dir: .*#state_dir: /var/lib/ucaas-sync#' -e '/^  sandbox:/d' \
  -e 's%^  # base_url: .*%  base_url: http://127.0.0.1:9080/ucaas/v1/%' -e 's/^  # basic: { id: "[^"]*"/  basic: { id: week/' \
  -e 's#^    csv: [^ ]*#    csv: /srv/hr/people.csv#' -e 's/^    # max_age/    max_age/' config.yaml.example > config.yaml
echo 'timezone: Europe/Berlin' >> config.yaml
echo 'notify: { command: [/usr/local/bin/tell] }' >> config.yaml
cd /root
check checked faked ucaas-sync check
check doctored faked ucaas-sync doctor
check planned faked ucaas-sync plan
check nothing_yet account
check started systemctl enable --now ucaas-sync
ready
check monday readiness
check monday_account account
check monday_page page
check monday_warnings journalctl -u ucaas-sync -p warning -o cat --no-pager -q _COMM=ucaas-sync
began=$(pid); memory_before=$(memory); files_before=$(files)

# Tuesday: one joins, one leaves, one moves.
travel 1 06:00
echo E41,First41,Last41,p41@example.com,Dept1,Clerk,active >> /srv/people.csv
sed -i -e '/^E2,/s/active/terminated/' -e '/^E3,/s/Dept3/Dept1/' /srv/people.csv
after_run export_all
check tuesday readiness
check tuesday_account account
check tuesday_page page

# Wednesday: HR's disk is full. First the file ends inside a row, then at the end of one.
travel 2 06:00
written=$(writes)
after_run export_part -c 1000
check cut readiness
check cut_page page
check cut_status faked ucaas-sync status
travel 2 09:00
check cut_told told 1
check cut_account account
after_run export_part -n 21
check short readiness
check short_status faked ucaas-sync status
check short_told told 2
travel 2 10:00
check short_account account
check nothing_written echo $(($(writes) - written))
after_run export_all
check whole readiness
check whole_told told 3
check whole_account account

# Thursday: the same file once more, and nothing else.
travel 3 06:00
written=$(writes); before=$(runs)
after_run export_all
travel 4 05:00
check thursday readiness
check thursday_quiet echo $(($(writes) - written)) writes, $(($(runs) - before)) runs

# Friday: the account is away from nine to noon, while HR has somebody new.
travel 4 06:00
after_run export_all
travel 4 09:00
lines_before=$(lines)
systemctl stop account
echo E42,First42,Last42,p42@example.com,Dept2,Clerk,active >> /srv/people.csv
export_all
until_says "running '.*the target fails'" 1
check outage_under_way page
sit_out
check outage readiness
check outage_page page
check outage_not_yet_told notices
travel 4 12:00 sit_out_if_away
check outage_long readiness
check outage_told told 4
check outage_systemd bash -c 'systemctl is-active ucaas-sync; systemctl show -p StatusText --value ucaas-sync'
check outage_log echo $(($(lines) - lines_before)) lines
systemctl start account; account_answers
travel 4 13:20
check back readiness
check back_told told 5
check back_account account

# Saturday: one row has no address, one is missing.
travel 5 06:00
echo E43,First43,Last43,,Dept2,Clerk,active >> /srv/people.csv
grep '^E5,' /srv/people.csv > /srv/missing; sed -i '/^E5,/d' /srv/people.csv
after_run export_all
check saturday readiness
check saturday_told told 6
check saturday_page page
check saturday_status faked ucaas-sync status

# Sunday: at two o'clock it is three, so at six only 23 hours have passed.
travel 6 06:00
after_run export_all
check sunday_at_six account
travel 6 07:10
check sunday_after_seven account
check sunday readiness
check sunday_explained faked ucaas-sync explain E5

# Monday: the address is there, and the missing one too.
travel 7 06:00
sed -i '/^E43,/s/,,/,p43@example.com,/' /srv/people.csv; cat /srv/missing >> /srv/people.csv
after_run export_all
check week_account account
check week readiness
check week_page page
check week_told told 6
check week_process bash -c "[ $(pid) = $began ] && systemctl show -p NRestarts --value ucaas-sync"
check week_figures echo "$(runs) runs, memory $memory_before to $(memory) KiB, files $files_before to $(files)"
check week_runs faked ucaas-sync runs

check upgraded install_it ./newer.deb
until_says "[ \$(pid) != $began ] && [ \$(pid) != 0 ] && echo anew" anew
ready
check upgraded_account account
check upgraded_version bash -c "curl -s $PAGE/metrics | grep build_info{"
check upgraded_copy bash -c 'ls /var/lib/ucaas-sync/state-tables-*.db'
check upgraded_plan faked ucaas-sync plan --refresh
check upgraded_told notices
check purged apt-get purge -y -qq ucaas-sync
check left bash -c 'ls -d /etc/ucaas-sync /var/lib/ucaas-sync /usr/bin/ucaas-sync 2>/dev/null; systemctl --failed --no-legend'
check purged_account account
"""

UP_TO_DATE = r".*The cloud is up to date.*"
CUT = "not up to date: source;"
SHORT = CUT + "a guard holds the changes and waits for a person;"
WHOLE = SHORT + "up to date again;"
OUTAGE = WHOLE + "not up to date: unavailable;"
BACK = OUTAGE + "up to date again;"
ASIDE = BACK + "some were set aside or failed;"

EXPECTED = {
    "installed": r"code 0",
    "checked": r".*good.*code 0",
    "doctored": r"(?!.*failed).*there is none in /var/lib/ucaas-sync yet.*a run can be made code 0",
    "planned": r".*users +40 .*code 0",
    "nothing_yet": r"active 0, suspended 0 code 0",
    "started": r".*code 0",
    "monday": r"converged 200 ?code 0",
    "monday_account": r"active 40, suspended 0 code 0",
    "monday_page": UP_TO_DATE + r"create 40 users.*code 0",
    "monday_warnings": r"code 0",
    "tuesday": r"converged 200 ?code 0",
    "tuesday_account": r"active 40, suspended 1 code 0",
    "tuesday_page": UP_TO_DATE + r"What changed last.*create 1.*code 0",
    "cut": r"source 503 ?code 0",
    "cut_page": r"(?!.*The cloud is up to date).*people\.csv:\d+: .*; nothing was written.*code 0",
    "cut_status": r"Last run: source.*people\.csv:\d+.*code 0",
    "cut_told": CUT + " ?code 0",
    "cut_account": r"active 40, suspended 1 code 0",
    "short": r"held 503 ?code 0",
    "short_status": r".*source_drop.*ucaas-sync approve.* the same .*code 0",
    "short_told": SHORT + " ?code 0",
    "short_account": r"active 40, suspended 1 code 0",
    "nothing_written": r"0 code 0",
    "whole": r"converged 200 ?code 0",
    "whole_told": WHOLE + " ?code 0",
    "whole_account": r"active 40, suspended 1 code 0",
    "thursday": r"converged 200 ?code 0",
    "thursday_quiet": r"0 writes, [1-3] runs code 0",
    "outage_under_way": r".*A run is under way: running: .*; the target fails for the moment, trying again.*code 0",
    "outage": r"unavailable 503 ?code 0",
    "outage_page": r"(?!.*The cloud is up to date).*What changed last create 1 user, update 1 user, suspend 1 user .*cannot be reached.*code 0",
    "outage_not_yet_told": WHOLE + " ?code 0",
    "outage_long": r"unavailable 503 ?code 0",
    "outage_told": OUTAGE + " ?code 0",
    "outage_systemd": r"active unavailable since .* times in a row.*code 0",
    "outage_log": r"[1-9] lines code 0",
    "back": r"converged 200 ?code 0",
    "back_told": BACK + " ?code 0",
    "back_account": r"active 41, suspended 1 code 0",
    "saturday": r"partial 200 ?code 0",
    "saturday_told": ASIDE + " ?code 0",
    "saturday_page": r".*Coming suspends and deletes: 1 .*E5 .*Set aside: 1 .*E43.*code 0",
    "saturday_status": r".*SUNDAYT05:00:\d\dZ +suspend user E5 .*E43: e-mail missing.*code 0",
    "sunday_at_six": r"active 41, suspended 1 code 0",
    "sunday_after_seven": r"active 40, suspended 2 code 0",
    "sunday": r"converged 200 ?code 0",
    "sunday_explained": r".*suspended.*code 0",
    "week_account": r"active 42, suspended 1 code 0",
    "week": r"converged 200 ?code 0",
    "week_page": UP_TO_DATE + r"Coming suspends and deletes: 0 .*Set aside: 0 .*code 0",
    "week_told": ASIDE + " ?code 0",
    "week_process": r"0 code 0",
    "week_figures": r"\d+ runs, memory \d+ to \d+ KiB, files \d+ to \d+ code 0",
    "week_runs": r".*suspend 1 user.*code 0",
    "upgraded": r"code 0",
    "upgraded_account": r"active 42, suspended 1 code 0",
    "upgraded_version": r'ucaas_sync_build_info\{version="[\d.]+\.1"\} 1 code 0',
    "upgraded_copy": r"/var/lib/ucaas-sync/state-tables-\d+\.db code 0",
    "upgraded_plan": r".*users +0 +0 +0 +0 +0 +0 .*code 0",
    "upgraded_told": ASIDE + " ?code 0",
    "purged": r".*code 0",
    "left": r"code [02]",
    "purged_account": r"active 42, suspended 1 code 0",
}


def week_of_spring(today):
    """The Monday before the next last Sunday of March that lies wholly ahead."""
    for year in (today.year, today.year + 1):
        march = datetime.date(year, 3, 31)
        monday = march - datetime.timedelta(days=(march.weekday() + 1) % 7 + 6)
        if monday > today:
            return monday
    raise AssertionError("a spring is always ahead")


def main():
    older, newer, folder = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    monday = week_of_spring(datetime.date.today())
    sunday = monday + datetime.timedelta(days=6)
    root = furnish(folder, "week", {"older": older, "newer": newer}, archive=["libfaketime"])
    log = live(root, PROBE.replace("MONDAY", monday.isoformat()), 900)
    found = judge(log, {name: pattern.replace("SUNDAY", sunday.isoformat()) for name, pattern in EXPECTED.items()})
    figures = found["week_figures"].removesuffix(" code 0")
    memory = [int(number) for number in re.search(r"memory (\d+) to (\d+)", figures).groups()]
    files = [int(number) for number in re.search(r"files (\d+) to (\d+)", figures).groups()]
    if memory[1] > 1.25 * memory[0] or files[1] > files[0] + 2:
        sys.exit(f"something grew in the week: {figures}")
    print(f"{len(EXPECTED)} checks of a week held: {figures}")


main()
