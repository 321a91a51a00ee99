/* SPDX-License-Identifier: Apache-2.0 */
#include "auth.h"

#include <stdlib.h>

#include "base/digest.h"
#include "text.h"

#define SKEW_MAX (900 * S3C_NS_PER_SEC)

/* The parts of "AWS4-HMAC-SHA256 Credential=KEY/DATE/REGION/SERVICE/aws4_request, SignedHeaders=a;b, Signature=hex". */
struct claim {
    struct s3c_view key, date, region, service, terminator, scope, signed_fields, signature;
};

struct s3d_auth {
    const struct s3d_options *opt;
    struct s3c_hasher *hasher;
    struct s3c_buf canonical;
    char key_date[8]; /* the day that signing_key is for */
    uint8_t signing_key[S3C_SHA256_SIZE];
};

struct s3d_auth *s3d_auth_new(const struct s3d_options *opt)
{
    struct s3d_auth *a = s3d_zalloc(sizeof *a);

    a->opt = opt;
    a->canonical.max = 1 << 20;
    s3d_must(s3c_hasher_new(&a->hasher, NULL));
    return a;
}

void s3d_auth_free(struct s3d_auth *a)
{
    s3c_hasher_free(a->hasher);
    s3c_buf_done(&a->canonical);
    s3c_free(a);
}

void s3d_auth_sha256(struct s3d_auth *a, struct s3c_view body, char hex[64])
{
    uint8_t digest[S3C_SHA256_SIZE];

    s3c_sha256(a->hasher, body, digest);
    s3c_hex(hex, digest, sizeof digest);
}

static bool parse_credential(struct s3c_view v, struct claim *c)
{
    c->key = v;
    if (!s3c_view_split_last(v, '/', &v, &c->terminator) ||
        !s3c_view_split_last(v, '/', &v, &c->service) ||
        !s3c_view_split_last(v, '/', &v, &c->region) || !s3c_view_split_last(v, '/', &v, &c->date))
        return false;
    c->scope = s3c_view_skip(c->key, v.len + 1);
    c->key = v;
    return true;
}

static bool parse_claim(struct s3c_view v, struct claim *c)
{
    struct s3c_view credential = {NULL, 0};
    bool more = true;

    *c = (struct claim){{NULL, 0}};
    if (!s3c_view_starts(v, S3C_VIEW("AWS4-HMAC-SHA256 ")))
        return false;
    for (v = s3c_view_skip(v, 17); more;) {
        struct s3c_view one = v, rest = S3C_VIEW(""), name, value;

        more = s3c_view_split(v, ',', &one, &rest);
        v = rest;
        if (!s3c_view_split(s3c_view_trim(one), '=', &name, &value))
            return false;
        if (s3c_view_eq_str(name, "Credential"))
            credential = value;
        else if (s3c_view_eq_str(name, "SignedHeaders"))
            c->signed_fields = value;
        else if (s3c_view_eq_str(name, "Signature"))
            c->signature = value;
    }
    return credential.ptr && c->signed_fields.ptr && c->signature.ptr &&
           parse_credential(credential, c);
}

static void put_encoded(struct s3c_buf *b, struct s3c_view v, bool keep_slash)
{
    s3d_must(s3c_percent_encode(b, v, keep_slash));
}

static void put_path(struct s3d_auth *a, const struct s3d_request *q)
{
    char *plain = s3d_arena(q->arena, q->path.len + 1);

    put_encoded(&a->canonical, (struct s3c_view){plain, s3c_percent_decode(plain, q->path, false)},
                true);
}

static int by_name_then_value(const void *x, const void *y)
{
    const struct s3d_pair *a = x, *b = y;
    int order = s3c_view_cmp(a->name, b->name);

    return order ? order : s3c_view_cmp(a->value, b->value);
}

static struct s3c_view encoded_copy(const struct s3d_request *q, struct s3c_view v)
{
    struct s3c_buf b = S3C_BUF_INIT(64 << 10);
    struct s3c_view copy;

    put_encoded(&b, v, false);
    copy = s3d_arena_copy(q->arena, s3c_buf_view(&b));
    s3c_buf_done(&b);
    return copy;
}

