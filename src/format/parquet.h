/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parquet files of the reference's five columns: operation (STRING), position (bytes), payload (bytes, `after`, null where there is none),
 * key (bytes, null where there is none), metadata (MAP of STRING to STRING; null and empty are told apart). The same records give the
 * same bytes. A record of more than 1 GiB is S3C_E_TOO_LARGE.
 */
#ifndef S3C_FORMAT_PARQUET_H
#define S3C_FORMAT_PARQUET_H

#include "format/codec.h"
#include "format/format.h"

struct s3c_parquet_options {
    enum s3c_codec codec;
    size_t group_bytes; /* a row group ends when its records take this much memory; at least 1 */
};

S3C_MUST_USE int s3c_parquet_format_new(struct s3c_format **ret,
                                        const struct s3c_parquet_options *o,
                                        struct s3c_error *err); /* 0, S3C_E_NOMEM */

#endif
