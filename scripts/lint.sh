#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every check of scripts/lint/ and prints one line for each; what a check finds follows its line. Exit status 1 if one fails.
# A check is a program without arguments, run in the project's root: silent and 0, or it prints what is wrong and how to mend it.
set -u
cd "$(dirname "$0")/.."

passed=0
failed=0
for check in scripts/lint/*; do
    name=$(basename "$check")
    if found=$("$check" 2>&1); then
        echo "lint ok    ${name%.*}"
        passed=$((passed + 1))
    else
        echo "lint FAIL  ${name%.*}"
        printf '%s\n' "$found" | head -n 40 | sed 's/^/    /'
        failed=$((failed + 1))
    fi
done
echo "lint: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
