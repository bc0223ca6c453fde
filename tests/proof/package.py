#!/usr/bin/env python3
"""The package in the hands of a new administrator, on a bare Debian 12 under its own systemd: installed, configured with the
example, checked, planned, synced, run, upgraded to a version with other tables, taken back, removed, installed again and
purged. What it needs: see container.py.

Usage: package.py SOURCES FOLDER"""
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

from container import furnish, judge, live, run

LATER_TABLES = "ALTER TABLE entity ADD COLUMN note TEXT; CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;"

PROBE = r"""
check install install_it ./older.deb
check asleep systemctl is-enabled ucaas-sync ucaas-sync.timer
check inactive systemctl is-active ucaas-sync ucaas-sync.timer ucaas-sync-once
check user getent passwd ucaas-sync
check modes stat -c '%n %a %U' /etc/ucaas-sync /etc/ucaas-sync/credentials /var/lib/ucaas-sync
check unconfigured ucaas-sync check
cp /etc/ucaas-sync/config.yaml.example /etc/ucaas-sync/config.yaml
check checked ucaas-sync check
check doctored ucaas-sync doctor
check read ucaas-sync read hr --limit 1
check planned ucaas-sync plan
check nothing_written bash -c 'find /var/lib/ucaas-sync -type f'
check synced ucaas-sync sync
check again ucaas-sync sync
check explained ucaas-sync explain 0001
check status ucaas-sync status
check foreground timeout --preserve-status -s TERM 5 ucaas-sync run
check owners find /var/lib/ucaas-sync ! -user ucaas-sync

sed 's#trial#leeds#g; s#9847#9848#' /etc/ucaas-sync/config.yaml > /etc/ucaas-sync/leeds.yaml
sed -i 's#^state_dir: .*#state_dir: /var/lib/ucaas-sync/leeds#' /etc/ucaas-sync/leeds.yaml
check enabled systemctl enable --now ucaas-sync ucaas-sync@leeds
ready; ready 9848
check serving systemctl is-active ucaas-sync ucaas-sync@leeds
older=$(pid); older_leeds=$(pid ucaas-sync@leeds)
echo '# mine' >> /etc/ucaas-sync/config.yaml.example
check upgrade install_it ./newer.deb
ready; ready 9848
check restarted bash -c "[ $(pid) != $older ] && [ $(pid ucaas-sync@leeds) != $older_leeds ] && systemctl is-active ucaas-sync ucaas-sync@leeds"
check version bash -c 'curl -s localhost:9847/metrics | grep build_info{'
check copies bash -c 'stat -c "%n %a %U" /var/lib/ucaas-sync/*/state-tables-*.db'
check state_after_upgrade ucaas-sync state check
check nothing_to_do ucaas-sync plan
check my_example grep -c '# mine' /etc/ucaas-sync/config.yaml.example

check downgrade install_it ./older.deb
check refused ucaas-sync status
systemctl stop ucaas-sync ucaas-sync@leeds
cd /var/lib/ucaas-sync/trial
rm -f state.db state.db-wal state.db-shm; mv state-tables-*.db state.db
cd /root
check taken_back ucaas-sync sync
check runs_kept bash -c 'ucaas-sync runs | grep -c converged'
check upgrade_stopped install_it ./newer.deb
check still_stopped systemctl is-active ucaas-sync
systemctl start ucaas-sync; ready

check removed apt-get remove -y -qq ucaas-sync
check gone bash -c 'systemctl is-active ucaas-sync ucaas-sync@leeds; ls /usr/bin/ucaas-sync; grep -slx ucaas-sync /proc/[0-9]*/comm'
check kept bash -c 'ls /etc/ucaas-sync/config.yaml /var/lib/ucaas-sync/trial/state.db'
check reinstall install_it ./newer.deb
check goes_on ucaas-sync sync
systemctl start ucaas-sync; ready
check purged apt-get purge -y -qq ucaas-sync
check stopped bash -c 'grep -slx ucaas-sync /proc/[0-9]*/comm'
check left find / -xdev -name '*ucaas*' -not -path '/root/*' -not -path '/proc/*'
check quiet systemctl --failed --no-legend
check user_left getent passwd ucaas-sync
"""

