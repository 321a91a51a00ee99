#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Long runs: the model tests with many seeds under ASan and UBSan, then the suites marked `soak` (kill and resume for minutes).
set -eu
cd "$(dirname "$0")/.."

export S3C_MODEL_SEEDS="${S3C_MODEL_SEEDS:-2000}" # read by the model tests
scripts/meson-test.sh asan --suite model --timeout-multiplier 60
exec build/venv/bin/python -m pytest tests/py --soak "$@"
