#!/usr/bin/env python3
"""The units under a real systemd as PID 1, in a container of their own: start, credential, reload (good and bad), restart
after SIGKILL, watchdog restart after SIGSTOP, two instances, stop, timer, and the command line beside them as root and as
the service's user. Needs root, debootstrap and systemd-nspawn; nothing outside ROOT is changed, and the container has no
network but its own loopback.

Usage: under_systemd.py PROGRAM BUILT-UNITS UNIT-SOURCES ROOT"""
import pathlib
import re
import shutil
import sys

from container import PACKAGES, judge, live, run

CONFIG = """
state_dir: /var/lib/ucaas-sync
target: { sandbox: /var/lib/ucaas-sync/account.db }
sources: { hr: { csv: /srv/hr/people.csv, key: employee_id } }
users:
  from: hr
  left: "(status=terminated)"
  fields: { first_name: "{first_name}", last_name: "{last_name}", email: "{email|lower}", user_type: moderator, status: A }
  create_only: [user_type]
listen: 127.0.0.1:19848
"""

# Runs inside. Each check says its name and what it found; the outer script judges.
PROBE = r"""
ready 19848
check active systemctl is-active ucaas-sync
check status systemctl show -p StatusText --value ucaas-sync
check user stat -c %U "/proc/$(pid)"
check capabilities grep CapEff "/proc/$(pid)/status"
check credential cat "/proc/$(pid)/root/run/credentials/ucaas-sync.service/credentials_access-key"
check priorities journalctl -u ucaas-sync -p notice -o cat --no-pager _COMM=ucaas-sync
check reload systemctl reload ucaas-sync
sleep 1
check reloaded journalctl -u ucaas-sync -o cat --no-pager _COMM=ucaas-sync -g configuration_reloaded
echo 'broken: true' >> /etc/ucaas-sync/config.yaml
check bad_reload systemctl reload ucaas-sync
sleep 1
check refused journalctl -u ucaas-sync -p err -o cat --no-pager -g configuration_refused
check active_after_bad_reload systemctl is-active ucaas-sync
sed -i '$d' /etc/ucaas-sync/config.yaml
old=$(pid); kill -KILL "$old"
until_says "systemctl is-active ucaas-sync" active
ready 19848
check restarted_after_kill bash -c "[ \"\$(systemctl show -p MainPID --value ucaas-sync)\" != $old ] && echo yes"
mkdir -p /run/systemd/system/ucaas-sync.service.d
printf '[Service]\nWatchdogSec=3s\nRestartSec=1s\n' > /run/systemd/system/ucaas-sync.service.d/quick.conf
systemctl daemon-reload; systemctl restart ucaas-sync; ready 19848
old=$(pid); kill -STOP "$old"
until_says "[ \"\$(pid)\" != $old ] && [ \"\$(pid)\" != 0 ] && echo yes" yes
ready 19848
check restarted_by_watchdog journalctl -u ucaas-sync -o cat --no-pager -g "Watchdog timeout"
rm -r /run/systemd/system/ucaas-sync.service.d; systemctl daemon-reload
sed 's#/var/lib/ucaas-sync/account#/var/lib/ucaas-sync/leeds/account#; s#^state_dir: .*#state_dir: /var/lib/ucaas-sync/leeds#; s#19848#19849#' \
  /etc/ucaas-sync/config.yaml > /etc/ucaas-sync/leeds.yaml
systemctl start ucaas-sync@leeds; ready 19849
check two_instances systemctl is-active ucaas-sync ucaas-sync@leeds
check as_root bash -c 'ucaas-sync sync --no-progress; echo "code $?"'
check as_user setpriv --reuid=ucaas-sync --regid=ucaas-sync --init-groups bash -c 'ucaas-sync status; echo "code $?"'
check owners bash -c "find /var/lib/ucaas-sync ! -user ucaas-sync"
start=$(date +%s); systemctl stop ucaas-sync; end=$(date +%s)
check stopped bash -c "systemctl show -p Result,ExecMainStatus ucaas-sync; echo seconds $((end - start))"
echo 'E99,No,Mail,,active' >> /srv/hr/people.csv
check once_new_quarantine bash -c 'systemctl start ucaas-sync-once; systemctl show -p ExecMainStatus ucaas-sync-once'
check once systemctl start ucaas-sync-once
check once_result systemctl show -p Result,ExecMainStatus ucaas-sync-once
check timer systemctl start ucaas-sync.timer
"""

