/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A session: settings turned into an S3 client on a bucket that has been looked at. What source and destination share before each
 * goes its way. Bounded: everything up to a working session takes at most S3C_OPEN_BUDGET_MS in all, then fails with the class
 * of the failure named (name resolution, connection, TLS, no S3 there, credentials, bucket missing, permission and which call).
 */
#ifndef S3C_SESSION_SESSION_H
#define S3C_SESSION_SESSION_H

#include "config/settings.h"
#include "s3/call.h"
#include "s3/creds.h"

/* 10 s are promised; the rest is for the process to start and to end, on a busy machine too. */
#define S3C_OPEN_BUDGET_MS 9000

enum s3c_versioning {
    S3C_VERSIONING_UNKNOWN,
    S3C_VERSIONING_NEVER,
    S3C_VERSIONING_ENABLED,
    S3C_VERSIONING_SUSPENDED
};

struct s3c_session {
    const struct s3c_settings *settings;
    const struct s3c_log *log;
    const struct s3c_clock *clock;
    struct s3c_creds_provider *creds;
    struct s3c_client *client;
    int64_t
        deadline_mono_ns; /* of the budget that session_init started; for the caller's own first calls */
};

/* Creates credentials, transport and client; no network yet. 0, S3C_E_CREDENTIALS, S3C_E_INVALID, S3C_E_NOMEM, S3C_E_IO. */
S3C_MUST_USE int s3c_session_init(struct s3c_session *s, const struct s3c_config *c,
                                  const struct s3c_log *log, struct s3c_error *err);
/* The same over a transport (taken over, also on failure) and a clock of the caller's: what tests use. */
S3C_MUST_USE int s3c_session_init_over(struct s3c_session *s, const struct s3c_config *c,
                                       const struct s3c_log *log, struct s3c_transport *transport,
                                       const struct s3c_clock *clock, struct s3c_error *err);
void s3c_session_done(struct s3c_session *s); /* idempotent */

/*
 * HeadBucket within the budget; where its answer, which has no body, leaves the reason open, one entry of ListObjectsV2. "Not allowed" is
 * not yet an error (some policies allow only what is needed): 0 all the same. A missing bucket, refused credentials, TLS, resolve, connect,
 * no S3: the class, with a message that says what to do (s3c_session_explain was applied).
 */
S3C_MUST_USE int s3c_session_check_bucket(struct s3c_session *s, struct s3c_error *err);

/*
 * Which listing serves this bucket (DESIGN 4.3 "Mode"). GetBucketVersioning; 501, 400 and friends: never versioned. 403: tries one
 * entry of ListObjectVersions: ENABLED where it works (it serves any bucket); where that is refused (403, 501) too, NEVER with a
 * warning in the log. deadline_mono_ns bounds it. Failures are not yet explained.
 */
S3C_MUST_USE int s3c_session_versioning(struct s3c_session *s, int64_t deadline_mono_ns,
                                        enum s3c_versioning *ret, struct s3c_error *err);

/* What s3c_check does on a session that is there already (config.h has the contract). */
S3C_MUST_USE int s3c_session_check(struct s3c_session *s, enum s3c_side side, s3c_check_fn *report,
                                   void *ctx, struct s3c_error *err);

/* Rewrites a failure of the opening phase so that its message begins with the class in words ("credentials: ...", "bucket missing: ..."),
 * names endpoint and bucket, and ends with what to do. Once is enough: a message that begins so stays as it is. NULL is fine.
 * Returns err->code. */
int s3c_session_explain(const struct s3c_session *s, struct s3c_error *err);

#endif
