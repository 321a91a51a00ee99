#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every libFuzzer target for FUZZ_SECONDS (30) from its corpus; a find is kept in build/fuzz/finds. Bounded: it ends by itself.
set -eu
cd "$(dirname "$0")/.."

seconds=${FUZZ_SECONDS:-30}
finds=build/fuzz/finds
mkdir -p "$finds"
targets=$(find build/fuzz/tests/fuzz -maxdepth 1 -type f -name 'fuzz_*' -perm -u+x)
if [ -z "$targets" ]; then
    echo "fuzz.sh: no target was built; scripts/build.sh fuzz" >&2
    exit 1
fi
for target in $targets; do
    name=$(basename "$target")
    corpus=tests/fuzz/corpus/${name#fuzz_}
    grown=build/fuzz/corpus/$name # what it learns stays out of the source tree
    mkdir -p "$grown"
    [ -d "$corpus" ] || corpus=
    echo "fuzz: $name, ${seconds} s"
    # shellcheck disable=SC2086 # the corpus may be absent
    if ! "$target" -max_total_time="$seconds" -rss_limit_mb=1024 -timeout=10 -artifact_prefix="$finds/$name-" \
        "$grown" $corpus >"$finds/$name.log" 2>&1; then
        tail -n 40 "$finds/$name.log" >&2
        echo "fuzz.sh: $name found something; its input is in $finds" >&2
        exit 1
    fi
done
echo "fuzz: no finds"
