/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations as rows: names, values and where they come from. */
#ifndef S3C_TESTS_BUILD_H
#define S3C_TESTS_BUILD_H

#include "base/view.h"
#include "config/config.h"
#include "fake_env.h"

#define SETS_MAX 8

struct set {
    const char *name, *value;
    enum s3c_origin origin;
};

struct built {
    struct s3c_config *c;
    int r;
    struct s3c_error err;
};

static inline struct built build(enum s3c_side side, const struct set *sets,
                                 const struct fake_env *env)
{
    struct built b = {0};
    int r = s3c_config_new(&b.c, side, &b.err);

    if (r == 0)
        s3c_config_set_env(b.c, fake_getenv, (void *)env);
    for (; r == 0 && sets->name; sets++)
        r = s3c_config_set(b.c, s3c_view_str(sets->name), s3c_view_str(sets->value), sets->origin,
                           &b.err);
    b.r = r == 0 ? s3c_config_finish(b.c, &b.err) : r;
    return b;
}

#define SOURCE_BASE                                 \
    {"aws.bucket", "b", S3C_FROM_FILE},             \
    {                                               \
        "aws.region", "eu-central-1", S3C_FROM_FILE \
    }
#define CLI   S3C_FROM_COMMAND_LINE
#define FILE_ S3C_FROM_FILE

#endif
