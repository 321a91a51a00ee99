#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No file of code above 600 lines.
find include src tests scripts -name '*.c' -o -name '*.h' -o -name '*.py' -o -name '*.sh' | xargs wc -l |
    awk '$2 != "total" && $1 > 600 { print $2 ": " $1 " lines > 600: split it by idea"; bad = 1 } END { exit bad }'
