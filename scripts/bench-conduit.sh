#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The plugin's figures, this connector and the reference side by side in one run; arguments go to bench_conduit.py (--rounds N, --only PART).
set -u
cd "$(dirname "$0")/.."

scripts/conduit-build.sh
case $? in
0) ;;
3) exit 0 ;; # it has said why
*) exit 1 ;;
esac
scripts/deps.sh demo || exit 1
scripts/build.sh release src/cli/conduit-connector-s3 tests/support/s3d/s3d tests/bench/bench_source tests/bench/bench_put || exit 1
exec build/venv/bin/python scripts/bench_conduit.py "$@"
