/* SPDX-License-Identifier: Apache-2.0 */
/* The signer against the vectors of tests/vectors/sigv4 (see generate.py there), stage by stage. */
#include "check.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "s3/sigv4.h"

#define MAX_FIELDS 16

/* A vector's request and context, read. Everything points into `request` and `context`. */
struct vector {
    struct s3c_buf request, context, path;
    char text[8192]; /* decoded query */
    size_t text_len;
    struct s3c_pair query[MAX_FIELDS], headers[MAX_FIELDS];
    struct s3c_creds creds;
    struct s3c_sign_request sign;
};

/* All cases, by collect. */
static struct check_vector cases[128];
static size_t case_count;

static void collect(const struct check_vector *v)
{
    if (strchr(v->name, '.')) /* generate.py */
        return;
    assert_true(case_count < sizeof cases / sizeof *cases);
    cases[case_count++] = *v;
    cases[case_count - 1].name = strrchr(cases[case_count - 1].dir, '/') + 1;
}

static int collect_all(void **state)
{
    (void)state;
    check_each_vector("sigv4", collect);
    return 0;
}

/* A file of a case; all zero if it has none. */
static struct s3c_buf vector_read(const char *name, const char *file)
{
    struct s3c_buf b = S3C_BUF_INIT(1u << 20);
    size_t len = 0, i = 0;
    char *text;

    while (i < case_count && strcmp(cases[i].name, name) != 0)
        i++;
    assert_true(i < case_count);
    text = check_vector_read(&cases[i], file, &len);
    if (text)
        CHECK_OK(s3c_buf_add(&b, text, len), NULL);
    free(text);
    return b;
}

static struct s3c_view setting(const struct vector *v, const char *name)
{
    struct s3c_view rest = s3c_buf_view(&v->context), line, key, value;

    while (s3c_view_split(rest, '\n', &line, &rest)) {
        if (s3c_view_split(line, '=', &key, &value) && s3c_view_eq_str(key, name))
            return value;
    }
    return (struct s3c_view){NULL, 0};
}

static struct s3c_view decoded(struct vector *v, struct s3c_view text)
{
    char *at = v->text + v->text_len;

    assert_true(v->text_len + text.len < sizeof v->text);
    text.len = s3c_percent_decode(at, text, false);
    v->text_len += text.len;
    return (struct s3c_view){at, text.len};
}

static void read_query(struct vector *v, struct s3c_view rest)
{
    struct s3c_view pair, name, value;
    bool more = rest.len > 0;

    while (more) {
        more = s3c_view_split(rest, '&', &pair, &rest);
        if (!more)
            pair = rest;
        name = pair;
        value = S3C_VIEW("");
        (void)s3c_view_split(pair, '=', &name, &value);
        v->query[v->sign.query_count++] = (struct s3c_pair){decoded(v, name), decoded(v, value)};
    }
}

/* Folded lines are joined by turning their line break into a space. */
static void unfold(struct s3c_buf *b)
{
    for (size_t i = 0; i + 1 < b->len; i++) {
        if (b->ptr[i] == '\n' && b->ptr[i + 1] == ' ')
            b->ptr[i] = ' ';
    }
}

static void read_headers(struct vector *v, struct s3c_view rest)
{
    struct s3c_view line, name, value;

    while (s3c_view_split(rest, '\n', &line, &rest) && line.len) {
        assert_true(s3c_view_split(line, ':', &name, &value));
        if (s3c_view_eq_str(name, "Host"))
            v->sign.host = value;
        else
            v->headers[v->sign.header_count++] = (struct s3c_pair){name, value};
    }
}

static void read_request(struct vector *v)
{
    struct s3c_view line, rest, target, path, query = {NULL, 0};

    unfold(&v->request);
    assert_true(s3c_view_split(s3c_buf_view(&v->request), '\n', &line, &rest));
    assert_true(s3c_view_split(line, ' ', &v->sign.method, &target));
    path = target;
    (void)s3c_view_split(target, '?', &path, &query);
    path = decoded(v, path);
    if (v->sign.form == S3C_SIGN_GENERIC)
        CHECK_OK(s3c_buf_add_view(&v->path, path), NULL);
    else
        CHECK_OK(s3c_percent_encode(&v->path, path, true), NULL);
    v->sign.path = s3c_buf_view(&v->path);
    read_query(v, query);
    read_headers(v, rest);
}

