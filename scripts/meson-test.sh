#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs the C tests of one build (scripts/build.sh makes it) and shows the output of those that fail.
#
#   scripts/meson-test.sh release|asan|tsan [MESON TEST OPTION...]
set -u
cd "$(dirname "$0")/.."
kind=${1:?release, asan or tsan}
shift

export ASAN_OPTIONS="${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}"
export UBSAN_OPTIONS="${UBSAN_OPTIONS:-halt_on_error=1:print_stacktrace=1}"
export TSAN_OPTIONS="${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}"
limit=1
[ "$kind" = release ] || limit=5 # sanitizers cost time, not correctness
exec meson test -C "build/$kind" --no-rebuild --print-errorlogs --timeout-multiplier "$limit" "$@" </dev/null
