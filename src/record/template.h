/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.template: names of the destination's files. Text with fields in braces; "{{" is a brace. A template is parsed once, when the options are
 * checked; later nothing about it can be wrong but a record's values.
 *
 *   {prefix}           the prefix option, with a slash at its end unless it is empty or has one
 *   {name}             <time>-<writer>-<number> (DESIGN 5); with write.once 32 hex digits of the hash of the first record's position
 *   {position}         the first record's position
 *   {time:FORMAT}      wall clock when the file is named, UTC; FORMAT: %Y %m %d %H %M %S %j %s %F %T %% and text
 *   {record:FORMAT}    the record's time: opencdc.createdAt, else opencdc.readAt, else the wall clock   } these divide the records:
 *   {collection}       metadata opencdc.collection                                                      } those of one file are equal
 *   {metadata:NAME}    a metadata value                                                                 } in all of them
 *   {payload:PATH}     a scalar in the JSON payload (`after`, else `before`), PATH = names joined with dots }
 *   {shard}            the shard.index option
 *
 * The format's extension is appended. Values of {collection}, {position}, {metadata}, {payload} are percent-encoded but for letters, digits, and - _ . = + @ , : and space
 * (a value of dots only is encoded wholly), so that no value can change the folders; missing, null or empty ones are __HIVE_DEFAULT_PARTITION__.
 * Something unique is required: {name} or {position}; with write.once nothing that another run would give otherwise ({time}) is allowed.
 */
#ifndef S3C_RECORD_TEMPLATE_H
#define S3C_RECORD_TEMPLATE_H

#include <s3c/record.h>

#include "base/buf.h"

struct s3c_template;

/* 0, S3C_E_NOMEM, S3C_E_INVALID: what is wrong at which column and, for an unknown field, the nearest known one. */
S3C_MUST_USE int s3c_template_parse(struct s3c_template **ret, struct s3c_view text,
                                    bool write_once, struct s3c_error *err);
void s3c_template_free(struct s3c_template *t); /* NULL is fine */

/* Whether it divides records at all. */
bool s3c_template_divides(const struct s3c_template *t);
/*
 * Appends the record's partition: the values of the dividing fields, already encoded, each with its length in front. Records of one file have equal partitions.
 * wall_ns serves records without a time. 0, S3C_E_NOMEM, S3C_E_RECORD (a payload that is no JSON where a {payload} field is wanted is not an error: the value is missing;
 * a value longer than 512 bytes encoded is).
 */
S3C_MUST_USE int s3c_template_partition(const struct s3c_template *t, const struct s3c_record *r,
                                        int64_t wall_ns, struct s3c_buf *out,
                                        struct s3c_error *err);

struct s3c_template_file {
    struct s3c_view prefix;    /* the option */
    struct s3c_view name;      /* {name} */
    struct s3c_view partition; /* of its records */
    struct s3c_view position;  /* of its first record, raw bytes */
    struct s3c_view extension; /* without the dot */
    int64_t wall_ns;
    int64_t shard;
};
/* Appends the object's key, whole or not at all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (more than S3C_KEY_MAX bytes). */
#define S3C_KEY_MAX 1024
S3C_MUST_USE int s3c_template_render(const struct s3c_template *t,
                                     const struct s3c_template_file *f, struct s3c_buf *out);

#endif
