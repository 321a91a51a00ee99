/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each stage is written into a buffer of its own whose room was reserved in one go (room_for), so that building is plain copying
 * and pointers into a buffer stay true. libcurl's own signer was not an option: the versions in Debian sign listings and odd
 * keys wrongly, and it cannot share a signing key between requests.
 */
#include "s3/sigv4.h"

#include <assert.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "s3/sigv4_path.h"

#define ALGORITHM   "AWS4-HMAC-SHA256"
#define SCRATCH_MAX (1u << 20)
#define MADE_HERE   8 /* headers or query pairs that the signer adds at most */
#define MAX_FIELDS  (S3C_SIGN_MAX_QUERY + S3C_SIGN_MAX_HEADERS + MADE_HERE)

struct s3c_signer {
    struct s3c_hasher *hasher;
    struct s3c_buf canonical, to_sign, scratch;
    struct s3c_buf key_of; /* what `key` was derived from: date, region, service, secret */
    uint8_t key[S3C_SHA256_SIZE];
};

/* One signing under way. */
struct signing {
    struct s3c_signer *s;
    const struct s3c_sign_request *r;
    char time[S3C_TIME_TEXT_SIZE]; /* 20130524T000000Z */
    struct s3c_view service;
    struct s3c_pair query[S3C_SIGN_MAX_QUERY + MADE_HERE];     /* encoded, sorted */
    struct s3c_pair headers[S3C_SIGN_MAX_HEADERS + MADE_HERE]; /* name in lower case, sorted */
    size_t query_count, header_count;
    struct s3c_view signed_headers; /* in canonical */
};

int s3c_signer_new(struct s3c_signer **ret, struct s3c_error *err)
{
    struct s3c_signer *s = s3c_zalloc(sizeof *s);
    int r;

    if (!s)
        return s3c_error_nomem(err);
    s->canonical = s->to_sign = s->scratch = s->key_of = (struct s3c_buf)S3C_BUF_INIT(SCRATCH_MAX);
    r = s3c_hasher_new(&s->hasher, err);
    if (r < 0) {
        s3c_signer_free(s);
        return r;
    }
    *ret = s;
    return 0;
}

void s3c_signer_free(struct s3c_signer *s)
{
    if (!s)
        return;
    if (s->key_of.ptr)
        s3c_wipe(s->key_of.ptr, s->key_of.cap);
    s3c_wipe(s->key, sizeof s->key);
    s3c_buf_done(&s->canonical);
    s3c_buf_done(&s->to_sign);
    s3c_buf_done(&s->scratch);
    s3c_buf_done(&s->key_of);
    s3c_hasher_free(s->hasher);
    s3c_free(s);
}

void s3c_signer_freep(struct s3c_signer **s)
{
    s3c_signer_free(*s);
    *s = NULL;
}

/* ---- appending where room was reserved ---- */

static void put(struct s3c_buf *b, struct s3c_view v)
{
    assert(b->cap - b->len >= v.len);
    if (v.len)
        memcpy(b->ptr + b->len, v.ptr, v.len);
    b->len += v.len;
}

static void put_char(struct s3c_buf *b, char c)
{
    assert(b->cap > b->len);
    b->ptr[b->len++] = c;
}

static struct s3c_view since(const struct s3c_buf *b, size_t start)
{
    return (struct s3c_view){b->ptr + start, b->len - start};
}

/* No stage is longer than this: everything given, percent-encoded where that can happen, and the fixed text. */
static size_t room_for(const struct s3c_sign_request *r)
{
    size_t n = 1024 + r->method.len + r->url_prefix.len + 2 * r->host.len + 3 * r->path.len +
               r->payload_hash.len;

    n += 6 * (r->creds->access_key_id.len + r->creds->session_token.len + r->region.len +
              r->service.len);
    for (size_t i = 0; i < r->query_count; i++)
        n += 3 * (r->query[i].name.len + r->query[i].value.len) + 2;
    for (size_t i = 0; i < r->header_count; i++)
        n += 2 * (r->headers[i].name.len + r->headers[i].value.len) + 4;
    return n;
}

/* Stable insertion sort: a handful of fields, mostly in order already. */
static void sort_pairs(struct s3c_pair *p, size_t n, bool by_value)
{
    for (size_t i = 1; i < n; i++) {
        struct s3c_pair x = p[i];
        size_t j = i;

        for (; j > 0; j--) {
            int d = s3c_view_cmp(p[j - 1].name, x.name);

            if (d == 0 && by_value)
                d = s3c_view_cmp(p[j - 1].value, x.value);
            if (d <= 0)
                break;
            p[j] = p[j - 1];
        }
        p[j] = x;
    }
}