static void read_context(struct vector *v)
{
    struct s3c_view form = setting(v, "form"), time = setting(v, "time");
    uint64_t expires = 0;
    char iso[32];

    v->sign.form = s3c_view_eq_str(form, "s3")      ? S3C_SIGN_S3
                   : s3c_view_eq_str(form, "query") ? S3C_SIGN_QUERY
                                                    : S3C_SIGN_GENERIC;
    v->sign.normalize = setting(v, "normalize").len > 0;
    v->sign.region = setting(v, "region");
    v->sign.service = setting(v, "service");
    v->sign.payload_hash = setting(v, "payload");
    v->creds.access_key_id = setting(v, "access_key");
    v->creds.secret_access_key = setting(v, "secret_key");
    v->creds.session_token = setting(v, "token");
    if (setting(v, "expires").len)
        CHECK_OK(s3c_view_u64(setting(v, "expires"), &expires), NULL);
    v->sign.expires_sec = (unsigned)expires;
    assert_int_equal(time.len, 16);
    (void)snprintf(iso, sizeof iso, "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", time.ptr, time.ptr + 4,
                   time.ptr + 6, time.ptr + 9, time.ptr + 11, time.ptr + 13);
    CHECK_OK(s3c_time_parse_rfc3339(s3c_view_str(iso), &v->sign.time_ns), NULL);
}

static void load(struct vector *v, const char *name)
{
    *v = (struct vector){.path = S3C_BUF_INIT(65536)};
    v->request = vector_read(name, "request");
    v->context = vector_read(name, "context");
    read_context(v);
    read_request(v);
    v->sign.query = v->query;
    v->sign.headers = v->headers;
    v->sign.creds = &v->creds;
}

static void unload(struct vector *v)
{
    s3c_buf_done(&v->request);
    s3c_buf_done(&v->context);
    s3c_buf_done(&v->path);
}

static void check_stage(const char *name, const char *stage, struct s3c_view got)
{
    _cleanup_(s3c_buf_done) struct s3c_buf want = vector_read(name, stage);

    if (!s3c_view_eq(got, s3c_buf_view(&want)))
        fail_msg("%s/%s:\n%.*s\nexpected\n%.*s", name, stage, (int)got.len, got.ptr, (int)want.len,
                 want.ptr);
}

/* The lines that go out are what was signed: each canonical header but host is among them with the same value. */
static void check_headers_sent(const struct s3c_signer *s, const struct s3c_signed *out)
{
    struct s3c_view rest = s3c_signer_canonical(s), line, name, value;
    size_t found = 0;

    for (int i = 0; i < 3; i++) /* method, path, query */
        assert_true(s3c_view_split(rest, '\n', &line, &rest));
    while (s3c_view_split(rest, '\n', &line, &rest) && line.len) {
        assert_true(s3c_view_split(line, ':', &name, &value));
        for (size_t i = 0; i < out->header_count; i++) {
            struct s3c_view sent = s3c_view_str(out->headers[i]), sent_name, sent_value;

            assert_true(s3c_view_split(sent, ':', &sent_name, &sent_value));
            found +=
                s3c_view_eq(sent_name, name) && (s3c_view_eq(s3c_view_trim(sent_value), value) ||
                                                 memchr(value.ptr, ',', value.len));
        }
    }
    assert_int_equal(found + 1, out->header_count); /* the one more is Authorization */
}

static void check_authorization(const struct vector *v, const struct s3c_signed *out)
{
    char want[256];

    (void)snprintf(want, sizeof want, "Authorization: AWS4-HMAC-SHA256 Credential=%.*s/",
                   (int)v->creds.access_key_id.len, v->creds.access_key_id.ptr);
    assert_true(
        s3c_view_starts(s3c_view_str(out->headers[out->header_count - 1]), s3c_view_str(want)));
    (void)snprintf(want, sizeof want, ", Signature=%s", out->signature);
    assert_true(
        s3c_view_ends(s3c_view_str(out->headers[out->header_count - 1]), s3c_view_str(want)));
}

