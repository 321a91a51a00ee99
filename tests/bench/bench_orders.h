/* SPDX-License-Identifier: Apache-2.0 */
#ifndef S3C_TESTS_BENCH_ORDERS_H
#define S3C_TESTS_BENCH_ORDERS_H

#include <s3c/record.h>

/*
 * `count` change records as a database's connector sends them: random keys, JSON payloads of 200 bytes, three metadata entries of which
 * one is a time. The same each time. Never freed: the benchmark ends with the process.
 */
struct s3c_record *bench_orders_new(size_t count);

#endif