/* ---- key ---- */

static void put_scope(const struct signing *g, struct s3c_buf *b)
{
    put(b, (struct s3c_view){g->time, 8});
    put_char(b, '/');
    put(b, g->r->region);
    put_char(b, '/');
    put(b, g->service);
    put(b, S3C_VIEW("/aws4_request"));
}

static struct s3c_view digest_view(const uint8_t d[S3C_SHA256_SIZE])
{
    return (struct s3c_view){(const char *)d, S3C_SHA256_SIZE};
}

static int derive_key(struct signing *g)
{
    struct s3c_signer *s = g->s;
    struct s3c_view secret = g->r->creds->secret_access_key;
    struct s3c_view start;
    size_t scratch_start = s->scratch.len;
    int r;

    put_scope(g, &s->scratch);
    start = since(&s->scratch, scratch_start);
    s->scratch.len = scratch_start;
    if (s->key_of.len == start.len + 4 + secret.len &&
        !memcmp(s->key_of.ptr, start.ptr, start.len) &&
        !memcmp(s->key_of.ptr + start.len + 4, secret.ptr, secret.len))
        return 0;

    if (s->key_of.ptr) /* a reallocation must not leave the old secret behind */
        s3c_wipe(s->key_of.ptr, s->key_of.len);
    s3c_buf_clear(&s->key_of);
    r = s3c_buf_reserve(&s->key_of, start.len + 4 + secret.len);
    if (r < 0)
        return r;
    put(&s->key_of, start);
    put(&s->key_of, S3C_VIEW("AWS4"));
    put(&s->key_of, secret);
    s3c_hmac_sha256(s->hasher, since(&s->key_of, start.len), (struct s3c_view){g->time, 8}, s->key);
    s3c_hmac_sha256(s->hasher, digest_view(s->key), g->r->region, s->key);
    s3c_hmac_sha256(s->hasher, digest_view(s->key), g->service, s->key);
    s3c_hmac_sha256(s->hasher, digest_view(s->key), S3C_VIEW("aws4_request"), s->key);
    return 0;
}

/* ---- fields ---- */

static int add_query(struct signing *g, struct s3c_view name, struct s3c_view value)
{
    struct s3c_pair *p = &g->query[g->query_count++];
    size_t at = g->s->scratch.len;
    int r;

    r = s3c_percent_encode(&g->s->scratch, name, false);
    p->name = since(&g->s->scratch, at);
    at = g->s->scratch.len;
    if (r == 0)
        r = s3c_percent_encode(&g->s->scratch, value, false);
    p->value = since(&g->s->scratch, at);
    return r;
}

/* No blanks, no control characters: nothing to fold, nothing to refuse. */
static bool is_plain(struct s3c_view v)
{
    bool odd = false;

    for (size_t i = 0; i < v.len; i++)
        odd |= (unsigned char)v.ptr[i] <= ' ' || v.ptr[i] == 0x7f;
    return !odd;
}

static int fold_blanks(struct s3c_buf *b, struct s3c_view value)
{
    bool blank = false;

    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        if ((c < ' ' && c != '\t') || c == 0x7f)
            return S3C_E_INVALID;
        if (c == ' ' || c == '\t') {
            blank = true;
            continue;
        }
        if (blank)
            put_char(b, ' ');
        blank = false;
        put_char(b, (char)c);
    }
    return 0;
}

/* Lower-case name; value trimmed, inner runs of blanks as one: what is signed is also what is sent. */
static int add_header(struct signing *g, struct s3c_view name, struct s3c_view value)
{
    struct s3c_buf *b = &g->s->scratch;
    struct s3c_pair *p = &g->headers[g->header_count++];
    size_t at = b->len;
    int r = 0;

    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (c <= ' ' || c == ':' || c == 0x7f)
            return S3C_E_INVALID;
        put_char(b, c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c);
    }
    p->name = since(b, at);
    at = b->len;
    if (is_plain(value))
        put(b, value);
    else
        r = fold_blanks(b, s3c_view_trim(value));
    p->value = since(b, at);
    return r;
}

static int collect_headers(struct signing *g)
{
    const struct s3c_sign_request *r = g->r;
    int res = 0;

    for (size_t i = 0; i < r->header_count && res == 0; i++)
        res = add_header(g, r->headers[i].name, r->headers[i].value);
    if (res == 0 && r->form == S3C_SIGN_S3)
        res = add_header(g, S3C_VIEW("x-amz-content-sha256"), r->payload_hash);
    if (res == 0 && r->form != S3C_SIGN_QUERY)
        res = add_header(g, S3C_VIEW("x-amz-date"), s3c_view_str(g->time));
    if (res == 0 && r->form != S3C_SIGN_QUERY && r->creds->session_token.len)
        res = add_header(g, S3C_VIEW("x-amz-security-token"), r->creds->session_token);
    return res;
}

