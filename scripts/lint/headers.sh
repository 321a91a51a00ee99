#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every public header compiles alone, as strict C11 and as C++.
bad=0
for header in include/s3c/*.h; do
    name=${header#include/}
    for language in "cc -x c -std=c11" "c++ -x c++ -std=c++11"; do
        # shellcheck disable=SC2086 # a command with its options
        echo "#include <$name>" | $language -pedantic -Wall -Wextra -Werror -fsyntax-only -Iinclude - || {
            echo "$header does not compile alone: $language"
            bad=1
        }
    done
done
exit $bad
