#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The licence line comes first in every file of code; no paths of one machine, no marks of unfinished work.
bad=0
for file in $(find include src tests scripts demo.sh test.sh .ci/run -type f \
    \( -name '*.[ch]' -o -name '*.py' -o -name '*.sh' -o -path '.ci/run' \) -size +0); do
    if ! head -n 2 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0'; then
        echo "$file: no SPDX line"
        bad=1
    fi
done
marks='\b(TO''DO|FIX''ME|XX''X)\b|/wor''k/|/ro''ot/|/hom''e/[a-z]'
if git rev-parse --git-dir >/dev/null 2>&1; then
    git grep -nIE "$marks" -- . ':!LICENSE' ':!*.sum' ':!tests/vectors' && bad=1
fi
exit $bad