static void list_header_names(const struct signing *g, struct s3c_buf *b)
{
    for (size_t i = 0; i < g->header_count; i++) {
        if (i && s3c_view_eq(g->headers[i].name, g->headers[i - 1].name))
            continue;
        if (i)
            put_char(b, ';');
        put(b, g->headers[i].name);
    }
}

static int add_query_auth(struct signing *g)
{
    const struct s3c_sign_request *r = g->r;
    struct s3c_buf *b = &g->s->scratch;
    char expires[16];
    struct s3c_view names, credential;
    size_t at = b->len;
    int res;

    put(b, r->creds->access_key_id);
    put_char(b, '/');
    put_scope(g, b);
    credential = since(b, at);
    at = b->len;
    list_header_names(g, b);
    names = since(b, at);
    (void)snprintf(expires, sizeof expires, "%u", r->expires_sec);
    res = add_query(g, S3C_VIEW("X-Amz-Algorithm"), S3C_VIEW(ALGORITHM));
    if (res == 0)
        res = add_query(g, S3C_VIEW("X-Amz-Credential"), credential);
    if (res == 0)
        res = add_query(g, S3C_VIEW("X-Amz-Date"), s3c_view_str(g->time));
    if (res == 0)
        res = add_query(g, S3C_VIEW("X-Amz-Expires"), s3c_view_str(expires));
    if (res == 0 && r->creds->session_token.len)
        res = add_query(g, S3C_VIEW("X-Amz-Security-Token"), r->creds->session_token);
    if (res == 0)
        res = add_query(g, S3C_VIEW("X-Amz-SignedHeaders"), names);
    return res;
}

static int collect(struct signing *g)
{
    const struct s3c_sign_request *r = g->r;
    int res;

    res = collect_headers(g);
    if (res < 0)
        return res;
    /* Host is signed but not among the lines to send: the HTTP client writes it. sign() takes it out again. */
    res = add_header(g, S3C_VIEW("host"), r->host);
    if (res < 0)
        return res;
    sort_pairs(g->headers, g->header_count, false);
    for (size_t i = 0; i < r->query_count && res == 0; i++)
        res = add_query(g, r->query[i].name, r->query[i].value);
    if (res == 0 && r->form == S3C_SIGN_QUERY)
        res = add_query_auth(g);
    sort_pairs(g->query, g->query_count, true);
    return res;
}

/* ---- stages ---- */

static void put_query(const struct signing *g, struct s3c_buf *b)
{
    for (size_t i = 0; i < g->query_count; i++) {
        if (i)
            put_char(b, '&');
        put(b, g->query[i].name);
        put_char(b, '=');
        put(b, g->query[i].value);
    }
}

static int build_canonical(struct signing *g)
{
    struct s3c_buf *b = &g->s->canonical;
    size_t at;
    int r = 0;

    put(b, g->r->method);
    put_char(b, '\n');
    if (g->r->form == S3C_SIGN_GENERIC)
        r = s3c_sigv4_generic_path(b, g->r->path, g->r->normalize);
    else
        put(b, g->r->path);
    if (r < 0)
        return r;
    put_char(b, '\n');
    put_query(g, b);
    put_char(b, '\n');
    for (size_t i = 0; i < g->header_count; i++) {
        bool more =
            i + 1 < g->header_count && s3c_view_eq(g->headers[i].name, g->headers[i + 1].name);
        bool first = i == 0 || !s3c_view_eq(g->headers[i].name, g->headers[i - 1].name);

        if (first) {
            put(b, g->headers[i].name);
            put_char(b, ':');
        }
        put(b, g->headers[i].value);
        put_char(b, more ? ',' : '\n');
    }
    put_char(b, '\n');
    at = b->len;
    list_header_names(g, b);
    g->signed_headers = since(b, at);
    put_char(b, '\n');
    put(b, g->r->payload_hash);
    return 0;
}

static void build_to_sign(struct signing *g)
{
    struct s3c_buf *b = &g->s->to_sign;
    uint8_t digest[S3C_SHA256_SIZE];

    put(b, S3C_VIEW(ALGORITHM "\n"));
    put(b, s3c_view_str(g->time));
    put_char(b, '\n');
    put_scope(g, b);
    put_char(b, '\n');
    s3c_sha256(g->s->hasher, s3c_buf_view(&g->s->canonical), digest);
    s3c_hex(b->ptr + b->len, digest, sizeof digest);
    b->len += S3C_SHA256_HEX;
}

