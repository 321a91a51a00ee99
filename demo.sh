#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows what the program does, and ends by itself within a minute (the first run installs and builds before that).
#
#   ./demo.sh                                    an S3 server of its own: snapshot, changes, the JSON files they become
#   BUCKET=name [ENDPOINT=url] ./demo.sh         your bucket, read only: what works, and its first records
#   BUCKET=name DEMO_WRITE=1 ./demo.sh           your bucket: as the first form, below a prefix of its own, removed afterwards
#
# Credentials for your bucket come from where the AWS tools look for them, the environment first.
set -eu
cd "$(dirname "$0")"

scripts/deps.sh demo
[ -e build/release/build.ninja ] || echo "demo: building, once"
scripts/build.sh release
exec build/venv/bin/python scripts/demo.py
