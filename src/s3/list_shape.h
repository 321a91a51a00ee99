/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fast path of a list page. The entries of a page look alike: the same tags in the same order, other texts. A shape is what one
 * entry looked like; the next one is held against it: literal tags compared, texts found by the next '<'. What does not fit
 * exactly goes to the XML parser, so that both give the same (the tests hold them against each other).
 */
#ifndef S3C_S3_LIST_SHAPE_H
#define S3C_S3_LIST_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

#include <s3c/view.h>

enum s3c_list_field {
    S3C_LIST_OTHER,
    S3C_LIST_KEY,
    S3C_LIST_ETAG,
    S3C_LIST_SIZE,
    S3C_LIST_LAST_MODIFIED,
    S3C_LIST_VERSION_ID,
    S3C_LIST_IS_LATEST,
};
enum s3c_list_field s3c_list_field_of(struct s3c_view name);

#define S3C_LIST_SHAPE_TEXTS 24
#define S3C_LIST_SHAPE_BYTES 1024

struct s3c_list_shape { /* texts == 0: none learned */
    unsigned texts;
    unsigned learned; /* how often: entries that differ all the time are not worth it */
    enum s3c_list_field field[S3C_LIST_SHAPE_TEXTS];
    uint16_t at
        [S3C_LIST_SHAPE_TEXTS +
         2]; /* tags in front of text i: [at[i], at[i + 1]) of tags; one run more behind the last text */
    char tags[S3C_LIST_SHAPE_BYTES];
};

/* Learns from the entry whose start tag ends at p. Only plain forms: no attributes, white space, CDATA, empty-element tags. */
void s3c_list_shape_learn(struct s3c_list_shape *s, const char *p, const char *end);
/*
 * Holds the entry at p against the shape: true, its texts still escaped, and *ret_end = its end tag; or false. Does not modify. Bit i of
 * *ret_escaped: text i has an '&'.
 */
bool s3c_list_shape_match(const struct s3c_list_shape *s, char *p, char *end,
                          struct s3c_view texts[S3C_LIST_SHAPE_TEXTS], uint32_t *ret_escaped,
                          char **ret_end);

#endif
