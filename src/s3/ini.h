/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The INI dialect of the AWS configuration files, line by line: pure, allocation-free. Comments are whole lines (# or ;); section
 * and key names end at the line; an indented line below `name =` belongs to that name's nested block.
 */
#ifndef S3C_S3_INI_H
#define S3C_S3_INI_H

#include <stdbool.h>

#include <s3c/error.h>
#include <s3c/view.h>

struct s3c_ini {
    struct s3c_view rest;
    struct s3c_view section; /* between the brackets, trimmed; empty before the first */
    struct s3c_view
        block; /* the key that an indented pair is nested under; empty for a pair of the section itself */
    struct s3c_view key, value; /* trimmed */
    struct s3c_view last_key;   /* private */
    bool indented;              /* private */
};

void s3c_ini_init(struct s3c_ini *i, struct s3c_view text);
/* Goes to the next pair. Lines that are none are skipped: a profile nobody asked for may hold anything. */
S3C_MUST_USE bool s3c_ini_next(struct s3c_ini *i);

#endif
