#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds what tests/conduit/go.mod pins into build/conduit: Conduit itself, the reference connector as a standalone plugin, and our own
# host for plugins (the suite, the benchmark). Nothing is fetched but Go modules, whose sums are in go.sum. Cached; the first time takes minutes.
#
# Without a Go new enough it says so and ends with status 3; with CI set that is a failure like any other.
set -eu
cd "$(dirname "$0")/.."

root=$PWD
out=$root/build/conduit
stamp=$out/stamp
module=$root/tests/conduit
need=1.25

skip() {
    echo "conduit-build.sh: $1; the suites inside a real Conduit are SKIPPED (Go >= $need from https://go.dev/dl or a newer distribution)" >&2
    [ -z "${CI:-}" ] || exit 1
    exit 3
}

go_is_new() {
    version=$(GOTOOLCHAIN=local go env GOVERSION 2>/dev/null | sed -n 's/^go1\.\([0-9]*\).*/\1/p')
    [ -n "$version" ] && [ "$version" -ge "${need#1.}" ]
}

build() { # NAME COMMAND...
    name=$1
    shift
    if ! "$@" >"$out/$name.log" 2>&1; then
        tail -n 15 "$out/$name.log" >&2
        echo "conduit-build.sh: building $name failed (all of it: $out/$name.log)" >&2
        exit 1
    fi
}

mkdir -p "$out"
PATH=$PATH:/usr/local/go/bin
command -v go >/dev/null || skip "no Go here"
go_is_new || skip "$(go version) is too old"

# The checksum database does not know every version that is pinned; go.sum does. A toolchain is never fetched.
export GOTOOLCHAIN=local GONOSUMDB='*' GOFLAGS="-mod=readonly -buildvcs=false -p=${JOBS:-2}"
cd "$module"
wanted=$(cat go.mod go.sum | cksum)
if [ ! -x "$out/conduit" ] || [ ! -x "$out/reference" ] || [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
    echo "conduit-build.sh: building Conduit and the reference connector, once"
    build conduit nice go build -o "$out/conduit" github.com/conduitio/conduit/cmd/conduit
    build reference nice go build -o "$out/reference" github.com/conduitio/conduit-connector-s3/cmd/connector
    echo "$wanted" >"$stamp"
fi
build suite nice go test -c -o "$out/suite.test" ./suite
build hostbench nice go build -o "$out/hostbench" ./hostbench