static void check_chunks(struct s3c_signer *s, const struct vector *v, const char *name,
                         const char *seed)
{
    _cleanup_(s3c_buf_done) struct s3c_buf chunks = vector_read(name, "chunks");
    struct s3c_view rest = s3c_buf_view(&chunks), line, time = setting(v, "time");
    char previous[65], hash[64], text[512], got[64];
    static char data[65536];

    (void)snprintf(previous, sizeof previous, "%s", seed);
    while (s3c_view_split(rest, '\n', &line, &rest)) {
        struct s3c_view size, byte, signature;
        uint64_t n;

        assert_true(s3c_view_split(line, ' ', &size, &byte) &&
                    s3c_view_split(byte, ' ', &byte, &signature));
        CHECK_OK(s3c_view_u64(size, &n), NULL);
        memset(data, byte.ptr[0], n);
        s3c_signer_hash(s, (struct s3c_view){data, n}, hash);
        (void)snprintf(text, sizeof text,
                       "AWS4-HMAC-SHA256-PAYLOAD\n%.*s\n%.8s/%.*s/s3/aws4_request\n%s\n%s\n%.64s",
                       (int)time.len, time.ptr, time.ptr, (int)v->sign.region.len,
                       v->sign.region.ptr, previous, S3C_EMPTY_SHA256, hash);
        s3c_signer_sign_text(s, s3c_view_str(text), got);
        (void)snprintf(previous, sizeof previous, "%.64s", got);
        CHECK_VIEW(signature, previous);
    }
}

static void check_case(struct s3c_signer *s, const char *name)
{
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(1u << 20);
    struct s3c_signed signed_;
    struct s3c_error err = {0};
    struct vector v;

    load(&v, name);
    CHECK_OK(s3c_sign(s, &v.sign, &out, &signed_, &err), &err);
    check_stage(name, "canonical", s3c_signer_canonical(s));
    check_stage(name, "string-to-sign", s3c_signer_string_to_sign(s));
    check_stage(name, "signature", s3c_view_str(signed_.signature));
    check_stage(name, "url", s3c_view_str(signed_.url));
    if (v.sign.form == S3C_SIGN_QUERY) {
        assert_int_equal(signed_.header_count, 0);
    } else {
        check_authorization(&v, &signed_);
        check_headers_sent(s, &signed_);
    }
    if (s3c_view_eq_str(v.sign.payload_hash, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"))
        check_chunks(s, &v, name, signed_.signature);
    unload(&v);
}

static void gives_each_stage_of_each_vector(void **state)
{
    _cleanup_(s3c_signer_freep) struct s3c_signer *s = NULL;
    struct s3c_error err = {0};

    (void)state;
    CHECK_OK(s3c_signer_new(&s, &err), &err);
    assert_true(case_count >= 50);
    for (size_t i = 0; i < case_count; i++)
        check_case(s, cases[i].name);
}

/* The key is cached: other credentials, days, regions and back again must not get the wrong one. */
static void follows_changes_of_key_day_and_region(void **state)
{
    static const char *const order[] = {
        "s3-get-object", "get-vanilla",      "s3-get-object", "s3-port-and-base-path",
        "s3-get-object", "s3-session-token", "get-vanilla"};
    _cleanup_(s3c_signer_freep) struct s3c_signer *s = NULL;
    struct s3c_error err = {0};

    (void)state;
    CHECK_OK(s3c_signer_new(&s, &err), &err);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++)
        check_case(s, order[i]);
}

static void wire_is_what_was_signed(void **state)
{
    _cleanup_(s3c_signer_freep) struct s3c_signer *s = NULL;
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(1u << 20);
    struct s3c_view line, rest, path, query, url;
    struct s3c_signed signed_;
    struct s3c_error err = {0};
    struct vector v;

    (void)state;
    CHECK_OK(s3c_signer_new(&s, &err), &err);
    load(&v, "s3-list-versions");
    v.sign.url_prefix = S3C_VIEW("https://examplebucket.s3.amazonaws.com");
    CHECK_OK(s3c_sign(s, &v.sign, &out, &signed_, &err), &err);
    url = s3c_view_str(signed_.url);
    assert_true(s3c_view_starts(url, v.sign.url_prefix));
    assert_true(s3c_view_split(s3c_view_skip(url, v.sign.url_prefix.len), '?', &path, &query));
    rest = s3c_signer_canonical(s);
    assert_true(s3c_view_split(rest, '\n', &line, &rest));
    assert_true(s3c_view_split(rest, '\n', &line, &rest));
    assert_true(s3c_view_eq(line, path));
    assert_true(s3c_view_split(rest, '\n', &line, &rest));
    assert_true(s3c_view_eq(line, query));
    unload(&v);
}

static void refuses_what_would_split_a_header(void **state)
{
    static const struct s3c_pair bad[] = {
        {{"x-a", 3}, {"b\r\nx-c: d", 9}}, {{"x a", 3}, {"b", 1}},    {{"x:a", 3}, {"b", 1}},
        {{"x-a", 3}, {"\x7f", 1}},        {{"x-a", 3}, {"a\0b", 3}},
    };
    _cleanup_(s3c_signer_freep) struct s3c_signer *s = NULL;
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(1u << 20);
    struct s3c_signed signed_;
    struct s3c_error err = {0};
    struct vector v;

    (void)state;
    CHECK_OK(s3c_signer_new(&s, &err), &err);
    load(&v, "s3-get-object");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        v.sign.headers = &bad[i];
        v.sign.header_count = 1;
        CHECK_CODE(s3c_sign(s, &v.sign, &out, &signed_, &err), S3C_E_INVALID);
        assert_int_equal(err.code, S3C_E_INVALID);
    }
    v.sign.header_count = 0;
    v.sign.path = S3C_VIEW("no-slash");
    CHECK_CODE(s3c_sign(s, &v.sign, &out, &signed_, &err), S3C_E_INVALID);
    v.sign.path = S3C_VIEW("/");
    v.sign.query_count = S3C_SIGN_MAX_QUERY + 1;
    CHECK_CODE(s3c_sign(s, &v.sign, &out, &signed_, &err), S3C_E_INVALID);
    unload(&v);
}

