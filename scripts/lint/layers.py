#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Includes point down only: the table below is the architecture, and the only place that grants an exception."""

import pathlib
import re
import sys

# Layer -> the layers whose headers it may include (its own and include/s3c always).
BELOW = {
    "base": [],
    "http": ["base"],
    "grpc": ["base"],
    "s3": ["base", "http"],
    "avro": ["base"],
    "record": ["base", "avro"],
    "format": ["base", "avro", "record"],
    "config": ["base"],
    "session": ["base", "http", "s3", "config"],
    "source": ["base", "s3", "record", "config", "session"],
    "dest": ["base", "s3", "record", "format", "config", "session"],
    "plugin": ["base", "avro", "grpc"],
    "cli": ["base"],
}
# One header of another layer that a layer may see all the same.
ALSO = {"config": ["s3/creds.h", "record/template.h"], "cli": ["plugin/plugin.h"]}
# A library's headers -> where they may be included.
LIBRARIES = {
    "curl/": ["src/http/"],
    "nghttp2/": ["src/grpc/", "tests/"],
    "openssl/": ["src/base/", "tests/"],
    "isa-l/": ["src/format/", "tests/"],
    "libdeflate.h": ["src/format/", "tests/"],
    "snappy-c.h": ["tests/"],
    "zstd.h": ["src/format/", "tests/"],
    "cmocka.h": ["tests/"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def includes(path):
    for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(1), match.group(2)


def judge(path, quote, name):
    where = path.as_posix()
    for library, folders in LIBRARIES.items():
        if name.startswith(library) and not where.startswith(tuple(folders)):
            return f"<{name}> belongs to {' and '.join(folders)} only"
    if where.startswith("include/"):
        return None if quote == "<" else "a public header includes <s3c/...> and the C library only"
    if not where.startswith("src/") or quote == "<":
        return None
    layer = path.parts[1]
    if layer not in BELOW:
        return f"layer '{layer}' is not in the table of scripts/lint/layers.py"
    target = name.split("/")[0] if "/" in name else None
    if target is None:
        return f'"{name}" lacks its layer: write "{layer}/{name}"'
    if target == layer or target in BELOW[layer] or name in ALSO.get(layer, []):
        return None
    return f'{layer} may not include "{name}"'


def main():
    found = []
    for root in ("include", "src", "tests"):
        for path in sorted(pathlib.Path(root).rglob("*.[ch]")):
            for number, quote, name in includes(path):
                problem = judge(path, quote, name)
                if problem:
                    found.append(f"{path}:{number}: {problem}")
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


sys.exit(main())