/* Sorted by what is sent, that is after encoding. */
static void put_query(struct s3d_auth *a, const struct s3d_request *q)
{
    struct s3d_pair sorted[S3D_PARAMS_MAX];

    for (unsigned i = 0; i < q->nparams; i++)
        sorted[i] = (struct s3d_pair){encoded_copy(q, q->param[i].name),
                                      encoded_copy(q, q->param[i].value)};
    if (q->nparams > 1)
        qsort(sorted, q->nparams, sizeof *sorted, by_name_then_value);
    for (unsigned i = 0; i < q->nparams; i++) {
        if (i)
            S3D_PUT(&a->canonical, "&");
        s3d_put_view(&a->canonical, sorted[i].name);
        S3D_PUT(&a->canonical, "=");
        s3d_put_view(&a->canonical, sorted[i].value);
    }
}

/* Inner runs of spaces become one. */
static void put_collapsed(struct s3c_buf *b, struct s3c_view v)
{
    for (size_t i = 0; i < v.len; i++) {
        if (v.ptr[i] != ' ' || i == 0 || v.ptr[i - 1] != ' ')
            s3d_put(b, &v.ptr[i], 1);
    }
}

static void put_plain_or_collapsed(struct s3c_buf *b, struct s3c_view v)
{
    if (memmem(v.ptr, v.len, "  ", 2))
        put_collapsed(b, v);
    else
        s3d_put_view(b, v);
}

/* All fields of that name, their values joined by commas. False: there is none. */
static bool put_field(struct s3d_auth *a, const struct s3d_request *q, struct s3c_view name)
{
    bool found = false;

    s3d_put_view(&a->canonical, name);
    for (unsigned i = 0; i < q->nfields; i++) {
        if (!s3c_view_eq_nocase(q->field[i].name, name))
            continue;
        s3d_put(&a->canonical, found ? "," : ":", 1);
        put_plain_or_collapsed(&a->canonical, q->field[i].value);
        found = true;
    }
    S3D_PUT(&a->canonical, "\n");
    return found;
}

static bool put_fields(struct s3d_auth *a, const struct s3d_request *q, struct s3c_view names)
{
    bool more = true;

    while (more) {
        struct s3c_view one = names, rest = S3C_VIEW("");

        more = s3c_view_split(names, ';', &one, &rest);
        names = rest;
        if (!put_field(a, q, one))
            return false;
    }
    return true;
}

static bool is_signed(struct s3c_view names, struct s3c_view name)
{
    bool more = true;

    while (more) {
        struct s3c_view one = names, rest = S3C_VIEW("");

        more = s3c_view_split(names, ';', &one, &rest);
        names = rest;
        if (s3c_view_eq_nocase(one, name))
            return true;
    }
    return false;
}

/* AWS wants the host and every x-amz- field under the signature. */
static bool enough_signed(const struct s3d_request *q, struct s3c_view names)
{
    for (unsigned i = 0; i < q->nfields; i++) {
        struct s3c_view name = q->field[i].name;
        bool amz = name.len > 6 && s3c_view_eq_nocase(s3c_view_first(name, 6), S3C_VIEW("x-amz-"));

        if ((amz || s3c_view_eq_nocase(name, S3C_VIEW("host"))) && !is_signed(names, name))
            return false;
    }
    return true;
}

static void derive_key(struct s3d_auth *a, const struct claim *c)
{
    struct s3c_buf first = S3C_BUF_INIT(1024);
    struct s3c_view key = {(const char *)a->signing_key, sizeof a->signing_key};

    if (c->date.len == sizeof a->key_date &&
        memcmp(a->key_date, c->date.ptr, sizeof a->key_date) == 0)
        return;
    S3D_PUT(&first, "AWS4");
    s3d_put_str(&first, a->opt->secret_key);
    s3c_hmac_sha256(a->hasher, s3c_buf_view(&first), c->date, a->signing_key);
    s3c_hmac_sha256(a->hasher, key, c->region, a->signing_key);
    s3c_hmac_sha256(a->hasher, key, c->service, a->signing_key);
    s3c_hmac_sha256(a->hasher, key, c->terminator, a->signing_key);
    memcpy(a->key_date, c->date.ptr, sizeof a->key_date);
    s3c_buf_done(&first);
}

