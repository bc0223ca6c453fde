#!/usr/bin/env python3
"""The package as it was built: what is in it and with which modes, what it needs, that its version is the program's, that
lintian has nothing to say, that its units are valid and closed where it puts them, and that its copyright names what the
program links.

Usage: package_test.py BUILD-FOLDER SOURCE-FOLDER"""
import gzip
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

CONTENT = {
    "etc/ucaas-sync/config.yaml.example": 0o644,
    "lib/systemd/system/ucaas-sync.service": 0o644,
    "lib/systemd/system/ucaas-sync@.service": 0o644,
    "lib/systemd/system/ucaas-sync-once.service": 0o644,
    "lib/systemd/system/ucaas-sync.timer": 0o644,
    "usr/bin/ucaas-sync": 0o755,
    "usr/lib/sysusers.d/ucaas-sync.conf": 0o644,
    "usr/lib/tmpfiles.d/ucaas-sync.conf": 0o644,
    "usr/share/bash-completion/completions/ucaas-sync": 0o644,
    "usr/share/zsh/vendor-completions/_ucaas-sync": 0o644,
    "usr/share/doc/ucaas-sync/README.md": 0o644,
    "usr/share/doc/ucaas-sync/changelog.gz": 0o644,
    "usr/share/doc/ucaas-sync/copyright": 0o644,
    "usr/share/doc/ucaas-sync/examples": None,
    "usr/share/man/man1/ucaas-sync.1.gz": 0o644,
    "usr/share/man/man5/ucaas-sync.yaml.5.gz": 0o644,
    "usr/share/man/man7/ucaas-sync-events.7.gz": 0o644,
    "usr/share/man/man7/ucaas-sync-faults.7.gz": 0o644,
    "usr/share/ucaas-sync/ucaas-sync.dashboard.json": 0o644,
    "usr/share/ucaas-sync/ucaas-sync.rules.yml": 0o644,
}
OPTIONAL = {"usr/share/lintian/overrides/ucaas-sync"}
CONTROL = {"control": 0o644, "md5sums": 0o644, "conffiles": 0o644, "postinst": 0o755, "prerm": 0o755, "postrm": 0o755}
EXAMPLES = "usr/share/ucaas-sync/examples/"
THRESHOLD = 15  # tenths


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True, **more).stdout


def modes_below(folder):
    found = {}
    for path in folder.rglob("*"):
        name = str(path.relative_to(folder))
        if path.is_symlink():
            found[name] = None
        elif path.is_file():
            found[name] = path.stat().st_mode & 0o7777
    return found


def check_content(root, sources, failures):
    found = modes_below(root)
    examples = {name for name in found if name.startswith(EXAMPLES)}
    tracked = run("git", "-C", sources, "ls-files", "config/examples").split()
    wanted = {EXAMPLES + name.removeprefix("config/examples/") for name in tracked if not name.endswith(".gitignore")}
    if examples != wanted:
        failures.append(f"examples, in one of the two only: {examples ^ wanted}")
    rest = {name: mode for name, mode in found.items() if name not in examples and name not in OPTIONAL}
    if rest != CONTENT:
        failures.append(f"content, in one of the two only: {dict(set(rest.items()) ^ set(CONTENT.items()))}")
    for path in root.rglob("*"):
        if path.is_dir() and path.stat().st_mode & 0o7777 != 0o755:
            failures.append(f"{path}: mode {path.stat().st_mode & 0o7777:o}")
    for name in ("usr/share/doc/ucaas-sync/examples/small-company.yaml",):
        if not (root / name).resolve().is_file():
            failures.append(f"{name} leads nowhere")


def check_control(deb, folder, version, failures):
    found = modes_below(folder)
    if found != CONTROL:
        failures.append(f"control, in one of the two only: {dict(set(found.items()) ^ set(CONTROL.items()))}")
    if run("dpkg-deb", "-f", deb, "Version").strip() != version:
        failures.append("the package's version is not the program's")
    depends = run("dpkg-deb", "-f", deb, "Depends")
    for needed in ("libc6 (>=", "libstdc++6 (>=", "libcurl4 (>=", "libsystemd0", "ca-certificates", "tzdata",
                   "systemd | systemd-sysusers", "systemd | systemd-tmpfiles"):
        if needed not in depends:
            failures.append(f"Depends lacks {needed}: {depends}")
    owners = set(line.split()[1] for line in run("dpkg-deb", "-c", deb).splitlines())
    if owners != {"root/root"}:
        failures.append(f"owners {owners}")