static void put_authorization(const struct signing *g, struct s3c_buf *out, const char *signature)
{
    put(out, S3C_VIEW("Authorization: " ALGORITHM " Credential="));
    put(out, g->r->creds->access_key_id);
    put_char(out, '/');
    put_scope(g, out);
    put(out, S3C_VIEW(", SignedHeaders="));
    put(out, g->signed_headers);
    put(out, S3C_VIEW(", Signature="));
    put(out, s3c_view_str(signature));
    put_char(out, '\0');
}

static void build_output(const struct signing *g, struct s3c_buf *out, struct s3c_signed *ret)
{
    const struct s3c_sign_request *r = g->r;

    put(out, r->url_prefix);
    put(out, r->path);
    if (g->query_count)
        put_char(out, '?');
    put_query(g, out);
    if (r->form == S3C_SIGN_QUERY) {
        put(out, S3C_VIEW("&X-Amz-Signature="));
        put(out, s3c_view_str(ret->signature));
    }
    put_char(out, '\0');
    ret->url = out->ptr;
    ret->header_count = 0;
    for (size_t i = 0; i < g->header_count; i++) {
        if (s3c_view_eq_str(g->headers[i].name, "host"))
            continue;
        ret->headers[ret->header_count++] = out->ptr + out->len;
        put(out, g->headers[i].name);
        put(out, S3C_VIEW(": "));
        put(out, g->headers[i].value);
        put_char(out, '\0');
    }
    if (r->form == S3C_SIGN_QUERY)
        return;
    ret->headers[ret->header_count++] = out->ptr + out->len;
    put_authorization(g, out, ret->signature);
}

static int make_room(struct s3c_signer *s, const struct s3c_sign_request *r, struct s3c_buf *out)
{
    struct s3c_buf *all[] = {&s->canonical, &s->to_sign, &s->scratch, out};
    size_t n = room_for(r);

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        int res;

        s3c_buf_clear(all[i]);
        res = s3c_buf_reserve(all[i], n);
        if (res < 0)
            return res;
    }
    return 0;
}

static int sign_all(struct signing *g, struct s3c_buf *out, struct s3c_signed *ret)
{
    int r;

    r = make_room(g->s, g->r, out);
    if (r == 0)
        r = collect(g);
    if (r == 0)
        r = build_canonical(g);
    if (r == 0)
        r = derive_key(g);
    if (r < 0)
        return r;
    build_to_sign(g);
    s3c_signer_sign_text(g->s, s3c_buf_view(&g->s->to_sign), ret->signature);
    ret->signature[S3C_SHA256_HEX] = '\0';
    build_output(g, out, ret);
    return 0;
}

int s3c_sign(struct s3c_signer *s, const struct s3c_sign_request *r, struct s3c_buf *out,
             struct s3c_signed *ret, struct s3c_error *err)
{
    struct signing g = {.s = s, .r = r, .service = r->service.len ? r->service : S3C_VIEW("s3")};
    int res = S3C_E_INVALID;

    if (r->query_count <= S3C_SIGN_MAX_QUERY && r->header_count <= S3C_SIGN_MAX_HEADERS &&
        r->path.len && r->path.ptr[0] == '/') {
        (void)s3c_time_format_basic(g.time, r->time_ns);
        res = sign_all(&g, out, ret);
    }
    switch (res) {
    case 0:
        return 0;
    case S3C_E_NOMEM:
        return s3c_error_nomem(err);
    case S3C_E_TOO_LARGE:
        return s3c_error_set(err, res, "signing a request: URL and headers exceed %zu bytes",
                             out->max);
    default:
        return s3c_error_set(
            err, S3C_E_INVALID,
            "signing a request: control characters in a header (look at the credentials), or too many fields");
    }
}

void s3c_signer_hash(struct s3c_signer *s, struct s3c_view payload, char hex[64])
{
    uint8_t digest[S3C_SHA256_SIZE];

    s3c_sha256(s->hasher, payload, digest);
    s3c_hex(hex, digest, sizeof digest);
}

void s3c_signer_sign_text(struct s3c_signer *s, struct s3c_view text, char hex[64])
{
    uint8_t digest[S3C_SHA256_SIZE];

    s3c_hmac_sha256(s->hasher, digest_view(s->key), text, digest);
    s3c_hex(hex, digest, sizeof digest);
}

struct s3c_view s3c_signer_canonical(const struct s3c_signer *s)
{
    return s3c_buf_view(&s->canonical);
}

struct s3c_view s3c_signer_string_to_sign(const struct s3c_signer *s)
{
    return s3c_buf_view(&s->to_sign);
}
