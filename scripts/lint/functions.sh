#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No function of more than 100 lines or a McCabe complexity above 25 (a switch counts once).
if ! command -v pmccabe >/dev/null; then
    echo "pmccabe is not installed (make deps)"
    exit 1
fi
find src tests -name '*.c' -exec pmccabe {} + | awk -F '\t' '
    $1 > 25 { print $6 ": complexity " $1 " > 25: split it"; bad = 1 }
    $5 > 100 { print $6 ": " $5 " lines > 100: split it"; bad = 1 }
    END { exit bad }'
