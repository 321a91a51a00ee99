/* SPDX-License-Identifier: Apache-2.0 */
#include "source/patience.h"

#include "s3/retry.h"

static bool may_be_mended(int code)
{
    return code == S3C_E_DENIED || code == S3C_E_CREDENTIALS || code == S3C_E_NO_BUCKET;
}

bool s3c_patience_again(struct s3c_patience *p, const struct s3c_error *err, int64_t now_mono_ns,
                        uint32_t random, int64_t *ret_at_ns)
{
    p->tries++;
    if (may_be_mended(err->code)) {
        *ret_at_ns = now_mono_ns + S3C_PATIENCE_PAUSE;
        return p->tries < S3C_PATIENCE_TRIES;
    }
    *ret_at_ns = now_mono_ns + s3c_retry_backoff_ns(S3C_RETRY_THROTTLED, p->tries, random, 0);
    return err->retryable;
}
