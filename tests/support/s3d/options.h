/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of s3d; README.md describes every option. */
#ifndef S3D_OPTIONS_H
#define S3D_OPTIONS_H

#include "clock.h"

#define S3D_QUIRKS(X)                                                                              \
    X(RAW_MARKERS, "rgw-raw-markers") /* next markers unencoded beside encoded keys (Ceph) */      \
    X(SPLIT_RUNS, "split-runs") /* a page's delete markers come before its versions (versitygw) */ \
    X(NO_ENCODING_TYPE, "no-encoding-type") /* encoding-type is ignored */                         \
    X(PERCENT_SPACE, "percent-space") /* encoding-type=url writes a space as %20 (Ceph, Swift) */  \
    X(KEY_MARKER_INCLUSIVE,                                                                        \
      "key-marker-inclusive") /* key-marker alone resumes inside the key (Ceph, moto) */           \
    X(NO_IF_NONE_MATCH, "no-if-none-match") /* If-None-Match is ignored on PUT (Ceph) */           \
    X(NO_MARKER_FIELD,                                                                             \
      "no-delete-marker-field")   /* no x-amz-delete-marker on a marker's 404 (Ceph) */            \
    X(NO_VERSIONS, "no-versions") /* versioning and ListObjectVersions are 501 (Garage, R2) */     \
    X(NO_NEXT_MARKERS, "no-next-markers") /* IsTruncated without any next marker (gofakes3) */

enum s3d_quirk {
#define X(name, text) S3D_QUIRK_##name,
    S3D_QUIRKS(X)
#undef X
        S3D_QUIRK_COUNT
};

/* A reply waits for a log-normal time; p99 == p50: for exactly p50. */
struct s3d_latency {
    int64_t p50_ns, p99_ns;
};

struct s3d_synth {
    size_t count, size;
    char bucket[64]; /* "synth" if not said */
};

struct s3d_options {
    unsigned port;
    const char *access_key, *secret_key, *session_token; /* session_token NULL: none is asked for */
    const char *region, *domain;                         /* domain NULL: path style only */
    bool no_auth;
    bool skew_check; /* off with a virtual clock unless --check-skew */
    bool virtual_clock;
    bool upload_time_initiation;
    enum s3d_granularity granularity;
    struct s3d_latency latency;
    struct s3d_synth synth[8];
    unsigned nsynth;
    unsigned quirks; /* bits of enum s3d_quirk */
};

/* Ends the program with a word on standard error (status 2) when the command line is wrong, and after --help (status 0). */
void s3d_options_parse(struct s3d_options *o, int argc, char **argv);
/* "30ms" or "30ms,120ms" (p50, p99). */
bool s3d_latency_parse(struct s3c_view text, struct s3d_latency *ret);
/* S3D_QUIRK_COUNT: no such quirk. */
enum s3d_quirk s3d_quirk_by_name(struct s3c_view name);

#endif
