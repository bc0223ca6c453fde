#!/usr/bin/env python3
"""Checks the checker: each kind of breach is found at its line, and what is allowed is not. Ends 1 when it is not so."""
import pathlib
import subprocess
import sys
import tempfile

FLOORS = pathlib.Path(__file__).resolve().parent / "floors.py"

GOOD = {
    "daemon/model/text.cc": '#include "daemon/model/text.h"\n#include <utf8proc.h>\n',
    "config/load.cc": '#include "daemon/model/text.h"\n#include <yaml-cpp/yaml.h>\n',
    "connectors/csv/row.cc": '#include "connectors/bytes/file.h"\n',
    "connectors/sources.cc": '#include "connectors/csv/row.h"\n',
    "daemon/plan/plan.cc": '#include "config/load.h"\n#include <vector>\n',
    "daemon/run/run.cc": '#include "daemon/plan/plan.h"\n#include "connectors/sources.h"\n',
    "daemon/main.cc": '#include "daemon/commands/command.h"\n',
}
# One line each, and a part of what must be said of it.
BREACHES = {
    "daemon/model/up.cc": ('#include "config/load.h"', "the floor above"),
    "daemon/mapping/sibling.cc": ('#include "daemon/plan/plan.h"', "its sibling"),
    "connectors/csv/across.cc": ('#include "connectors/ldif/window.h"', "may not see connectors/ldif"),
    "connectors/bytes/up.cc": ('#  include "connectors/csv/row.h"', "may not see connectors/csv"),
    "daemon/apply/library.cc": ("#include <curl/curl.h>", "may be seen only by connectors/notify, connectors/ucaas"),
    "connectors/csv/json.cc": ("#include <rapidjson/document.h>", "may be seen only by"),
    "daemon/state/relative.cc": ('#include "rows.h"', "not written from the root"),
    "daemon/attic/old.cc": ("#include <vector>", "in no room"),
}


def run(files):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        for name, text in files.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        subprocess.run(["git", "init", "-q"], cwd=root, check=True)
        subprocess.run(["git", "add", "."], cwd=root, check=True)
        return subprocess.run([sys.executable, str(FLOORS)], cwd=root, capture_output=True, text=True)


def main():
    failures = []
    good = run(GOOD)
    if good.returncode != 0:
        failures.append(f"found what is allowed:\n{good.stdout}{good.stderr}")
    for name, (line, said) in BREACHES.items():
        result = run({**GOOD, name: "// a comment\n" + line + "\n"})
        number = 1 if said == "in no room" else 2
        found = [text for text in result.stdout.splitlines() if text.startswith(f"{name}:{number}: ") and said in text]
        if result.returncode != 1 or len(found) != 1:
            failures.append(f"{name}: {line}: not found once with '{said}': {result.stdout}{result.stderr}")
    print("\n".join(failures) if failures else f"the check of the floors finds {len(BREACHES)} kinds of breach")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