static void says_when_the_url_is_too_long(void **state)
{
    _cleanup_(s3c_signer_freep) struct s3c_signer *s = NULL;
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(600);
    struct s3c_signed signed_;
    struct s3c_error err = {0};
    struct vector v;

    (void)state;
    CHECK_OK(s3c_signer_new(&s, &err), &err);
    load(&v, "s3-get-object");
    CHECK_CODE(s3c_sign(s, &v.sign, &out, &signed_, &err), S3C_E_TOO_LARGE);
    CHECK_HAS(err.message, "600 bytes");
    assert_null(strstr(err.message, "wJalr"));
    unload(&v);
}

static void survives_every_allocation_failure(void **state)
{
    struct vector v;

    (void)state;
    load(&v, "s3-session-token");
    FOR_EACH_ALLOC_FAILURE
    {
        _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(1u << 20);
        struct s3c_signer *s = NULL;
        struct s3c_signed signed_;
        struct s3c_error err = {0};
        int r = s3c_signer_new(&s, &err);

        if (r == 0)
            r = s3c_sign(s, &v.sign, &out, &signed_, &err);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_signer_free(s);
    }
    unload(&v);
}

static void allocates_nothing_once_warm(void **state)
{
    _cleanup_(s3c_signer_freep) struct s3c_signer *s = NULL;
    _cleanup_(s3c_buf_done) struct s3c_buf out = S3C_BUF_INIT(1u << 20);
    struct s3c_signed signed_;
    struct s3c_error err = {0};
    struct vector v;
    size_t made;

    (void)state;
    CHECK_OK(s3c_signer_new(&s, &err), &err);
    load(&v, "s3-session-token");
    CHECK_OK(s3c_sign(s, &v.sign, &out, &signed_, &err), &err);
    made = check_mem_made();
    for (int i = 0; i < 10; i++) {
        v.sign.time_ns += S3C_NS_PER_SEC;
        CHECK_OK(s3c_sign(s, &v.sign, &out, &signed_, &err), &err);
    }
    assert_int_equal(check_mem_made(), made);
    unload(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_each_stage_of_each_vector),
        CHECK_TEST(follows_changes_of_key_day_and_region),
        CHECK_TEST(wire_is_what_was_signed),
        CHECK_TEST(refuses_what_would_split_a_header),
        CHECK_TEST(says_when_the_url_is_too_long),
        CHECK_TEST(survives_every_allocation_failure),
        CHECK_TEST(allocates_nothing_once_warm),
    };

    return cmocka_run_group_tests(tests, collect_all, NULL);
}
