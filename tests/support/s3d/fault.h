/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The queue of faults: what is to go wrong, for which requests, how often. The first fault in the queue that fits a request and
 * has not been used up applies, alone. README.md has the table of kinds and parameters.
 */
#ifndef S3D_FAULT_H
#define S3D_FAULT_H

#include "op.h"

#define S3D_FAULT_KINDS(X)                                                            \
    X(STATUS, "status") /* any status, code, message */                               \
    X(SLOW_DOWN, "slowdown")                                                          \
    X(RESET_BEFORE, "reset-before") /* RST instead of a reply */                      \
    X(RESET_INSIDE, "reset-inside") /* RST after `bytes` of the body */               \
    X(TRUNCATE, "truncate")         /* FIN after `bytes` of the body */               \
    X(STALL, "stall")               /* a pause of `ms` after `bytes` of the body */   \
    X(DELAY, "delay")               /* the reply comes `ms` later */                  \
    X(ERROR_200, "error-200")       /* 200 OK whose body is <Error> */                \
    X(GARBAGE_XML, "garbage-xml")                                                     \
    X(SKEW_DATE, "skew-date")         /* the server's clock is `seconds` off */       \
    X(REDIRECT, "redirect")           /* 301, or 307 with `status`; names `region` */ \
    X(LYING_MARKERS, "lying-markers") /* listings that do not advance: `mode` */      \
    X(VANISH, "vanish")               /* NoSuchKey or NoSuchVersion though listed */  \
    X(PRECONDITION, "precondition")   /* 412 */                                       \
    X(EXPIRED_TOKEN, "expired-token")

enum s3d_fault_kind {
#define X(name, text) S3D_FAULT_##name,
    S3D_FAULT_KINDS(X)
#undef X
        S3D_FAULT_KIND_COUNT
};

enum s3d_lie {
    S3D_LIE_NONE,
    S3D_LIE_REPEAT,  /* the first page again, whatever the markers */
    S3D_LIE_SAME,    /* the next markers are the request's */
    S3D_LIE_MISSING, /* IsTruncated without next markers */
};

struct s3d_fault {
    struct s3d_fault *next;
    unsigned id;
    enum s3d_fault_kind kind;
    enum s3d_op op;                  /* S3D_OP_COUNT: any */
    char *bucket, *key, *key_prefix; /* NULL: any */
    int64_t skip, count; /* lets `skip` requests pass, then applies `count` times; -1: for ever */
    uint64_t hits;
    int status;
    char *code, *message, *region;
    int64_t bytes, ms, seconds;
    enum s3d_lie lie;
};

struct s3d_faults {
    struct s3d_fault *first;
    unsigned last_id;
};

/*
 * Adds a fault described by pairs (kind=..., op=..., count=...). Returns its number, or 0 and *ret_problem: static text, with the
 * name at fault in *ret_name.
 */
unsigned s3d_faults_add(struct s3d_faults *f, const struct s3d_pair *pairs, unsigned n,
                        const char **ret_problem, struct s3c_view *ret_name);
void s3d_faults_clear(struct s3d_faults *f);
/* The fault for this request, counted, or NULL. Valid until the queue changes. */
const struct s3d_fault *s3d_faults_take(struct s3d_faults *f, enum s3d_op op,
                                        const struct s3d_request *q);
void s3d_faults_json(const struct s3d_faults *f, struct s3c_buf *out);

#endif
