#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the plugin (and the reference beside it) through tests/conduit/suite; the report becomes REPORT (JUnit).
#
#   scripts/conduit-suite.sh REPORT [GO TEST OPTION...]        e.g. -test.run TestSource
#
# Without a Go new enough the report holds one skipped case, and says so.
set -u
cd "$(dirname "$0")/.."

report=${1:?usage: conduit-suite.sh REPORT [OPTION...]}
shift
log=${report%.xml}.log
scripts/conduit-build.sh
case $? in
0) ;;
3)
    echo "no Go >= 1.25" | python3 scripts/go_junit.py --skipped "$report"
    exit 0
    ;;
*)
    python3 scripts/go_junit.py "$report" </dev/null # no test has run: a failure
    exit 1
    ;;
esac
cd tests/conduit/suite && ../../../build/conduit/suite.test -test.v -test.parallel 6 -test.timeout 20m "$@" </dev/null >"$OLDPWD/$log" 2>&1
cd "$OLDPWD" && python3 scripts/go_junit.py "$report" <"$log"
