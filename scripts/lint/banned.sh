#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Calls that are easy to get wrong (base/banned.h poisons them too, where it is included), and allocations past base/mem.h.
# The pragma may go over several lines.
list=$(sed -n '/^#pragma GCC poison/,/[^\\]$/p' src/base/banned.h | sed 's/^#pragma GCC poison//' | tr -s ' \\\n' '|' |
    sed 's/^|//; s/|$//')
bad=0
if [ -z "$list" ]; then
    echo "src/base/banned.h no longer holds the list of banned calls"
    exit 1
fi
grep -rnE "(^|[^_[:alnum:]])($list)[[:space:]]*\(" src tests --include='*.c' --include='*.h' && bad=1
grep -rnE '(^|[^_[:alnum:].>])(malloc|calloc|realloc|strdup|strndup)[[:space:]]*\(' src --include='*.c' --include='*.h' |
    grep -vE '^src/base/mem\.[ch]:' && bad=1
[ $bad -eq 0 ] || echo "banned: use base/buf.h, base/view.h and base/mem.h"
exit $bad
