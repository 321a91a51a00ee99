#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The library keeps no mutable state outside its objects: its archives have no symbols in .data or .bss. Needs a release build.
archives=$(find build/release/src -name '*.a' 2>/dev/null)
[ -n "$archives" ] || exit 0
# shellcheck disable=SC2086 # names without spaces
found=$(objdump -t $archives 2>/dev/null | awk '
    /file format/ { object = $1 }
    $3 == "O" && $4 ~ /^\.(data|bss)$/ { print object " " $NF }
    $4 == "O" && $5 ~ /^\.(data|bss)$/ { print object " " $NF }')
[ -z "$found" ] && exit 0
printf '%s: mutable global\n' "$found"
exit 1
