"""A bare Debian 12 with a systemd of its own in a folder, in which a probe runs as a service and leaves a log. Needs root,
debootstrap and systemd-nspawn; nothing outside the folder is changed. Packages come from Debian's archive beforehand: the
container itself has no network but its own loopback."""
import os
import re
import shutil
import subprocess
import sys

PACKAGES = "systemd,systemd-sysv,dbus,libpam-systemd,curl,passwd,util-linux"

# How each probe begins. Each check says its name, what it found and the exit code, in one line; `judge` has the last word.
PREAMBLE = r"""#!/bin/bash
exec > /root/probe.log 2>&1
export DEBIAN_FRONTEND=noninteractive NO_COLOR=1 HOME=/root
cd /root
check() { printf 'CHECK %s: ' "$1"; shift; "$@" 2>&1 | tr '\n' ' '; echo "code ${PIPESTATUS[0]}"; }
pid() { systemctl show -p MainPID --value "${1:-ucaas-sync}"; }
# Bounded: a minute for each.
until_says() { for _ in $(seq 600); do [ "$(eval "$1" 2>&1)" = "$2" ] && return; sleep 0.1; done; echo "never $2: $(eval "$1" 2>&1)"; }
ready() { until_says "curl -s localhost:${1:-9847}/readyz" converged; }
install_it() { apt-get install -y -q --no-install-recommends --allow-downgrades "$@" > /root/apt.log 2>&1 ||
  { cat /root/apt.log; return 1; }; }
"""


def run(*command, **more):
    return subprocess.run([str(part) for part in command], check=True, **more)


def furnish(folder, name, packages, archive=()):
    """A new root called `name`: older.deb, newer.deb, … lie in /root with all that they depend on at hand, and `archive`,
    packages of Debian's, is installed."""
    base, root = folder / "base", folder / name
    if not (base / "usr/lib/systemd/systemd").exists():
        shutil.rmtree(base, ignore_errors=True)
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", base, stdout=subprocess.DEVNULL)
    shutil.rmtree(root, ignore_errors=True)
    run("cp", "-a", "--reflink=auto", base, root)
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    for called, package in packages.items():
        shutil.copy(package, root / f"root/{called}.deb")
    fetch = "apt-get install -y -qq --no-install-recommends"
    steps = ["apt-get update -qq", *(f"{fetch} --download-only /root/{called}.deb" for called in packages)]
    if archive:
        steps.append(f"{fetch} {' '.join(archive)}")
    for step in steps:
        run("chroot", root, "sh", "-c", step, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"},
            stdout=subprocess.DEVNULL)
    return root


def live(root, probe, seconds):
    """Boots it, lets the probe do its work, and returns the probe's log. The probe ends with FINISHED and the end of the
    machine; the rest is cut off after `seconds`."""
    script = root / "root/probe.sh"
    script.write_text(PREAMBLE + probe + "echo FINISHED\nsystemctl poweroff\n")
    script.chmod(0o755)
    (root / "root/probe.log").unlink(missing_ok=True)
    (root / "etc/systemd/system/probe.service").write_text(
        "[Unit]\nAfter=multi-user.target\n[Service]\nExecStart=/root/probe.sh\n[Install]\nWantedBy=multi-user.target\n")
    wants = root / "etc/systemd/system/multi-user.target.wants"
    wants.mkdir(parents=True, exist_ok=True)
    link = wants / "probe.service"
    link.unlink(missing_ok=True)
    link.symlink_to("/etc/systemd/system/probe.service")
    subprocess.run(["timeout", str(seconds), "systemd-nspawn", "-q", "-b", "-D", str(root), "--register=no", "--keep-unit",
                    "--private-network"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    # A progress line of dpkg has returns in it, which are no ends of lines.
    return (root / "root/probe.log").read_bytes().decode()


def judge(log, expected):
    """Ends with all that was found otherwise. Returns what each check found."""
    found = dict(re.findall(r"^CHECK (\w+): (.*)$", log, flags=re.M))
    failed = [f"{name}: {found.get(name, 'was not reached')!r}, expected {pattern!r}"
              for name, pattern in expected.items() if not re.fullmatch(pattern, found.get(name, ""))]
    if failed or "FINISHED" not in log:
        sys.exit("\n".join(failed) + "\n\nThe whole probe:\n" + log)
    return found
