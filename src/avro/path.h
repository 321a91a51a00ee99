/* SPDX-License-Identifier: Apache-2.0 */
/* Where in a value something is wrong: "items[3].price". Made from the inside out while a failure returns, so that it costs nothing where all is well. */
#ifndef S3C_AVRO_PATH_H
#define S3C_AVRO_PATH_H

#include <stdint.h>

#include "base/view.h"

#define AVRO_PATH_MAX 200

struct avro_path {
    char text[AVRO_PATH_MAX]; /* at its end, no NUL */
    size_t len;
};

/* Each puts a step in front of what is there: ".name", "[3]", "[\"key\"]". */
void avro_path_field(struct avro_path *p, struct s3c_view name);
void avro_path_item(struct avro_path *p, uint64_t index);
void avro_path_key(struct avro_path *p, struct s3c_view key);

/* In messages, with the name of the whole in front. */
#define AVRO_PATH_FORMAT         "%s%.*s"
#define AVRO_PATH_ARGS(whole, p) (whole), (int)(p)->len, (p)->text + (AVRO_PATH_MAX - (p)->len)

#endif
