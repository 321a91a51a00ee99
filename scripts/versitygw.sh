#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the versitygw that tests/peers/versitygw/go.mod pins into build/versitygw, where a Go new enough is there; else says so.
set -eu
cd "$(dirname "$0")/.."

root=$PWD
out=$root/build/versitygw
[ -x "$out" ] && [ "$out" -nt tests/peers/versitygw/go.mod ] && exit 0
PATH=$PATH:/usr/local/go/bin
if ! command -v go >/dev/null; then
    echo "versitygw.sh: no Go here (1.25 or later): the suites run without versitygw" >&2
    exit 0
fi
mkdir -p build
# The sums are in go.sum; a toolchain is never fetched.
cd tests/peers/versitygw
if ! GOTOOLCHAIN=local GONOSUMDB='*' GOFLAGS=-mod=readonly nice go build -o "$out" github.com/versity/versitygw/cmd/versitygw \
    >"$root/build/versitygw.log" 2>&1; then
    tail -n 5 "$root/build/versitygw.log" >&2
    echo "versitygw.sh: it could not be built ($(go version)): the suites run without versitygw" >&2
fi
