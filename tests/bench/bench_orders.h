/* SPDX-License-Identifier: Apache-2.0 */
#ifndef S3C_TESTS_BENCH_ORDERS_H
#define S3C_TESTS_BENCH_ORDERS_H

#include <s3c/record.h>

/*
 * Change records as a database's connector sends them: random keys, JSON payloads of 200 bytes, three metadata entries of which one is a
 * time. The same each time. Never freed: the benchmark ends with the process.
 */
struct bench_orders;
struct bench_orders *bench_orders_new(size_t batch);
/* The next `batch` records, in the place of those before. */
const struct s3c_record *bench_orders_next(struct bench_orders *o);

#endif
