#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Long runs, each part for about SOAK_SECONDS (120) times one or two: the model test under ASan and UBSan with seeds never tried
# before, Conduit's client with many records and starts, the suites marked `soak` (kill and resume under a writer).
# S3C_MODEL_FIRST=n repeats the seeds from n on.
set -eu
cd "$(dirname "$0")/.."

export SOAK_SECONDS="${SOAK_SECONDS:-120}"
export S3C_MODEL_SEEDS="${S3C_MODEL_SEEDS:-500}"
seed=${S3C_MODEL_FIRST:-$(date +%s)}
end=$(($(date +%s) + 2 * SOAK_SECONDS))
export S3C_MODEL_FIRST="$seed"
while [ "$(date +%s)" -lt "$end" ]; do
    echo "soak: model, $S3C_MODEL_SEEDS seeds from S3C_MODEL_FIRST=$seed"
    scripts/meson-test.sh asan --quiet 'source model'
    seed=$((seed + S3C_MODEL_SEEDS))
    export S3C_MODEL_FIRST="$seed"
done
echo "soak: Conduit's client"
CONDUIT_SUITE_CYCLES=$((30 * SOAK_SECONDS)) CONDUIT_SUITE_RECORDS=$((10000 * SOAK_SECONDS)) CONDUIT_SUITE_GARBAGE=$((100 * SOAK_SECONDS)) \
    scripts/conduit-suite.sh build/soak-conduit.xml
exec build/venv/bin/python -m pytest tests/py --soak -v "$@"
