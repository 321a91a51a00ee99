/* SPDX-License-Identifier: Apache-2.0 */
/* Times of a listing: the same results as s3c_time_parse_rfc3339, with the day of the last one remembered. */
#ifndef S3C_S3_LIST_TIME_H
#define S3C_S3_LIST_TIME_H

#include "base/clock.h"

struct s3c_list_day { /* all zero = none yet */
    char date[10];
    int64_t start_ns;
};

/* 0 or S3C_E_INVALID. */
S3C_MUST_USE int s3c_list_time(struct s3c_list_day *day, struct s3c_view v, int64_t *ret_ns);

#endif
