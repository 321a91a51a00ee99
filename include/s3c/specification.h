/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table as a specification in Conduit's terms: what the plugin tells its host and `spec --json` prints.
 *
 * Each option is a parameter under its canonical name. Its camelCase spelling, if it has one, follows as a parameter of its own,
 * without default and validation, because a host would otherwise fill in and demand both.
 */
#ifndef S3C_SPECIFICATION_H
#define S3C_SPECIFICATION_H

#include <s3c/config.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the connector says of itself. Static texts. */
struct s3c_about {
    const char *name, *summary, *description;
    const char *version; /* "v1.2.3" */
    const char *author;
};
S3C_PUBLIC const struct s3c_about *s3c_about(void);

/* The numbers of config.v1 of Conduit's protobuf. */
enum s3c_parameter_type {
    S3C_PARAMETER_STRING = 1,
    S3C_PARAMETER_INT = 2,
    S3C_PARAMETER_FLOAT = 3,
    S3C_PARAMETER_BOOL = 4,
    S3C_PARAMETER_FILE = 5,
    S3C_PARAMETER_DURATION = 6,
};
enum s3c_validation_type {
    S3C_VALIDATION_REQUIRED = 1,
    S3C_VALIDATION_GREATER_THAN = 2,
    S3C_VALIDATION_LESS_THAN = 3,
    S3C_VALIDATION_INCLUSION = 4,
};

struct s3c_validation {
    enum s3c_validation_type type;
    char value[64]; /* a number, or words with commas between; "" for required */
};

struct s3c_parameter {
    const char *name;
    const char *def; /* never NULL */
    char description[256];
    enum s3c_parameter_type type;
    struct s3c_validation validations[3];
    size_t validation_count;
};

/*
 * Calls `each` for the parameters of a side (S3C_SOURCE or S3C_DESTINATION, with S3C_PLUGIN for the sdk.* ones) in the table's order;
 * what it gets is valid during the call, but for name and def, which are static. Stops at, and returns, a negative result of `each`; else 0.
 */
typedef int s3c_parameter_fn(void *ctx, const struct s3c_parameter *p);
S3C_PUBLIC S3C_MUST_USE int s3c_specification_each(unsigned side, s3c_parameter_fn *each,
                                                   void *ctx);

/* "string", "int", "greater-than", ... as Conduit writes them. */
S3C_PUBLIC const char *s3c_parameter_type_name(enum s3c_parameter_type type);
S3C_PUBLIC const char *s3c_validation_type_name(enum s3c_validation_type type);

#ifdef __cplusplus
}
#endif
#endif
