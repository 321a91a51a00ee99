/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every fuzz target includes. A target takes any bytes and holds the code against properties that are true of all input; the
 * bytes end where the sanitizer sees it. libFuzzer drives it in the `fuzz` build, replay.c over its corpus in every other.
 */
#ifndef S3C_TESTS_FUZZ_H
#define S3C_TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool ok)
{
    if (!ok)
        abort();
}

#endif
