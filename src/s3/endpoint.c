/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/endpoint.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"

#define BUCKET_MAX 255
#define URL_MAX_   (16u << 10)

/* An endpoint URL taken apart. */
struct location {
    bool tls;
    struct s3c_view host; /* without port; IPv6 with its brackets */
    unsigned port;        /* 0 = the scheme's own */
    struct s3c_view base; /* "" or "/a/b": begins with '/', does not end in one */
};

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool s3c_region_valid(struct s3c_view region)
{
    if (!region.len || region.len > 63 || region.ptr[0] == '-' || region.ptr[region.len - 1] == '-')
        return false;
    for (size_t i = 0; i < region.len; i++) {
        if (!is_alnum(region.ptr[i]) && region.ptr[i] != '-')
            return false;
    }
    return true;
}

/* ---- the endpoint URL ---- */

static int bad_url(struct s3c_error *err, struct s3c_view url, const char *why)
{
    return s3c_error_set(err, S3C_E_INVALID,
                         "endpoint \"%.*s\": %s; expected http(s)://HOST[:PORT][/PATH]",
                         (int)(url.len > 200 ? 200 : url.len), url.ptr, why);
}

static bool host_valid(struct s3c_view h)
{
    bool v6 = h.len > 2 && h.ptr[0] == '[' && h.ptr[h.len - 1] == ']';

    if (v6)
        h = s3c_view_first(s3c_view_skip(h, 1), h.len - 2);
    if (!h.len || h.len > 253)
        return false;
    for (size_t i = 0; i < h.len; i++) {
        char c = h.ptr[i];

        if (!is_alnum(c) && c != '.' && !(v6 ? c == ':' : c == '-' || c == '_'))
            return false;
    }
    return true;
}

/* "host", "host:port", "[v6]", "[v6]:port" */
static bool split_authority(struct s3c_view a, struct location *l)
{
    struct s3c_view host, port;
    uint64_t n;

    l->host = a;
    l->port = 0;
    if (s3c_view_split_last(a, ':', &host, &port) &&
        !(a.ptr[0] == '[' && s3c_view_ends(a, S3C_VIEW("]")))) {
        if (s3c_view_u64(port, &n) < 0 || n < 1 || n > 65535)
            return false;
        l->host = host;
        l->port = n == (l->tls ? 443u : 80u) ? 0 : (unsigned)n;
    }
    return host_valid(l->host);
}

static int parse_url(struct location *l, struct s3c_view url, struct s3c_error *err)
{
    struct s3c_view scheme, rest, authority;

    if (memchr(url.ptr, '@', url.len)) /* checked first: what stands before it is a secret */
        return s3c_error_set(err, S3C_E_INVALID,
                             "endpoint: user names and passwords in the URL are not supported; "
                             "use aws.access-key-id and aws.secret-access-key");
    if (!s3c_view_split(url, ':', &scheme, &rest) || !s3c_view_starts(rest, S3C_VIEW("//")))
        return bad_url(err, url, "no scheme");
    if (!s3c_view_eq_nocase(scheme, S3C_VIEW("https")) &&
        !s3c_view_eq_nocase(scheme, S3C_VIEW("http")))
        return bad_url(err, url, "unknown scheme");
    l->tls = scheme.len == 5;
    if (memchr(url.ptr, '?', url.len) || memchr(url.ptr, '#', url.len))
        return bad_url(err, url, "query and fragment are not allowed");
    authority = s3c_view_skip(rest, 2);
    l->base = S3C_VIEW("");
    if (s3c_view_split(authority, '/', &authority, &rest) && rest.len)
        l->base = (struct s3c_view){rest.ptr - 1, rest.len + 1};
    while (s3c_view_ends(l->base, S3C_VIEW("/")))
        l->base.len--;
    if (!authority.len || !split_authority(authority, l))
        return bad_url(err, url, "bad host or port");
    return 0;
}

/* ---- bucket names ---- */

static int check_bucket(struct s3c_view b, struct s3c_error *err)
{
    const char *why = NULL;

    if (!b.len)
        return s3c_error_set(err, S3C_E_INVALID, "bucket: the name is empty; set aws.bucket");
    if (s3c_view_ends(b, S3C_VIEW("--x-s3")))
        return s3c_error_set(
            err, S3C_E_INVALID,
            "bucket \"%.*s\" is an S3 Express directory bucket, which cannot be listed in order and has no "
            "versions; use a general purpose bucket",
            (int)(b.len > BUCKET_MAX ? BUCKET_MAX : b.len), b.ptr);
    if (b.len > BUCKET_MAX)
        why = "longer than 255 bytes";
    for (size_t i = 0; i < b.len && !why; i++) {
        unsigned char c = (unsigned char)b.ptr[i];

        if (c == '/')
            why = "contains '/' (is it an ARN or a path? give the name alone)";
        else if (c <= ' ' || c == 0x7f)
            why = "contains white space or control characters";
    }
    if (!why && (s3c_view_eq_str(b, ".") || s3c_view_eq_str(b, "..")))
        why = "is no name";
    if (why)
        return s3c_error_set(err, S3C_E_INVALID, "bucket: the name %s", why);
    return 0;
}

