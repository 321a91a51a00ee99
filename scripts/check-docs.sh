#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The option table between README.md's markers is the one that the code's table generates. --write puts it there.
# Uses the newest docgen of any build (or $DOCGEN); where nothing is built there is nothing to compare with.
set -eu
cd "$(dirname "$0")/.."

# shellcheck disable=SC2012 # names without spaces
docgen=${DOCGEN:-$(ls -t build/*/src/cli/docgen 2>/dev/null | head -n 1)}
[ -n "$docgen" ] || exit 0

wanted=$(mktemp)
trap 'rm -f "$wanted" "$wanted.table"' EXIT
"$docgen" options >"$wanted.table"
awk -v table="$wanted.table" '
    /<!-- options:begin -->/ { print; while ((getline line < table) > 0) print line; inside = 1; seen = 1; next }
    /<!-- options:end -->/ { inside = 0 }
    !inside { print }
    END { exit seen ? 0 : 1 }' README.md >"$wanted" || {
    echo "README.md: the marker <!-- options:begin --> is missing"
    exit 1
}
cmp -s "$wanted" README.md && exit 0
if [ "${1:-}" = --write ]; then
    cat "$wanted" >README.md
    exit 0
fi
echo "README.md: the option table is not that of src/config/options.c; run scripts/check-docs.sh --write"
exit 1
