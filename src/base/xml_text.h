/* SPDX-License-Identifier: Apache-2.0 */
/* The character level below base/xml.h: finding the ends of names and texts, and undoing references. Pure. */
#ifndef S3C_BASE_XML_TEXT_H
#define S3C_BASE_XML_TEXT_H

#include <stddef.h>

/* First byte of [p, end) that cannot be in a local name: '>', '/', ':' or any up to the space; end if there is none. */
char *s3c_xml_name_end(char *p, char *end);
/* First '<' or '&' of [p, end), or end. */
char *s3c_xml_text_end(char *p, char *end);
/*
 * Moves the text [p, end) to dst <= p and turns its references into UTF-8: the five named ones and numeric ones, control
 * characters included. What is no such reference (also &#0; and surrogates) stays as it is. Returns the end at dst.
 */
char *s3c_xml_unescape(char *dst, char *p, char *end);

#endif
