#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns the output of a Go test program (-test.v) into a JUnit report, and shows what failed.

usage: go_junit.py [--skipped] REPORT <OUTPUT

Each test that has no subtests becomes a case. --skipped: nothing was run, and the input says why. Exit status 1 if a test failed or
the program did not come to its end.
"""

import re
import sys
import xml.etree.ElementTree as ET

RESULT = re.compile(r"^\s*--- (PASS|FAIL|SKIP): (\S+) \((\d+\.\d+)s\)$")
START = re.compile(r"^\s*=== (RUN|PAUSE|CONT|NAME)\s")


def parse(lines):
    """name -> [result, seconds, text]; what a test printed follows the line that names it."""
    cases, current, started = {}, None, {}
    ended = False
    for line in lines:
        if found := RESULT.match(line):
            cases[found[2]] = [found[1], found[3], started.get(found[2], "")]
            current = None
        elif START.match(line):
            current = line.split()[2]
        elif line.rstrip() in ("PASS", "FAIL"):
            ended = True
        elif current is not None:
            started[current] = started.get(current, "") + line
    unfinished = {name: ["FAIL", "0", text] for name, text in started.items() if name not in cases}
    return cases | unfinished if not ended else cases, ended


def leaves(cases):
    parents = {name.rsplit("/", i)[0] for name in cases for i in range(1, name.count("/") + 1)}
    # A parent that failed by itself, not through a child, is a case too.
    alone = {p for p in parents if p in cases and cases[p][0] == "FAIL" and not any(
        name.startswith(p + "/") and cases[name][0] == "FAIL" for name in cases)}
    return {name: case for name, case in cases.items() if name not in parents or name in alone}


def write(report, cases):
    suite = ET.Element("testsuite", name="conduit")
    for name, (result, seconds, text) in sorted(cases.items()):
        case = ET.SubElement(suite, "testcase", name=name, classname="conduit", time=seconds)
        if result != "PASS":
            ET.SubElement(case, "failure" if result == "FAIL" else "skipped").text = re.sub(r"[^\t\n -\ud7ff]", "?", text)
    ET.ElementTree(suite).write(report, encoding="unicode", xml_declaration=True)


def main():
    skipped = sys.argv[1] == "--skipped"
    report = sys.argv[-1]
    if skipped:
        write(report, {"all": ["SKIP", "0", sys.stdin.read()]})
        return 0
    text = sys.stdin.read()
    cases, ended = parse(text.splitlines(keepends=True))
    cases = leaves(cases)
    if not ended:
        cases["the suite came to its end"] = ["FAIL", "0", text[-4000:]]
    write(report, cases)
    count = {kind: sum(case[0] == kind for case in cases.values()) for kind in ("PASS", "FAIL", "SKIP")}
    for name, (result, _, why) in sorted(cases.items()):
        if result == "FAIL":
            print(f"FAILED {name}\n{why}")
    print(f"Conduit's client: {count['PASS']} passed, {count['FAIL']} failed, {count['SKIP']} skipped")
    return 1 if count["FAIL"] else 0


sys.exit(main())
