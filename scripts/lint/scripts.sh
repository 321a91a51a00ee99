#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Shell scripts parse in the shell that they name, Python files compile.
bad=0
for file in $(find scripts demo.sh test.sh .ci/run -type f \( -name '*.sh' -o -path '.ci/run' \)); do
    case $(head -n 1 "$file") in
    *bash) bash -n "$file" || bad=1 ;;
    *) sh -n "$file" || bad=1 ;;
    esac
done
for file in $(find tests scripts -name '*.py'); do
    python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' "$file" || bad=1
done
exit $bad
