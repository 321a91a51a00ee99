#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Long runs: the model tests with many seeds under ASan and UBSan, then Conduit's client with a
# million records and 2,000 starts, then the suites marked `soak` (kill and resume for minutes).
set -eu
cd "$(dirname "$0")/.."

export S3C_MODEL_SEEDS="${S3C_MODEL_SEEDS:-20000}"
scripts/meson-test.sh asan --timeout-multiplier 20 'source model'
CONDUIT_SUITE_CYCLES=2000 CONDUIT_SUITE_RECORDS=1000000 CONDUIT_SUITE_GARBAGE=20000 scripts/conduit-suite.sh build/soak-conduit.xml
exec build/venv/bin/python -m pytest tests/py --soak "$@"
