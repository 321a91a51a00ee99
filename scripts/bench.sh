#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the benchmark programs beside the release build and prints the speed table; arguments go to bench.py (see its --help).
set -eu
cd "$(dirname "$0")/.."

scripts/build.sh release conduit-connector-s3 s3d bench_source bench_list bench_json bench_dest
exec python3 scripts/bench.py --build build/release "$@"
