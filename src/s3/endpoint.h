/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a bucket lives: endpoint, region, bucket and addressing turned into the parts of a URL. Pure.
 *
 * Without an endpoint: AWS, virtual-host style (path-style where the name is no single DNS label or has dots,
 * which the TLS wildcard does not cover). With one: path-style unless asked otherwise; it may carry a port and
 * a base path. Default ports (80, 443) are left out of the host, because HTTP clients leave them out of Host.
 */
#ifndef S3C_S3_ENDPOINT_H
#define S3C_S3_ENDPOINT_H

#include "base/buf.h"
#include "s3/call.h"

struct s3c_endpoint { /* strings: owned, NUL-terminated */
    char *url_prefix; /* "https://host[:port]" */
    char *host;       /* "host[:port]": the Host header, as signed. [v6] in brackets */
    char *
        bucket_path; /* "/", "/base/", "/bucket" or "/base/bucket": requests on the bucket, encoded */
    char *
        key_prefix; /* bucket_path with exactly one '/' at its end: goes in front of an encoded key */
    char *region;
    char *bucket;
    char *endpoint;            /* the endpoint option as given, "" = AWS */
    enum s3c_path_style style; /* as asked for */
    bool tls;
    bool path_style; /* as decided */
    bool is_aws;     /* host under amazonaws.com(.cn): a region change moves the host too */
};

/*
 * Views are copied. 0; S3C_E_NOMEM; S3C_E_INVALID: bucket name that cannot be one (empty, '/', control characters, > 255 bytes,
 * S3 Express directory bucket `*--x-s3`), URL without http(s)://host, with user info, query or fragment, region that is no host label, no region on AWS.
 */
S3C_MUST_USE int s3c_endpoint_init(struct s3c_endpoint *ret, struct s3c_view endpoint,
                                   struct s3c_view region, struct s3c_view bucket,
                                   enum s3c_path_style style, struct s3c_error *err);
void s3c_endpoint_done(struct s3c_endpoint *e); /* idempotent */

/*
 * The same bucket in another region, as a redirect named it. *ret is a new one; `e` stays. AWS: the host moves to that region within the
 * same suffix (amazonaws.com, amazonaws.com.cn); custom endpoint: only the region of the signature changes. S3C_E_INVALID: not a host label,
 * crosses the partition, or it is the region already.
 */
S3C_MUST_USE int s3c_endpoint_move(struct s3c_endpoint *ret, const struct s3c_endpoint *e,
                                   struct s3c_view region, struct s3c_error *err);

/* Appends the encoded path of an object; of the bucket when key is empty. 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_endpoint_path(const struct s3c_endpoint *e, struct s3c_view key,
                                   struct s3c_buf *out);

bool s3c_region_valid(
    struct s3c_view region); /* a host label: 1 to 63 of A-Za-z0-9-, no '-' at an end */

#endif