static bool is_ipv4(struct s3c_view h)
{
    size_t dots = 0;

    for (size_t i = 0; i < h.len; i++) {
        if (h.ptr[i] == '.')
            dots++;
        else if (h.ptr[i] < '0' || h.ptr[i] > '9')
            return false;
    }
    return dots == 3;
}

/* May the name stand in front of a host? AWS's naming rules, which are those of DNS. */
static bool dns_compatible(struct s3c_view b)
{
    if (b.len < 3 || b.len > 63 || is_ipv4(b))
        return false;
    for (size_t i = 0; i < b.len; i++) {
        char c = b.ptr[i];
        bool label_end = i == 0 || i + 1 == b.len || b.ptr[i - 1] == '.' || b.ptr[i + 1] == '.';

        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            continue;
        if ((c != '-' && c != '.') || label_end)
            return false;
    }
    return true;
}

static bool decide_path_style(const struct location *l, struct s3c_view bucket,
                              enum s3c_path_style asked, bool custom)
{
    if (asked == S3C_PATH_STYLE_ON || !dns_compatible(bucket) || is_ipv4(l->host) ||
        l->host.ptr[0] == '[')
        return true;
    if (asked == S3C_PATH_STYLE_OFF)
        return false;
    return custom || (l->tls && memchr(bucket.ptr, '.', bucket.len));
}

/* ---- building ---- */

static char *take_text(struct s3c_buf *b)
{
    char *text = s3c_viewdup(s3c_buf_view(b));

    s3c_buf_clear(b);
    return text;
}

static int build_host(struct s3c_endpoint *e, const struct location *l, struct s3c_view bucket,
                      struct s3c_buf *b)
{
    int r = 0;

    if (!e->path_style) {
        r = s3c_buf_add_view(b, bucket);
        if (r == 0)
            r = s3c_buf_add_char(b, '.');
    }
    if (r == 0)
        r = s3c_buf_add_view(b, l->host);
    if (r == 0 && l->port)
        r = s3c_buf_addf(b, ":%u", l->port);
    if (r < 0)
        return r;
    for (size_t i = 0; i < b->len;
         i++) { /* clients differ in whether they do: so that signed == sent */
        if (b->ptr[i] >= 'A' && b->ptr[i] <= 'Z')
            b->ptr[i] = (char)(b->ptr[i] | 0x20);
    }
    e->host = take_text(b);
    if (!e->host)
        return S3C_E_NOMEM;
    r = s3c_buf_addf(b, "http%s://%s", e->tls ? "s" : "", e->host);
    if (r < 0)
        return r;
    e->url_prefix = take_text(b);
    return e->url_prefix ? 0 : S3C_E_NOMEM;
}

/* Decoded and encoded again: a base path may be given either way, the signature needs exactly one. */
static int add_base(struct s3c_buf *b, struct s3c_view base)
{
    _cleanup_(s3c_freep) char *raw = s3c_alloc(base.len + 1);

    if (!raw)
        return S3C_E_NOMEM;
    return s3c_percent_encode(b, (struct s3c_view){raw, s3c_percent_decode(raw, base, false)},
                              true);
}

static int build_paths(struct s3c_endpoint *e, const struct location *l, struct s3c_view bucket,
                       struct s3c_buf *b)
{
    int r;

    r = add_base(b, l->base);
    if (r == 0)
        r = s3c_buf_add_char(b, '/');
    if (r == 0 && e->path_style)
        r = s3c_percent_encode(b, bucket, false);
    if (r < 0)
        return r;
    e->bucket_path = take_text(b);
    if (!e->bucket_path)
        return S3C_E_NOMEM;
    r = s3c_buf_addf(b, "%s%s", e->bucket_path, e->path_style ? "/" : "");
    if (r < 0)
        return r;
    e->key_prefix = take_text(b);
    return e->key_prefix ? 0 : S3C_E_NOMEM;
}

static bool under_aws(struct s3c_view host)
{
    return s3c_view_ends(host, S3C_VIEW(".amazonaws.com")) ||
           s3c_view_ends(host, S3C_VIEW(".amazonaws.com.cn"));
}

static const char *aws_suffix(struct s3c_view region)
{
    return s3c_view_starts(region, S3C_VIEW("cn-")) ? "amazonaws.com.cn" : "amazonaws.com";
}

static int build(struct s3c_endpoint *e, const struct location *l, struct s3c_view bucket)
{
    _cleanup_(s3c_buf_done) struct s3c_buf b = S3C_BUF_INIT(URL_MAX_);
    int r;

    e->tls = l->tls;
    e->is_aws = under_aws(l->host);
    r = build_host(e, l, bucket, &b);
    if (r == 0)
        r = build_paths(e, l, bucket, &b);
    return r;
}

int s3c_endpoint_init(struct s3c_endpoint *ret, struct s3c_view endpoint, struct s3c_view region,
                      struct s3c_view bucket, enum s3c_path_style style, struct s3c_error *err)
{
    _cleanup_(s3c_endpoint_done) struct s3c_endpoint e = {.style = style};
    struct location l = {.tls = true, .base = S3C_VIEW("")};
    char aws_host[128];
    int r;

