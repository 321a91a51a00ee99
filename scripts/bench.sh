#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the benchmark programs beside the release build and prints the speed table; arguments go to bench.py (see its --help).
set -eu
cd "$(dirname "$0")/.."

programs=tests/bench
scripts/build.sh release src/cli/conduit-connector-s3 tests/support/s3d/s3d \
    $programs/bench_source $programs/bench_list $programs/bench_json $programs/bench_parquet $programs/bench_typed $programs/bench_dest
exec python3 scripts/bench.py --build build/release "$@"