# Behind each stands the exit code of the check.
EXPECTED = {
    "active": r"active ",
    "status": r"converged since .*next look .*",
    "user": r"ucaas-sync ",
    "capabilities": r"CapEff:\s+0{16} ",
    "credential": r"the secret ",
    "priorities": r"(-- No entries -- ?)? ?",
    "reload": r"",
    "reloaded": r".*is in force.*",
    "bad_reload": r"",
    "refused": r".*stays in force.*broken.*",
    "active_after_bad_reload": r"active ",
    "restarted_after_kill": r"yes ",
    "restarted_by_watchdog": r".*Watchdog timeout.*",
    "two_instances": r"active active ",
    "as_root": r".*nothing to do.*code 0 ",
    "as_user": r"Last run: converged.*code 0 ",
    "owners": r"",
    "stopped": r"Result=success ExecMainStatus=0 seconds \d ",
    "once_new_quarantine": r"Job for ucaas-sync-once.service failed.*ExecMainStatus=4 ",
    "once": r"",
    "once_result": r"Result=success ExecMainStatus=0 ",
    "timer": r"",
}


def libraries(program):
    shown = run("ldd", program, capture_output=True, text=True).stdout
    return sorted(set(re.findall(r"=> (/\S+)", shown)))


def furnish(root, program, built, sources):
    if not (root / "usr/lib/systemd/systemd").exists():
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root))
    shutil.copy(program, root / "usr/bin/ucaas-sync")
    # What the program links; the package will name them as dependencies instead.
    for library in libraries(program):
        if not (root / library.lstrip("/")).exists():
            shutil.copy(library, root / "usr/lib/x86_64-linux-gnu" / pathlib.Path(library).name)
    for unit in list(built.glob("*.service")) + list(built.glob("*.timer")):
        shutil.copy(unit, root / "usr/lib/systemd/system")
    for kind, folder in (("sysusers", "sysusers.d"), ("tmpfiles", "tmpfiles.d")):
        (root / "usr/lib" / folder).mkdir(exist_ok=True)
        shutil.copy(sources / f"ucaas-sync.{kind}", root / "usr/lib" / folder / "ucaas-sync.conf")
    # The journal as well: what an earlier proof wrote would answer for this one.
    for made in ("etc/ucaas-sync", "var/lib/ucaas-sync", "var/log/journal"):
        shutil.rmtree(root / made, ignore_errors=True)
    run("systemd-sysusers", f"--root={root}", str(root / "usr/lib/sysusers.d/ucaas-sync.conf"))
    run("systemd-tmpfiles", f"--root={root}", "--create", str(root / "usr/lib/tmpfiles.d/ucaas-sync.conf"))
    (root / "etc/ucaas-sync/config.yaml").write_text(CONFIG)
    key = root / "etc/ucaas-sync/credentials/access-key"
    key.write_text("the secret\n")
    key.chmod(0o600)
    people = root / "srv/hr/people.csv"
    people.parent.mkdir(parents=True, exist_ok=True)
    people.write_text("employee_id,first_name,last_name,email,status\n" + "".join(
        f"E{i},Ada{i},Lovelace,p{i}@example.com,active\n" for i in range(30)))
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    link = wants / "ucaas-sync.service"
    link.unlink(missing_ok=True)
    link.symlink_to("/usr/lib/systemd/system/ucaas-sync.service")


def main():
    program, built, sources, root = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    furnish(root, program, built, sources)
    judge(live(root, PROBE, 300), {name: pattern + r" ?code \d+" for name, pattern in EXPECTED.items()})
    print(f"{len(EXPECTED)} checks under a real systemd held")


main()
