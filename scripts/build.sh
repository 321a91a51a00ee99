#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Configures (once) and builds one kind of build, each in its own folder below build/.
#
#   scripts/build.sh release|asan|tsan|fuzz [TARGET...]
#   scripts/build.sh install PREFIX [DESTDIR]
#
# WERROR=1 turns warnings into errors; it counts when the folder is configured. JOBS=n limits the parallel jobs.
set -eu
cd "$(dirname "$0")/.."

kind=${1:-release}
[ $# -eq 0 ] || shift

configure() { # FOLDER OPTION...
    folder=$1
    shift
    [ -f "$folder/build.ninja" ] && return 0
    log=build/configure.log
    mkdir -p build
    rm -rf "$folder"
    if ! meson setup "$folder" "$@" -Dwerror="$([ "${WERROR:-0}" = 1 ] && echo true || echo false)" >"$log" 2>&1; then
        cat "$log" >&2
        echo "build.sh: configuring $folder failed; 'make deps' installs what is missing" >&2
        exit 1
    fi
}

compile() { # FOLDER TARGET...
    folder=$1
    shift
    # Configures again where a meson.build changed; its report is of interest only when that fails.
    if ! ninja -C "$folder" build.ninja >build/configure.log 2>&1; then
        cat build/configure.log >&2
        exit 1
    fi
    ninja --quiet -C "$folder" ${JOBS:+-j "$JOBS"} "$@"
}

sanitize="-Doptimization=1 -Ddebug=true -Db_lundef=false"
case $kind in
release)
    configure build/release --buildtype=release
    compile build/release "$@"
    ln -sf release/src/cli/conduit-connector-s3 build/conduit-connector-s3
    ;;
asan)
    # shellcheck disable=SC2086 # a list of options
    configure build/asan $sanitize -Db_sanitize=address,undefined
    compile build/asan "$@"
    ;;
tsan)
    # shellcheck disable=SC2086
    configure build/tsan $sanitize -Db_sanitize=thread
    compile build/tsan "$@"
    ;;
fuzz)
    # shellcheck disable=SC2086
    CC=clang-14 configure build/fuzz $sanitize -Db_sanitize=address,undefined -Dfuzz=true
    compile build/fuzz "$@"
    ;;
install)
    meson configure build/release --prefix "${1:-/usr/local}"
    DESTDIR="${2:-}" meson install --quiet -C build/release
    ;;
*)
    echo "build.sh: unknown kind '$kind': release, asan, tsan, fuzz or install" >&2
    exit 2
    ;;
esac
