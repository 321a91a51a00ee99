/* SPDX-License-Identifier: Apache-2.0 */
/* An environment as a table, with the AWS files out of the way of whoever runs the tests. */
#ifndef S3C_TESTS_FAKE_ENV_H
#define S3C_TESTS_FAKE_ENV_H

#include <stddef.h>
#include <string.h>

struct fake_env {
    const char *pairs[12]; /* name, value, ... NULL */
};

static inline const char *fake_getenv(void *ctx, const char *name)
{
    const struct fake_env *e = ctx;

    for (size_t i = 0; e && i + 1 < sizeof(e->pairs) / sizeof(e->pairs[0]) && e->pairs[i]; i += 2)
        if (strcmp(e->pairs[i], name) == 0)
            return e->pairs[i + 1];
    if (strcmp(name, "AWS_CONFIG_FILE") == 0 || strcmp(name, "AWS_SHARED_CREDENTIALS_FILE") == 0)
        return "/nonexistent/s3c-tests";
    return NULL;
}

#endif
