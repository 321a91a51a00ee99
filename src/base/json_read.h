/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict JSON reader (RFC 8259) over one text in memory, in a single pass, without allocation.
 *
 * Why not jansson: it refuses integers beyond 2^63, and it cannot hand back the text of a value as it stood, which structured data
 * must keep. Here a value is either read (a string, unescaped in place; an object, member by member) or skipped and given back
 * as its unchanged text. Input that is not UTF-8, white space that JSON does not know, and nesting beyond
 * S3C_JSON_MAX_DEPTH are errors.
 *
 * Every function returns 0 or S3C_E_RECORD; then `problem` says what is wrong and s3c_json_column where. Not thread-safe.
 */
#ifndef S3C_BASE_JSON_READ_H
#define S3C_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#include <s3c/error.h>
#include <s3c/view.h>

#define S3C_JSON_MAX_DEPTH 512

struct s3c_json_reader {
    char *start, *p, *end; /* the text is modified where strings are unescaped */
    unsigned depth;
    const char *problem; /* static text, NULL = none so far */
    const char *problem_at;
};

void s3c_json_reader_init(struct s3c_json_reader *r, char *text, size_t len);
size_t s3c_json_column(const struct s3c_json_reader *r); /* of the problem, in bytes, from 1 */
/* Records a problem of the value that begins at `at`; always S3C_E_RECORD. For what is right as JSON but not as what is read. */
int s3c_json_fail(struct s3c_json_reader *r, const char *at, const char *problem);

/* First character of the next token, white space skipped; '\0' at the end. Consumes nothing else. */
char s3c_json_peek(struct s3c_json_reader *r);

/* *ret is valid UTF-8 and lies in the text. */
S3C_MUST_USE int s3c_json_read_string(struct s3c_json_reader *r, struct s3c_view *ret);
S3C_MUST_USE int s3c_json_read_null(struct s3c_json_reader *r);
/* Any value; *ret (may be NULL) is its text, unchanged. */
S3C_MUST_USE int s3c_json_skip(struct s3c_json_reader *r, struct s3c_view *ret);

/* `for (r = begin(); r == 0 && (r = member(..., &first, &name)) == 0;) r = <read the value>`; S3C_END: the object was complete. */
S3C_MUST_USE int s3c_json_object_begin(struct s3c_json_reader *r, bool *first);
S3C_MUST_USE int s3c_json_object_member(struct s3c_json_reader *r, bool *first,
                                        struct s3c_view *name);
/* The same, but the text stays as it is: *name is what stands between the quotes, escapes included. With s3c_json_skip nothing is ever modified. */
S3C_MUST_USE int s3c_json_object_member_text(struct s3c_json_reader *r, bool *first,
                                             struct s3c_view *name);

/* The same for an array; an item of 0 says that an element is there to be read. */
S3C_MUST_USE int s3c_json_array_begin(struct s3c_json_reader *r, bool *first);
S3C_MUST_USE int s3c_json_array_item(struct s3c_json_reader *r, bool *first);

/* Nothing but white space may follow. */
S3C_MUST_USE int s3c_json_finish(struct s3c_json_reader *r);

#endif
