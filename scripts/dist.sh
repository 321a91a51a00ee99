#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The release archive, as Conduit's registry accepts it: one regular file at the root (the stripped plugin), the documents in a
# folder, no links; and its checksum. The same sources, compiler and SOURCE_DATE_EPOCH (default: the last commit) give the same bytes.
#
#   scripts/dist.sh [FOLDER]        default: build/dist
set -eu
cd "$(dirname "$0")/.."

out=${1:-build/dist}
version=$(sed -n "s/^ *version: '\(.*\)',/\1/p" meson.build)
machine=$(uname -m)
case $machine in
x86_64) arch=amd64 ;;
aarch64) arch=arm64 ;;
*) arch=$machine ;;
esac
name=conduit-connector-s3_${version}_linux_$arch
when=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}

scripts/build.sh release src/cli/conduit-connector-s3
stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
umask 022
mkdir -p "$out" "$stage/doc"
strip -o "$stage/conduit-connector-s3" build/release/src/cli/conduit-connector-s3
chmod 755 "$stage/conduit-connector-s3"
cp LICENSE README.md CHANGELOG.md "$stage/doc/"
tar -C "$stage" --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$when" --format=ustar -cf - conduit-connector-s3 doc |
    gzip -9n >"$out/$name.tar.gz"
(cd "$out" && sha256sum "$name.tar.gz" >checksums.txt)
echo "$out/$name.tar.gz"
