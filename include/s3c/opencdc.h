/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record as one line of OpenCDC JSON, as Conduit writes it (Record.Bytes of conduit-commons):
 * {"position":"<base64>","operation":"create","metadata":{...sorted},"key":K,"payload":{"before":B,"after":A}} where raw data is a
 * base64 string, structured data an object, nil null; '<', '>', '&', U+2028 and U+2029 are escaped as \u003c ...; absent metadata is null.
 * Byte for byte, except that \b and \f, which Conduit's JSON library spells \u0008 and \u000c, are written as encoding/json does.
 */
#ifndef S3C_OPENCDC_H
#define S3C_OPENCDC_H

#include <s3c/buf.h>
#include <s3c/record.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Appends the line with its LF, whole or not at all. Metadata is written in the order given (sorted by contract); line breaks
 * in structured data become spaces; a nil position (ptr NULL) is null. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE, S3C_E_RECORD (no such
 * operation or kind of data). */
S3C_PUBLIC S3C_MUST_USE int s3c_opencdc_encode(struct s3c_buf *out, const struct s3c_record *r);

/* For people (`--raw text`): the same line, but raw key, position and payload as JSON strings of their text; bytes that are not UTF-8
 * become U+FFFD, so it cannot be read back. */
S3C_PUBLIC S3C_MUST_USE int s3c_opencdc_encode_text(struct s3c_buf *out,
                                                    const struct s3c_record *r);

/* Owns what decoded records point to, besides the lines themselves. Not thread-safe. */
struct s3c_opencdc_decoder;
S3C_PUBLIC S3C_MUST_USE int s3c_opencdc_decoder_new(struct s3c_opencdc_decoder **ret,
                                                    struct s3c_error *err);
S3C_PUBLIC void s3c_opencdc_decoder_free(struct s3c_opencdc_decoder *d);
/* All records decoded so far become invalid. */
S3C_PUBLIC void s3c_opencdc_decoder_reset(struct s3c_opencdc_decoder *d);
/*
 * Reads one line (without LF). The line is MODIFIED and must outlive the record. Accepts fields in any order and any JSON white
 * space; unknown fields are skipped; missing ones are nil. Structured data keeps its text byte for byte; metadata comes out
 * sorted. 0, S3C_E_RECORD (what is wrong, at which column), S3C_E_NOMEM.
 */
S3C_PUBLIC S3C_MUST_USE int s3c_opencdc_decode(struct s3c_opencdc_decoder *d, char *line,
                                               size_t len, struct s3c_record *ret,
                                               struct s3c_error *err);

/* "create", "update", "delete", "snapshot"; NULL for others. */
S3C_PUBLIC const char *s3c_operation_name(enum s3c_operation op);

#ifdef __cplusplus
}
#endif
#endif
