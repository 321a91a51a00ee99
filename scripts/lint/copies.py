#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""No copied blocks: the same WINDOW lines of code, white space aside, stand in src/ once."""

import pathlib
import re
import sys

WINDOW = 12
BLANK = re.compile(r"^(?:[{}();\s]*|#\s*include.*|/?\*.*)$")  # says nothing: does not count as a line


def lines(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        text = re.sub(r"\s+", " ", line).strip()
        if not BLANK.match(text):
            yield number, text


def main():
    seen, found, skip_until = {}, [], {}
    for path in sorted(pathlib.Path("src").rglob("*.[ch]")):
        code = list(lines(path))
        for i in range(len(code) - WINDOW + 1):
            block = tuple(text for _, text in code[i : i + WINDOW])
            first = seen.setdefault(block, (path, code[i][0]))
            if first == (path, code[i][0]) or i < skip_until.get(path, 0):
                continue
            found.append(f"{path}:{code[i][0]}: {WINDOW} lines that stand in {first[0]}:{first[1]} too: make them one function")
            skip_until[path] = i + WINDOW  # one report for one copy
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


sys.exit(main())
