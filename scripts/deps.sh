#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, says nothing when nothing is: Debian packages and the Python environment in build/venv.
#
#   scripts/deps.sh build | demo | lint | fuzz | all
#
# Needs only a shell and apt; runs as root or through sudo. On other systems it says what to install by hand.
set -eu
cd "$(dirname "$0")/.."

BUILD="gcc libc6-dev meson ninja-build pkg-config libcurl4-openssl-dev libssl-dev libnghttp2-dev libzstd-dev libsnappy-dev libisal-dev libdeflate-dev libcmocka-dev"
PYTHON="python3 python3-venv ca-certificates"
LINT="$BUILD g++ clang-format-14 pmccabe python3"
FUZZ="$BUILD clang-14 libclang-rt-14-dev"
SERVERS="radosgw ceph-mon ceph-osd ceph-common stunnel4 openssl curl procps"

what=${1:-all}
python=no
case $what in
build) packages=$BUILD ;;
demo) packages="$BUILD $PYTHON" python=yes ;;
lint) packages=$LINT ;;
fuzz) packages=$FUZZ ;;
all) packages="$LINT $FUZZ $PYTHON $SERVERS" python=yes ;;
*)
    echo "deps.sh: unknown set '$what': build, demo, lint, fuzz or all" >&2
    exit 2
    ;;
esac

missing_packages() {
    # shellcheck disable=SC2086 # a list of names
    dpkg-query -W -f='${Package} ${db:Status-Status}\n' $packages 2>/dev/null | awk -v want="$packages" '
        $2 == "installed" { have[$1] = 1 }
        END { n = split(want, w, " "); for (i = 1; i <= n; i++) if (!have[w[i]]++) printf "%s ", w[i] }'
}

without_apt() {
    for tool in cc meson ninja pkg-config python3; do
        command -v "$tool" >/dev/null || lacking="${lacking:-}$tool "
    done
    for module in libcurl libcrypto libnghttp2 libzstd snappy libisal libdeflate cmocka; do
        pkg-config --exists "$module" 2>/dev/null || lacking="${lacking:-}$module "
    done
    [ -z "${lacking:-}" ] && return 0
    echo "deps.sh: this is no Debian system, so install by hand: ${lacking}(a C compiler, Meson >= 1.0, Ninja, pkg-config," \
        "development files of libcurl, OpenSSL >= 3, nghttp2, zstd, snappy, ISA-L, libdeflate and cmocka, Python >= 3.9)" >&2
    exit 1
}

install_packages() { # PACKAGE...
    if [ "$(id -u)" -eq 0 ]; then
        as_root=
    elif command -v sudo >/dev/null; then
        as_root=sudo
    else
        echo "deps.sh: these packages are missing, and neither root nor sudo is there to install them: $*" >&2
        echo "deps.sh: as root: apt-get update && apt-get install --no-install-recommends $*" >&2
        exit 1
    fi
    echo "deps: installing $*"
    log=build/deps.log
    # Without an update a fresh machine knows no packages; an old list names versions that are gone.
    if ! { $as_root apt-get -q update && $as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "$@"; } >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        echo "deps.sh: apt-get failed (all of it: $log); check the network and the package sources, then run this again" >&2
        exit 1
    fi
}

python_environment() {
    venv=build/venv
    wanted=$(cksum <tests/py/requirements.txt)
    [ -x "$venv/bin/python" ] && [ "$(cat "$venv/stamp" 2>/dev/null)" = "$wanted" ] && return 0
    echo "deps: making the Python environment $venv"
    log=build/pip.log
    # Debian's interpreter, not one that happens to come first in PATH: python3-venv belongs to it.
    interpreter=/usr/bin/python3
    [ -x "$interpreter" ] || interpreter=python3
    rm -rf "$venv"
    if ! { $interpreter -m venv "$venv" && "$venv/bin/pip" install -q --disable-pip-version-check \
        -r tests/py/requirements.txt; } >"$log" 2>&1 </dev/null; then
        tail -n 15 "$log" >&2
        echo "deps.sh: pip could not install tests/py/requirements.txt (all of it: $log)" >&2
        exit 1
    fi
    echo "$wanted" >"$venv/stamp"
}

mkdir -p build
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    missing=$(missing_packages)
    # shellcheck disable=SC2086
    [ -z "$missing" ] || install_packages $missing
else
    without_apt
fi
[ "$python" = no ] || python_environment
