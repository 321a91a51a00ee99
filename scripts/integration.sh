#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The suites that need a real server, against the one that AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and
# AWS_ENDPOINT_URL_S3 name (they make buckets of their own there and remove them), else against a Ceph of our own.
set -eu
cd "$(dirname "$0")/.."

server=ceph
[ -z "${AWS_ACCESS_KEY_ID:-}" ] || server=external
exec build/venv/bin/python -m pytest tests/py -m server --servers "$server" "$@"
