#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# clang-format, one pinned version, over every C file. --check prints the files that differ; --write rewrites them.
set -eu
cd "$(dirname "$0")/.."

tool=clang-format-14 # another version formats some lines otherwise
if ! command -v $tool >/dev/null; then
    echo "format.sh: $tool is not installed (make deps)" >&2
    exit 1
fi
files=$(find include src tests -name '*.[ch]' | sort)
case ${1:---check} in
--write)
    # shellcheck disable=SC2086 # names without spaces
    $tool -i $files
    ;;
--check)
    # shellcheck disable=SC2086
    differ=$($tool --dry-run $files 2>&1 | sed -n 's/^\([^:]*\):\([0-9]*\):.*/\1/p' | sort | uniq -c)
    [ -z "$differ" ] && exit 0
    printf '%s\n' "$differ" | awk '{ print $2 ": " $1 " places; make format" }'
    exit 1
    ;;
*)
    echo "usage: format.sh --check | --write" >&2
    exit 2
    ;;
esac
