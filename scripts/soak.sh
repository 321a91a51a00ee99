#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Long runs: the model tests with many seeds under ASan and UBSan, then the suites marked `soak` (kill and resume for minutes).
set -eu
cd "$(dirname "$0")/.."

export S3C_MODEL_SEEDS="${S3C_MODEL_SEEDS:-20000}"
scripts/meson-test.sh asan --timeout-multiplier 20 'source model'
exec build/venv/bin/python -m pytest tests/py --soak "$@"
