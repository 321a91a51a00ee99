/* SPDX-License-Identifier: Apache-2.0 */
/* A folder of a test's own, and whole files in it. Aborts on trouble with the file system. */
#ifndef S3C_TESTS_CLI_SCRATCH_H
#define S3C_TESTS_CLI_SCRATCH_H

#include <stddef.h>

struct scratch {
    char folder[64];
    char path[128]; /* of `name` in it */
};

void scratch_begin(struct scratch *s, const char *name);
void scratch_end(struct scratch *s); /* removes the folder and what is in it */
void scratch_write(const char *path, const void *p, size_t n);
size_t scratch_read(const char *path, char *dst, size_t size); /* NUL-terminated; bytes read */
int scratch_count(const char *folder);                         /* entries in it */

#endif