static bool signature_matches(struct s3d_auth *a, const struct s3d_request *q,
                              const struct claim *c, struct s3c_view date, struct s3c_view payload)
{
    struct s3c_buf *b = &a->canonical;
    uint8_t digest[S3C_SHA256_SIZE];
    char hex[S3C_SHA256_HEX];

    s3c_buf_clear(b);
    s3d_put_view(b, q->method_text);
    S3D_PUT(b, "\n");
    put_path(a, q);
    S3D_PUT(b, "\n");
    put_query(a, q);
    S3D_PUT(b, "\n");
    if (!put_fields(a, q, c->signed_fields))
        return false;
    S3D_PUT(b, "\n");
    s3d_put_view(b, c->signed_fields);
    S3D_PUT(b, "\n");
    s3d_put_view(b, payload);
    s3d_auth_sha256(a, s3c_buf_view(b), hex);

    s3c_buf_clear(b);
    S3D_PUT(b, "AWS4-HMAC-SHA256\n");
    s3d_put_view(b, date);
    S3D_PUT(b, "\n");
    s3d_put_view(b, c->scope);
    S3D_PUT(b, "\n");
    s3d_put(b, hex, sizeof hex);
    derive_key(a, c);
    s3c_hmac_sha256(a->hasher,
                    (struct s3c_view){(const char *)a->signing_key, sizeof a->signing_key},
                    s3c_buf_view(b), digest);
    s3c_hex(hex, digest, sizeof digest);
    return s3c_view_eq(c->signature, (struct s3c_view){hex, sizeof hex});
}

/* "20260101T000000Z" */
static bool parse_date(struct s3c_view v, int64_t *ret_ns)
{
    char text[] = "0000-00-00T00:00:00Z";

    if (v.len != 16 || v.ptr[8] != 'T' || v.ptr[15] != 'Z')
        return false;
    memcpy(text, v.ptr, 4);
    memcpy(text + 5, v.ptr + 4, 2);
    memcpy(text + 8, v.ptr + 6, 2);
    memcpy(text + 11, v.ptr + 9, 2);
    memcpy(text + 14, v.ptr + 11, 2);
    memcpy(text + 17, v.ptr + 13, 2);
    return s3c_time_parse_rfc3339((struct s3c_view){text, sizeof text - 1}, ret_ns) == 0;
}

/* Everything about the claim but the signature itself. */
static const char *check_claim(const struct s3d_auth *a, const struct s3d_request *q,
                               const struct claim *c, int64_t now_ns, const char **ret_message)
{
    struct s3c_view date = s3d_field(q, "x-amz-date"), token = s3d_field(q, "x-amz-security-token");
    int64_t signed_ns;

    if (!s3c_view_eq_str(c->key, a->opt->access_key))
        return "InvalidAccessKeyId";
    if (!parse_date(date, &signed_ns) || c->date.len != 8 ||
        memcmp(date.ptr, c->date.ptr, 8) != 0) {
        *ret_message = "AWS authentication requires a valid Date or x-amz-date header";
        return "AccessDenied";
    }
    if (a->opt->skew_check && (signed_ns > now_ns + SKEW_MAX || signed_ns < now_ns - SKEW_MAX))
        return "RequestTimeTooSkewed";
    if (!s3c_view_eq_str(c->service, "s3") || !s3c_view_eq_str(c->terminator, "aws4_request") ||
        !s3c_view_eq_str(c->region, a->opt->region))
        return "AuthorizationHeaderMalformed";
    if (a->opt->session_token ? !s3c_view_eq_str(token, a->opt->session_token) : token.ptr != NULL)
        return "InvalidToken";
    if (!enough_signed(q, c->signed_fields)) {
        *ret_message = "There were headers present in the request which were not signed";
        return "AccessDenied";
    }
    return NULL;
}

const char *s3d_auth_check(struct s3d_auth *a, const struct s3d_request *q, int64_t now_ns,
                           const char **ret_message)
{
    struct s3c_view authorization = s3d_field(q, "authorization"),
                    payload = s3d_field(q, "x-amz-content-sha256");
    const char *code;
    struct claim c;

    *ret_message = NULL;
    if (!authorization.ptr)
        return "AccessDenied";
    if (!parse_claim(authorization, &c))
        return "AuthorizationHeaderMalformed";
    code = check_claim(a, q, &c, now_ns, ret_message);
    if (code)
        return code;
    if (!payload.ptr) {
        *ret_message = "Missing required header for this request: x-amz-content-sha256";
        return "InvalidRequest";
    }
    return signature_matches(a, q, &c, s3d_field(q, "x-amz-date"), payload)
               ? NULL
               : "SignatureDoesNotMatch";
}
