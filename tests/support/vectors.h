/* SPDX-License-Identifier: Apache-2.0 */
/* Test vectors: tests/vectors/<suite>/<case>/<file>. A new case is a new folder, no C. */
#ifndef S3C_TESTS_VECTORS_H
#define S3C_TESTS_VECTORS_H

#include <stddef.h>

struct check_vector {
    const char *name; /* of the case */
    char dir[1024];
};

/* Runs fn for each case of the suite, in order of name; the test fails if there is none. */
void check_each_vector(const char *suite, void (*fn)(const struct check_vector *v));
/* A file of the case with a NUL behind it, for free(); NULL if the case has no such file. */
char *check_vector_read(const struct check_vector *v, const char *file, size_t *ret_len);

#endif