    r = check_bucket(bucket, err);
    if (r < 0)
        return r;
    if (!region.len)
        region = endpoint.len ? S3C_VIEW("us-east-1") : region;
    if (!region.len)
        return s3c_error_set(err, S3C_E_INVALID,
                             "region: none is set; set aws.region or AWS_REGION");
    if (!s3c_region_valid(region))
        return s3c_error_set(err, S3C_E_INVALID, "region \"%.*s\": letters, digits and '-' only",
                             (int)(region.len > 80 ? 80 : region.len), region.ptr);
    if (endpoint.len) {
        r = parse_url(&l, endpoint, err);
        if (r < 0)
            return r;
    } else {
        (void)snprintf(aws_host, sizeof aws_host, "s3.%.*s.%s", (int)region.len, region.ptr,
                       aws_suffix(region));
        l.host = s3c_view_str(aws_host);
    }
    e.path_style = decide_path_style(&l, bucket, style, endpoint.len > 0);
    e.region = s3c_viewdup(region);
    e.bucket = s3c_viewdup(bucket);
    e.endpoint = s3c_viewdup(endpoint);
    if (!e.region || !e.bucket || !e.endpoint)
        return s3c_error_nomem(err);
    r = build(&e, &l, bucket);
    if (r == S3C_E_TOO_LARGE)
        return bad_url(err, endpoint, "too long");
    if (r < 0)
        return s3c_error_nomem(err);
    *ret = e;
    e = (struct s3c_endpoint){0};
    return 0;
}

void s3c_endpoint_done(struct s3c_endpoint *e)
{
    char **all[] = {&e->url_prefix, &e->host,   &e->bucket_path, &e->key_prefix,
                    &e->region,     &e->bucket, &e->endpoint};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        s3c_freep(all[i]);
}

/* ---- moving to another region ---- */

#define GLOBAL_HOST "://s3.amazonaws.com"

/*
 * The AWS endpoint `url` with its region label replaced. The global host has none: it gets one, because it answers for other
 * regions with the same redirect again. Anything else (a VPC endpoint of another name) stays.
 */
static int move_url(struct s3c_buf *out, struct s3c_view url, struct s3c_view from,
                    struct s3c_view to)
{
    const char *global = memmem(url.ptr, url.len, GLOBAL_HOST, sizeof GLOBAL_HOST - 1);
    struct s3c_view label, rest = url;
    bool moved = false, more = true;
    int r = 0;

    if (global) {
        size_t head = (size_t)(global - url.ptr) + sizeof "://s3." - 1;

        return s3c_buf_addf(out, "%.*s%.*s.%.*s", (int)head, url.ptr, (int)to.len, to.ptr,
                            (int)(url.len - head), url.ptr + head);
    }
    while (more && r == 0) {
        more = s3c_view_split(rest, '.', &label, &rest);
        if (!more)
            label = rest;
        if (!moved && more && s3c_view_eq_nocase(label, from)) {
            label = to;
            moved = true;
        }
        r = s3c_buf_add_view(out, label);
        if (r == 0 && more)
            r = s3c_buf_add_char(out, '.');
    }
    return r;
}

int s3c_endpoint_move(struct s3c_endpoint *ret, const struct s3c_endpoint *e,
                      struct s3c_view region, struct s3c_error *err)
{
    _cleanup_(s3c_buf_done) struct s3c_buf url = S3C_BUF_INIT(URL_MAX_);
    struct s3c_view old = s3c_view_str(e->region);
    int r;

    if (!s3c_region_valid(region))
        return s3c_error_set(err, S3C_E_INVALID,
                             "redirect of bucket %s names a region that is none", e->bucket);
    if (s3c_view_eq(region, old))
        return s3c_error_set(err, S3C_E_INVALID,
                             "redirect of bucket %s names the region it was asked in, %s",
                             e->bucket, e->region);
    if (e->is_aws && strcmp(aws_suffix(region), aws_suffix(old)) != 0)
        return s3c_error_set(
            err, S3C_E_INVALID,
            "redirect of bucket %s leaves the partition of %s for %.*s; set aws.region", e->bucket,
            e->region, (int)region.len, region.ptr);
    r = e->is_aws ? move_url(&url, s3c_view_str(e->endpoint), old, region)
                  : s3c_buf_add_str(&url, e->endpoint);
    if (r < 0)
        return s3c_error_nomem(err);
    return s3c_endpoint_init(ret, s3c_buf_view(&url), region, s3c_view_str(e->bucket), e->style,
                             err);
}

int s3c_endpoint_path(const struct s3c_endpoint *e, struct s3c_view key, struct s3c_buf *out)
{
    int r;

    if (!key.len)
        return s3c_buf_add_str(out, e->bucket_path);
    r = s3c_buf_add_str(out, e->key_prefix);
    return r < 0 ? r : s3c_percent_encode(out, key, true);
}
