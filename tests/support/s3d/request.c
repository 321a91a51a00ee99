/* SPDX-License-Identifier: Apache-2.0 */
#include "request.h"

#include "text.h"

static enum s3d_method method_of(struct s3c_view v)
{
    static const char *const names[] = {"GET", "HEAD", "PUT", "POST", "DELETE"};

    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (s3c_view_eq_str(v, names[i]))
            return (enum s3d_method)i;
    }
    return S3D_OTHER_METHOD;
}

static bool parse_request_line(struct s3d_request *r, struct s3c_view line)
{
    struct s3c_view target, version;

    if (!s3c_view_split(line, ' ', &r->method_text, &target) ||
        !s3c_view_split(target, ' ', &target, &version))
        return false;
    if (!s3c_view_starts(version, S3C_VIEW("HTTP/1.")) || !target.len || target.ptr[0] != '/')
        return false;
    r->method = method_of(r->method_text);
    r->keep_alive = s3c_view_eq_str(version, "HTTP/1.1");
    r->query = S3C_VIEW("");
    r->path = target;
    (void)s3c_view_split(target, '?', &r->path, &r->query);
    return true;
}

/* The fields that frame the message; everything else is looked up when it is needed. */
static bool frame(struct s3d_request *r, const struct s3d_pair *f)
{
    if (s3c_view_eq_nocase(f->name, S3C_VIEW("content-length")))
        return s3c_view_u64(f->value, &r->content_length) == 0;
    if (s3c_view_eq_nocase(f->name, S3C_VIEW("transfer-encoding")))
        r->chunked = s3c_view_eq_nocase(f->value, S3C_VIEW("chunked"));
    else if (s3c_view_eq_nocase(f->name, S3C_VIEW("expect")))
        r->expect_continue = s3c_view_eq_nocase(f->value, S3C_VIEW("100-continue"));
    else if (s3c_view_eq_nocase(f->name, S3C_VIEW("connection")) &&
             s3c_view_eq_nocase(f->value, S3C_VIEW("close")))
        r->keep_alive = false;
    return true;
}

static bool parse_field(struct s3d_request *r, struct s3c_view line)
{
    struct s3d_pair *f = &r->field[r->nfields];

    if (r->nfields == S3D_FIELDS_MAX || !s3c_view_split(line, ':', &f->name, &f->value))
        return false;
    f->value = s3c_view_trim(f->value);
    r->nfields++;
    return frame(r, f);
}

int s3d_request_parse(struct s3d_request *r, struct s3c_view in)
{
    const char *end = memmem(in.ptr, in.len, "\r\n\r\n", 4);
    const char *p = in.ptr;
    bool first = true;

    if (!end)
        return 0;
    *r = (struct s3d_request){.arena = r->arena, .body = r->body};
    while (p <= end) {
        const char *eol = memchr(p, '\r', (size_t)(end + 1 - p));
        struct s3c_view line = {p, (size_t)(eol - p)};

        if (!(first ? parse_request_line(r, line) : parse_field(r, line)))
            return -1;
        first = false;
        p = eol + 2;
    }
    return (int)(end + 4 - in.ptr);
}

struct s3c_view s3d_field(const struct s3d_request *r, const char *name)
{
    size_t n = strlen(name);

    for (unsigned i = 0; i < r->nfields; i++) {
        const struct s3d_pair *f = &r->field[i];

        if (f->name.len == n && s3c_view_eq_nocase(f->name, (struct s3c_view){name, n}))
            return f->value;
    }
    return (struct s3c_view){NULL, 0};
}

struct s3c_view s3d_param(const struct s3d_request *r, const char *name)
{
    for (unsigned i = 0; i < r->nparams; i++) {
        if (s3c_view_eq_str(r->param[i].name, name))
            return r->param[i].value;
    }
    return (struct s3c_view){NULL, 0};
}

static struct s3c_view decoded(struct s3c_arena *a, struct s3c_view v, bool plus_is_space)
{
    char *p = s3d_arena(a, v.len + 1);

    return (struct s3c_view){p, s3c_percent_decode(p, v, plus_is_space)};
}

bool s3d_parse_form(struct s3c_arena *a, struct s3c_view text, struct s3d_pair *pairs, unsigned max,
                    unsigned *ret_n)
{
    unsigned n = 0;

    while (text.len) {
        struct s3c_view one = text, name, value;

        if (!s3c_view_split(text, '&', &one, &text))
            text.len = 0;
        if (!one.len)
            continue;
        if (n == max)
            return false;
        if (!s3c_view_split(one, '=', &name, &value)) {
            name = one;
            value = S3C_VIEW("");
        }
        pairs[n++] = (struct s3d_pair){decoded(a, name, true), decoded(a, value, true)};
    }
    *ret_n = n;
    return true;
}

/* The bucket that a virtual-host style Host names, or ptr NULL. */
static struct s3c_view host_bucket(const struct s3d_request *r, const char *domain)
{
    struct s3c_view host = s3d_field(r, "host"), port, suffix = s3c_view_str(domain);

    if (!domain || !host.ptr)
        return (struct s3c_view){NULL, 0};
    (void)s3c_view_split_last(host, ':', &host, &port);
    if (!s3c_view_ends(host, suffix) || host.len < suffix.len + 2 ||
        host.ptr[host.len - suffix.len - 1] != '.')
        return (struct s3c_view){NULL, 0};
    return s3c_view_first(host, host.len - suffix.len - 1);
}

bool s3d_request_address(struct s3d_request *r, const char *domain)
{
    struct s3c_view path = s3c_view_skip(r->path, 1), bucket = path, key = {NULL, 0};

    r->bucket = host_bucket(r, domain);
    if (r->bucket.ptr) {
        key = path;
    } else {
        (void)s3c_view_split(path, '/', &bucket, &key);
        if (bucket.len)
            r->bucket = decoded(r->arena, bucket, false);
    }
    if (key.len)
        r->key = decoded(r->arena, key, false);
    return s3d_parse_form(r->arena, r->query, r->param, S3D_PARAMS_MAX, &r->nparams);
}
