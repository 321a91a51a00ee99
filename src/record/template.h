/* SPDX-License-Identifier: Apache-2.0 */
/*
 * key.template: names of the destination's files. Text with fields in braces; "{{" and "}}" are braces. A template is parsed once, when the
 * options are checked; later nothing about it can be wrong but a record's values. Immutable, so threads may share it.
 *
 *   {prefix}           the prefix option, with a slash at its end unless it is empty or has one
 *   {name}             <time>-<writer>-<number> (dest/name.h); with write.once 32 hex digits of the hash of the first record's position
 *   {position}         the first record's position; 32 hex digits of its hash where that is longer than 255 bytes encoded
 *   {time:FORMAT}      wall clock when the file is named, UTC; FORMAT: %Y %m %d %H %M %S %j %s %F %T %% and text
 *   {shard}            the shard.index option
 *   These divide the records: those of one file are equal in all of them.
 *   {record:FORMAT}    the record's time: opencdc.createdAt, else opencdc.readAt, else the wall clock. With write.once createdAt alone, because
 *                      the others are not the same when the record comes again; without it the value is missing
 *   {collection}       metadata opencdc.collection
 *   {metadata:NAME}    a metadata value
 *   {payload:PATH}     a string, number or boolean in the JSON payload (`after`, else `before`); PATH = names of members joined with dots, "\." is a
 *                      dot in a name. Of members with the same name the first counts
 *
 * The format's extension is appended. In values of {collection}, {position}, {metadata} and {payload} every byte is percent-encoded but those of letters,
 * digits, - _ . + @ , space, and characters outside ASCII that can be printed; a value of dots only is encoded wholly. So no value can change the
 * folders or hold a control character, and every reader of Hive partitions gets it back. Missing, null and empty ones are __HIVE_DEFAULT_PARTITION__.
 * Something unique is required: {name} or {position}; with write.once nothing that another run would give otherwise ({time}) is allowed.
 */
#ifndef S3C_RECORD_TEMPLATE_H
#define S3C_RECORD_TEMPLATE_H

#include <s3c/record.h>

#include "base/buf.h"

#define S3C_KEY_MAX                1024 /* S3's limit, in bytes */
#define S3C_TEMPLATE_NAME_MAX      72   /* {name} */
#define S3C_TEMPLATE_EXTENSION_MAX 16

struct s3c_template;

/*
 * 0, S3C_E_NOMEM, S3C_E_INVALID: what is wrong at which column and, for an unknown field, the nearest known one; also where the longest
 * key of a record without values would not fit into S3C_KEY_MAX. `prefix` is the option. Both texts are copied.
 */
S3C_MUST_USE int s3c_template_parse(struct s3c_template **ret, struct s3c_view text,
                                    struct s3c_view prefix, bool write_once, struct s3c_error *err);
void s3c_template_free(struct s3c_template *t); /* NULL is fine */

/* Whether it divides records at all; if not, every partition is empty and costs nothing. */
bool s3c_template_divides(const struct s3c_template *t);
bool s3c_template_has_name(const struct s3c_template *t); /* {name} is in it */
/* What all keys begin with: the text in front of the first field, the prefix included. Lives as long as the template. */
struct s3c_view s3c_template_start(const struct s3c_template *t);
/* Whether a key could begin with `prefix` (of at most S3C_KEY_MAX bytes; longer ones: no), whatever the records hold. */
bool s3c_template_may_begin(const struct s3c_template *t, struct s3c_view prefix);
/*
 * Appends the record's partition: the values of the dividing fields, already encoded, each with its length in front; whole or not at all. Records of one
 * file have equal partitions. wall_ns serves records without a time. A payload that is no JSON has no values, which is not an error. Avro data are read as
 * the JSON that avro/to_json.h makes of them.
 * 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (out->max), S3C_E_RECORD: the values do not fit into a key, or the Avro data are not of their schema. After 0 the key will fit.
 */
S3C_MUST_USE int s3c_template_partition(const struct s3c_template *t, const struct s3c_record *r,
                                        int64_t wall_ns, struct s3c_buf *out,
                                        struct s3c_error *err);

struct s3c_template_file {
    struct s3c_view name;      /* {name}, at most S3C_TEMPLATE_NAME_MAX bytes */
    struct s3c_view partition; /* of its records */
    struct s3c_view position;  /* of its first record, raw bytes */
    const char *extension;     /* without the first dot, at most S3C_TEMPLATE_EXTENSION_MAX bytes */
    int64_t wall_ns;
    int64_t shard;
};
/* Appends the object's key, at most S3C_KEY_MAX bytes, whole or not at all. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (out->max). */
S3C_MUST_USE int s3c_template_render(const struct s3c_template *t,
                                     const struct s3c_template_file *f, struct s3c_buf *out);

/* Appends a key as people would see it, with <metadata:region> where a record's value would be. Position and partition of *f are not read. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE (out->max). */
S3C_MUST_USE int s3c_template_example(const struct s3c_template *t,
                                      const struct s3c_template_file *f, struct s3c_buf *out);

#endif