def check_units(root, failures):
    """Where the package puts them, with the program at the path that they name."""
    host = pathlib.Path("/usr/lib/systemd/system")
    folder = root / "lib/systemd/system"
    ours = sorted(folder.glob("ucaas-sync*"))
    for unit in host.iterdir():
        if unit.is_file() and not (folder / unit.name).exists():
            shutil.copy(unit, folder)
    (root / "bin").mkdir(exist_ok=True)
    shutil.copy("/bin/sh", root / "bin/sh")
    for unit in ours:
        name = unit.name.replace("@.", "@leeds.")
        done = subprocess.run(["systemd-analyze", "verify", f"--root={root}", "--man=no", "--recursive-errors=no", name],
                              capture_output=True, text=True)
        if done.returncode != 0 or done.stdout + done.stderr:
            failures.append(f"{name}: {done.stdout}{done.stderr}")
        if unit.suffix == ".service":
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={root}",
                                   f"--threshold={THRESHOLD}", name], capture_output=True, text=True)
            print((done.stdout + done.stderr).strip().splitlines()[-1])
            if done.returncode != 0:
                failures.append(f"{name}: too exposed\n{done.stdout}{done.stderr}")
        for page, section in re.findall(r"man:([\w.@-]+)\((\d)\)", unit.read_text()):
            if not (root / f"usr/share/man/man{section}/{page}.{section}.gz").exists():
                failures.append(f"{unit.name}: there is no page {page}({section})")
        for setting in re.findall(r"^Exec\w+=(\S+)", unit.read_text(), flags=re.M):
            if setting != "/bin/sh" and not (root / setting.lstrip("/")).exists():
                failures.append(f"{unit.name}: {setting} is not in the package")


def check_copyright(root, sources, failures):
    text = (root / "usr/share/doc/ucaas-sync/copyright").read_text()
    needed = re.findall(r"\(NEEDED\).*\[lib([\w+-]+?)(?:-\d[\d.]*)?\.so", run("readelf", "-d", root / "usr/bin/ucaas-sync"))
    own = {"c", "m", "gcc_s", "stdc++"}  # the system's own, under the exceptions made for that
    for name in set(needed) - own:
        if f"beside/lib{name}" not in text and f"beside/{name.removesuffix('-core')}" not in text:
            failures.append(f"copyright: lib{name} is linked and not named")
    made = re.findall(r"^(?:find_package\((\S+)|pkg_check_modules\((?:\S+) REQUIRED IMPORTED_TARGET (\S+?)\))",
                      (sources / "CMakeLists.txt").read_text(), flags=re.M)
    for name in {one or other for one, other in made} - {"PkgConfig", "Threads", "doctest"}:
        if not re.search(rf"/(lib)?{re.escape(name)}\b", text):
            failures.append(f"copyright: {name} is used and not named")


def main():
    build, sources = map(pathlib.Path, sys.argv[1:])
    failures = []
    debs = list((build / "package").glob("*.deb"))
    assert len(debs) == 1, debs
    deb = debs[0]
    version = run(build / "ucaas-sync", "--version").split()[1]
    with tempfile.TemporaryDirectory() as folder:
        root, control = pathlib.Path(folder, "root"), pathlib.Path(folder, "control")
        run("dpkg-deb", "-x", deb, root)
        run("dpkg-deb", "-e", deb, control)
        check_content(root, sources, failures)
        check_control(deb, control, version, failures)
        changelog = gzip.decompress((root / "usr/share/doc/ucaas-sync/changelog.gz").read_bytes()).decode()
        if not changelog.startswith(f"ucaas-sync ({version}) "):
            failures.append(f"the changelog does not begin with version {version}")
        check_copyright(root, sources, failures)
        check_units(root, failures)
    done = subprocess.run(["lintian", "--allow-root", "--tag-display-limit", "0", "--fail-on", "error,warning,info", deb],
                          capture_output=True, text=True)
    if done.returncode != 0 or done.stdout.strip():
        failures.append(f"lintian: {done.stdout}{done.stderr}")
    if failures:
        sys.exit("\n".join(failures))


main()
