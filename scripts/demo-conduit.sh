#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shows a pipeline of a real Conduit with this plugin; ends by itself (the first run builds Conduit before that, which takes minutes).
#
#   scripts/demo-conduit.sh                                     an S3 server of its own: two buckets, objects that become records and files
#   BUCKET=name [ENDPOINT=url] scripts/demo-conduit.sh          your bucket, read only, into a file
#
# Credentials for your bucket come from AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION.
set -eu
cd "$(dirname "$0")/.."

scripts/deps.sh demo
scripts/build.sh release
scripts/conduit-build.sh
exec build/venv/bin/python scripts/demo_conduit.py
