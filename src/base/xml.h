/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pull parser for the XML that S3 servers really send. It is not a validating parser: it accepts control characters and
 * character references below U+0020 (Ceph prints &#x01;), skips declarations, comments, processing instructions and DOCTYPE
 * without reading entities from them, ignores attributes and namespace prefixes ("s3:Key" is reported as "Key").
 *
 * Input is one complete body that outlives the parser and is MODIFIED: text is unescaped in place. Not thread-safe.
 * Limits: depth <= S3C_XML_MAX_DEPTH. Ill-formed input (unclosed or mismatched tags, text after the root, early end) is an error;
 * an '&' that begins no known reference (also &#0;) is kept as it is.
 *
 *     struct s3c_xml x; s3c_xml_init(&x, body, len);
 *     while ((r = s3c_xml_next(&x)) > 0) ...
 */
#ifndef S3C_BASE_XML_H
#define S3C_BASE_XML_H

#include <s3c/error.h>
#include <s3c/view.h>

#define S3C_XML_MAX_DEPTH 16

enum s3c_xml_event {
    S3C_XML_START = 1, /* name */
    /* text, unescaped: one event per run, CDATA joined in; a run of nothing but white space is not reported */
    S3C_XML_TEXT = 2,
    S3C_XML_END = 3, /* name */
};

struct s3c_xml {
    char *p, *end;
    struct s3c_view name; /* of the element just started or ended, without prefix */
    struct s3c_view text; /* of S3C_XML_TEXT; valid as long as the input */
    int depth; /* of the current element: 1 = root; at S3C_XML_END still counts the element that ends */
    struct s3c_view stack[S3C_XML_MAX_DEPTH];
    int state;           /* private: START of an empty element still owes its END */
    const char *problem; /* static text after a negative return */
};

void s3c_xml_init(struct s3c_xml *x, char *body, size_t len);
/* Returns an event (> 0), 0 after the root has ended and only white space follows, or S3C_E_PROTOCOL (x->problem says why). */
S3C_MUST_USE int s3c_xml_next(struct s3c_xml *x);
/*
 * Reads the text of the element just started up to and including its end: *ret is empty (ptr not NULL) for an empty element.
 * Child elements inside it are S3C_E_PROTOCOL. The fast path of listings: one memchr, unescaping only where there is an '&'.
 */
S3C_MUST_USE int s3c_xml_text(struct s3c_xml *x, struct s3c_view *ret);
/* Skips the element just started with all that is in it. 0 or S3C_E_PROTOCOL. */
S3C_MUST_USE int s3c_xml_skip(struct s3c_xml *x);

#endif
