#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The closing line of a test run: what the reports in a folder add up to.

usage: count.py FOLDER

Reads every *.xml (JUnit, from Meson and pytest) and lint.txt there. A cmocka program counts with its cases. Exit status 1 if
anything failed, or nothing passed at all.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as ET

CMOCKA = {"passed": re.compile(r"\[  PASSED  \] (\d+) test"), "failed": re.compile(r"\[  FAILED  \] (\d+) test")}
LINT = re.compile(r"^lint: (\d+) passed, (\d+) failed$", re.M)


def cmocka_cases(case, sums):
    """Adds the cases of a cmocka program; False if the report holds no sign of one."""
    text = "".join(case.itertext())
    passed = [int(n) for n in CMOCKA["passed"].findall(text)]
    failed = [int(n) for n in CMOCKA["failed"].findall(text)]
    sums["passed"] += sum(passed)
    sums["failed"] += sum(failed)
    return bool(passed or failed), bool(failed)


def add_junit(path, sums):
    for case in ET.parse(path).getroot().iter("testcase"):
        bad = case.find("failure") is not None or case.find("error") is not None
        if case.find("skipped") is not None:
            sums["skipped"] += 1
            continue
        known, counted_failures = cmocka_cases(case, sums) if path.stem != "pytest" else (False, False)
        if bad and not counted_failures:
            sums["failed"] += 1
        elif not bad and not known:
            sums["passed"] += 1


def main():
    folder = pathlib.Path(sys.argv[1])
    sums = {"passed": 0, "failed": 0, "skipped": 0}
    for path in sorted(folder.glob("*.xml")):
        add_junit(path, sums)
    for passed, failed in LINT.findall((folder / "lint.txt").read_text() if (folder / "lint.txt").exists() else ""):
        sums["passed"] += int(passed)
        sums["failed"] += int(failed)
    print(f"{sums['passed']} passed, {sums['failed']} failed, {sums['skipped']} skipped")
    return 1 if sums["failed"] or not sums["passed"] else 0


sys.exit(main())
