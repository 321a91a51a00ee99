/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the template share: its parts, times, encoded values, and the way into a payload. */
#ifndef S3C_RECORD_TEMPLATE_PRIVATE_H
#define S3C_RECORD_TEMPLATE_PRIVATE_H

#include "base/view.h"
#include "record/template.h"

/* What readers of Hive partitions take for null. */
#define S3C_HIVE_NULL "__HIVE_DEFAULT_PARTITION__"

enum s3c_template_kind {
    S3C_PART_TEXT,
    S3C_PART_NAME,
    S3C_PART_POSITION,
    S3C_PART_TIME,
    S3C_PART_SHARD,
    S3C_PART_RECORD, /* from here on they divide */
    S3C_PART_COLLECTION,
    S3C_PART_METADATA,
    S3C_PART_PAYLOAD,
};

struct s3c_template_part {
    enum s3c_template_kind kind;
    struct s3c_view field; /* as the option has it, without its braces */
    struct s3c_view
        text; /* TEXT; format of TIME and RECORD; name of METADATA; path of PAYLOAD: names with NUL between them */
};

struct s3c_template {
    char *texts; /* what the parts' views point into; adjacent texts are adjacent there */
    struct s3c_template_part *parts;
    size_t count, capacity;
    size_t room; /* for the values of all parts that divide */
    bool write_once, divides, reads_payload;
};

static inline bool s3c_template_part_divides(const struct s3c_template_part *p)
{
    return p->kind >= S3C_PART_RECORD;
}

/* Longest text of a format; 0: it is none, and *bad is where it is wrong (empty at its end). */
size_t s3c_template_time_width(struct s3c_view format, struct s3c_view *bad);
/* Appends a time in a format that was checked. */
S3C_MUST_USE int s3c_template_time(struct s3c_buf *out, struct s3c_view format, int64_t ns);

/* Appends a value in the form that cannot change folders (template.h), or S3C_HIVE_NULL for an empty one. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_template_encode(struct s3c_buf *out, struct s3c_view value);

/*
 * The string, number or boolean that a path leads to in a JSON text, which is not modified. *ret lies in the text or in `scratch`, or is empty: there is
 * none, or the text is no JSON as far as it was read. 0, or S3C_E_TOO_LARGE: a string that is longer than any key.
 */
struct s3c_json_scratch {
    char text[6 * S3C_KEY_MAX + 2]; /* an escape has at most six characters for a byte */
};
S3C_MUST_USE int s3c_json_path(struct s3c_view json, struct s3c_view path,
                               struct s3c_json_scratch *scratch, struct s3c_view *ret);

#endif
