#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Everything that must hold, from a clean checkout: dependencies, lint, builds, all suites. Closes with their sum; exit status 1
# if anything failed. Reports stay in build/results.
set -u
cd "$(dirname "$0")" || exit 1

results=build/results
begun=$(date +%s)

step() {
    printf '\n== %s (%ss)\n' "$1" "$(($(date +%s) - begun))"
}

give_up() { # WHAT
    echo "test.sh: $1 failed; nothing after it can be run" >&2
    echo "0 passed, 1 failed, 0 skipped"
    exit 1
}

c_tests() { # KIND
    step "C tests, $1 build"
    report=build/$1/meson-logs/testlog.junit.xml
    rm -f "$report"
    scripts/meson-test.sh "$1" --num-processes 2
    cp "$report" "$results/$1.xml" || give_up "running the C tests"
}

export WERROR=1
rm -rf "$results"
mkdir -p "$results"
step "dependencies"
scripts/deps.sh all || give_up "installing dependencies"
step "release build"
scripts/build.sh release || give_up "the release build"
{ scripts/versitygw.sh; scripts/conduit-build.sh; } &
step "lint"
scripts/lint.sh | tee "$results/lint.txt"
c_tests release
step "ASan and UBSan build"
scripts/build.sh asan || give_up "the sanitizer build"
c_tests asan
wait
step "suites against S3 servers"
build/venv/bin/python -m pytest tests/py -n 5 -q --junitxml "$results/pytest.xml" </dev/null ||
    [ -s "$results/pytest.xml" ] || give_up "starting pytest"
step "Conduit's client, the plugin and the reference"
scripts/conduit-suite.sh "$results/conduit.xml"
step "all suites"
scripts/count.py "$results"
