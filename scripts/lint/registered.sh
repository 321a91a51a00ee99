#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every C file is named in the meson.build of its folder or of a folder above: a forgotten test would never run.
bad=0
for file in $(find src tests -name '*.c' -not -path '*/vectors/*' | sort); do
    folder=$(dirname "$file")
    stem=$(basename "$file" .c)
    stem=${stem#test_}
    stem=${stem#fuzz_}
    known=no
    while :; do
        if [ -f "$folder/meson.build" ] && grep -qE "(^|[^[:alnum:]_])(test_|fuzz_)?$stem([^[:alnum:]_]|$)" \
            "$folder/meson.build"; then
            known=yes
            break
        fi
        case $folder in
        */*) folder=$(dirname "$folder") ;;
        *) break ;;
        esac
    done
    [ $known = yes ] || {
        echo "$file is in no meson.build"
        bad=1
    }
done
exit $bad
