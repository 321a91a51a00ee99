/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of s3d; README.md describes every option. */
#ifndef S3D_OPTIONS_H
#define S3D_OPTIONS_H

#include "clock.h"

#define S3D_QUIRKS(X)                                     \
    X(RAW_MARKERS, "rgw-raw-markers")                     \
    X(SPLIT_RUNS, "split-runs")                           \
    X(NO_ENCODING_TYPE, "no-encoding-type")               \
    X(PERCENT_SPACE, "percent-space")                     \
    X(KEY_MARKER_INCLUSIVE, "key-marker-inclusive")       \
    X(LONE_ID_MARKER, "version-id-marker-alone")          \
    X(GONE_MARKER_SKIPS, "gone-marker-skips-key")         \
    X(MARKS_ONCE, "marks-once")                           \
    X(MARKER_IS_404, "marker-is-404")                     \
    X(NO_MARKER_FIELD, "no-delete-marker-field")          \
    X(UNKNOWN_ID_IS_404, "invalid-version-id-is-unknown") \
    X(NO_COMPLETE_ETAG, "complete-without-etag")          \
    X(NO_IF_NONE_MATCH, "no-if-none-match")               \
    X(IF_NONE_MATCH_501, "if-none-match-is-501")          \
    X(NO_VERSIONS, "no-versions")                         \
    X(NO_NEXT_MARKERS, "no-next-markers")

/* How servers differ from AWS; README.md says who and how. */
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
