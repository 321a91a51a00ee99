/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies of a file's records, packed one after the other, for as long as some of them may have to go into another file (dest/once.h). Not thread-safe.
 */
#ifndef S3C_DEST_RETAINED_H
#define S3C_DEST_RETAINED_H

#include <s3c/record.h>

#include "base/buf.h"

struct s3c_retained { /* all zero is empty */
    char *bytes;
    size_t len, cap;
    const struct s3c_schema **schemas; /* references, each once as long as it stays the same */
    size_t schema_count, schema_cap;
    struct s3c_metadata *metadata; /* of the record that was read last */
    size_t metadata_cap;
};

/* 0; S3C_E_NOMEM: nothing has changed. */
S3C_MUST_USE int s3c_retained_add(struct s3c_retained *t, const struct s3c_record *r);
/* Takes the record that was added last out again; `before` is what len was. */
void s3c_retained_undo(struct s3c_retained *t, size_t before);
/*
 * Walks the records: *cursor starts at 0. 1: *ret, whose views are valid until something is added, its metadata until the next read; 0: there
 * are no more; S3C_E_NOMEM.
 */
S3C_MUST_USE int s3c_retained_read(struct s3c_retained *t, size_t *cursor, struct s3c_record *ret);
/* Gives back memory that is not used; what was read last is no longer valid. */
void s3c_retained_trim(struct s3c_retained *t);
size_t s3c_retained_bytes(const struct s3c_retained *t); /* of memory */
void s3c_retained_done(struct s3c_retained *t);          /* idempotent; empty then */

#endif