EXPECTED = {
    "install": r"code 0",
    "asleep": r"disabled disabled code 1",
    "inactive": r"inactive inactive inactive code \d+",
    "user": r"ucaas-sync:.*:/usr/sbin/nologin code 0",
    "modes": r"/etc/ucaas-sync 755 root /etc/ucaas-sync/credentials 700 ucaas-sync /var/lib/ucaas-sync 700 ucaas-sync code 0",
    "unconfigured": r".*/etc/ucaas-sync/config.yaml.*config.yaml.example.*code 78",
    "checked": r".*code 0",
    "doctored": r"(?!.*failed).*code 0",
    "read": r".*0001.*code 0",
    "planned": r".*create.*code 0",
    "nothing_written": r"code 0",
    "synced": r".*code 0",
    "again": r".*nothing to do.*code 0",
    "explained": r".*Ada.*code 0",
    "status": r".*converged.*code 0",
    "foreground": r".*code 0",
    "owners": r"code 0",
    "enabled": r".*code 0",
    "serving": r"active active code 0",
    "upgrade": r"code 0",
    "restarted": r"active active code 0",
    "version": r'ucaas_sync_build_info\{version="NEWER"\} 1 code 0',
    "copies": r"/var/lib/ucaas-sync/leeds/state-tables-1.db 600 ucaas-sync "
              r"/var/lib/ucaas-sync/trial/state-tables-1.db 600 ucaas-sync code 0",
    "state_after_upgrade": r".*Sound: every page.*code 0",
    "nothing_to_do": r".*code 0",
    "my_example": r"1 code 0",
    "downgrade": r"code 0",
    "refused": r".*was written by ucaas-sync NEWER.*state-tables-1.db.*code 78",
    "taken_back": r".*nothing to do.*code 0",
    "runs_kept": r"[2-9]\d* code 0",
    "upgrade_stopped": r"code 0",
    "still_stopped": r"(inactive|failed) code 3",
    "removed": r".*code 0",
    "gone": r"inactive inactive ls: cannot access '/usr/bin/ucaas-sync': No such file or directory code [12]",
    "kept": r"/etc/ucaas-sync/config.yaml /var/lib/ucaas-sync/trial/state.db code 0",
    "reinstall": r"code 0",
    "goes_on": r".*nothing to do.*code 0",
    "purged": r".*code 0",
    "stopped": r"code [12]",
    "left": r"code 0",
    "quiet": r"code 0",
    "user_left": r"ucaas-sync:.*nologin code 0",
}


def build_package(sources):
    quietly = {"stdout": subprocess.DEVNULL, "env": {**os.environ, "CCACHE_BASEDIR": str(sources)}}
    run("cmake", "--preset", "release", "-DUCAAS_SYNC_TESTS=OFF", cwd=sources, **quietly)
    run("cmake", "--build", "build", "--target", "ucaas-sync", "package_files", cwd=sources, **quietly)
    shutil.rmtree(sources / "build/package", ignore_errors=True)
    run("cpack", cwd=sources / "build", **quietly)
    return next((sources / "build/package").glob("*.deb"))


def digest_of_tables(statements):
    """As the program digests them: it refuses a state whose tables it has not made."""
    database = sqlite3.connect(":memory:")
    for sql in statements:
        database.executescript(sql)
    rows = database.execute("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema "
                            "WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY type, name")
    return hashlib.sha256("".join(f"{column}\n" for row in rows for column in row).encode()).hexdigest()


def with_later_tables(text):
    found = re.search(r"constexpr std::array<Migration, (\d+)> kMigrations\{\s*\{(.*?)\}\};", text, flags=re.S)
    count = int(found.group(1))
    statements = re.findall(r'R"sql\((.*?)\)sql"', text, flags=re.S)
    assert len(statements) == count and digest_of_tables(statements) in found.group(2), "the migrations are read wrongly"
    digest = digest_of_tables([*statements, LATER_TABLES])
    later = f'{{.version = {count + 1}, .sql = "{LATER_TABLES}", .tables = "{digest}"}}'
    more = f"constexpr std::array<Migration, {count + 1}> kMigrations{{{{{found.group(2)}, {later}}}}};"
    return text.replace(found.group(0), more), count


def later_sources(sources, folder):
    """The same program a version later, with one migration more."""
    names = subprocess.run(["git", "-C", sources, "ls-files"], check=True, capture_output=True, text=True).stdout.split("\n")
    for name in filter(None, names):
        to = folder / name
        to.parent.mkdir(parents=True, exist_ok=True)
        if not to.exists() or to.read_bytes() != (sources / name).read_bytes():
            shutil.copy(sources / name, to)  # with a time of now, so that it is compiled anew
    version = re.search(r"project\(ucaas-sync VERSION (\S+)", (folder / "CMakeLists.txt").read_text()).group(1)
    newer = version + ".1"
    changes = {"CMakeLists.txt": (f"VERSION {version}", f"VERSION {newer}"),
               "systemd/package/changelog": (f"ucaas-sync ({version})", f"ucaas-sync ({newer})")}
    for name, (before, after) in changes.items():
        text = (folder / name).read_text()
        assert before in text, name
        (folder / name).write_text(text.replace(before, after, 1))
    schema = folder / "daemon/state/tables.cc"
    text, count = with_later_tables(schema.read_text())
    schema.write_text(text)
    return newer, count


def main():
    sources, folder = (pathlib.Path(name).resolve() for name in sys.argv[1:])
    folder.mkdir(parents=True, exist_ok=True)
    older = build_package(sources)
    version, tables = later_sources(sources, folder / "later")
    newer = build_package(folder / "later")
    log = live(furnish(folder, "root", {"older": older, "newer": newer}), PROBE, 600)
    judge(log, {name: pattern.replace("NEWER", re.escape(version)).replace("tables-1", f"tables-{tables}")
                for name, pattern in EXPECTED.items()})
    print(f"{len(EXPECTED)} checks of the package held")


main()
