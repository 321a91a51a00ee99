/* SPDX-License-Identifier: Apache-2.0 */
#ifndef S3C_TESTS_BENCH_RECORDS_H
#define S3C_TESTS_BENCH_RECORDS_H

#include <s3c/record.h>

enum { BENCH_METADATA_FEW = 4, BENCH_METADATA_MAX = 11 };

/* `count` records with JSON payloads of payload_size bytes and the first metadata_count usual metadata entries. Never freed: the
 * benchmark ends with the process. */
struct s3c_record *bench_records_new(size_t count, size_t payload_size, size_t metadata_count);

#endif
