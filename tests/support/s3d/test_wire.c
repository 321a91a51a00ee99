/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, codings, signatures, delays: what stands between the socket and the store. */
#include "check.h"

#include "auth.h"
#include "chunked.h"
#include "op.h"
#include "text.h"
#include "wheel.h"

#define CODED \
    "5;chunk-signature=abc\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n"

static void feed_halves(void *ctx, struct s3c_view head, struct s3c_view tail)
{
    struct s3d_chunked c = {0};
    struct s3c_buf out = S3C_BUF_INIT(100);

    (void)ctx;
    assert_int_equal(s3d_chunked_feed(&c, head, &out), head.len);
    assert_int_equal(s3d_chunked_feed(&c, tail, &out), tail.len);
    assert_true(s3d_chunked_ended(&c));
    CHECK_VIEW(s3c_buf_view(&out), "hello 0123456789");
    s3c_buf_done(&out);
}

static void chunks_are_joined_at_every_split(void **state)
{
    (void)state;
    check_each_split(S3C_VIEW(CODED), feed_halves, NULL);
}

static void chunked_bodies_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {
        "", "x\r\n", "5\r\nhel", "5\r\nhello\r\n", "-1\r\n", "fffffffffffffffff\r\n", "\n5\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct s3c_buf b = S3C_BUF_INIT(1000);

        s3d_put_str(&b, bad[i]);
        assert_false(s3d_chunked_decode(&b));
        s3c_buf_done(&b);
    }
}

static void bytes_behind_a_chunked_body_are_left(void **state)
{
    struct s3d_chunked c = {0};
    struct s3c_buf out = S3C_BUF_INIT(100);

    (void)state;
    assert_int_equal(s3d_chunked_feed(&c, S3C_VIEW("1\r\nx\r\n0\r\n\r\nGET /"), &out), 11);
    assert_true(s3d_chunked_ended(&c));
    s3c_buf_done(&out);
}

/* The examples of AWS's documentation of SigV4 for S3. */
#define EXAMPLE_SCOPE "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"
#define EMPTY_SHA256  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define COMMON_FIELDS                                                             \
    "Host: examplebucket.s3.amazonaws.com\r\nx-amz-content-sha256: " EMPTY_SHA256 \
    "\r\nx-amz-date: 20130524T000000Z\r\n"
#define SIGNED(names, signature)                                                        \
    "Authorization: AWS4-HMAC-SHA256 Credential=" EXAMPLE_SCOPE ",SignedHeaders=" names \
    ",Signature=" signature "\r\n\r\n"

static const char *check_signature(const char *text, struct s3d_options *opt, int64_t now_ns)
{
    struct s3c_arena arena = S3C_ARENA_INIT(0);
    struct s3d_request q = {.arena = &arena};
    struct s3d_auth *auth = s3d_auth_new(opt);
    const char *message, *code;

    assert_int_equal(s3d_request_parse(&q, s3c_view_str(text)), strlen(text));
    assert_true(s3d_request_address(&q, "s3.amazonaws.com"));
    CHECK_VIEW(q.bucket, "examplebucket");
    code = s3d_auth_check(auth, &q, now_ns, &message);
    s3d_auth_free(auth);
    s3c_arena_done(&arena);
    return code;
}

static struct s3d_options example_options(void)
{
    return (struct s3d_options){.access_key = "AKIAIOSFODNN7EXAMPLE",
                                .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                .region = "us-east-1"};
}

static void documented_signatures_match(void **state)
{
    static const char *const good[] = {
        "GET /test.txt HTTP/1.1\r\n" COMMON_FIELDS "Range: bytes=0-9\r\n" SIGNED(
            "host;range;x-amz-content-sha256;x-amz-date",
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
        "GET /?lifecycle HTTP/1.1\r\n" COMMON_FIELDS SIGNED(
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        "GET /?max-keys=2&prefix=J HTTP/1.1\r\n" COMMON_FIELDS SIGNED(
            "host;x-amz-content-sha256;x-amz-date",
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
    };
    struct s3d_options opt = example_options();

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(check_signature(good[i], &opt, 0));
}

static void signatures_are_refused_by_name(void **state)
{
    static const char text[] = "GET /?lifecycle HTTP/1.1\r\n" COMMON_FIELDS SIGNED(
        "host;x-amz-content-sha256;x-amz-date",
        "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    struct s3d_options opt = example_options();

    (void)state;
    opt.secret_key = "other";
    assert_string_equal(check_signature(text, &opt, 0), "SignatureDoesNotMatch");
    opt = example_options();
    opt.access_key = "other";
    assert_string_equal(check_signature(text, &opt, 0), "InvalidAccessKeyId");
    opt = example_options();
    opt.region = "eu-central-1";
    assert_string_equal(check_signature(text, &opt, 0), "AuthorizationHeaderMalformed");
    opt = example_options();
    opt.skew_check = true;
    assert_string_equal(check_signature(text, &opt, 0), "RequestTimeTooSkewed");
    assert_null(
        check_signature(text, &opt, INT64_C(1369353600) * S3C_NS_PER_SEC + 900 * S3C_NS_PER_SEC));
    opt = example_options();
    opt.session_token = "token";
    assert_string_equal(check_signature(text, &opt, 0), "InvalidToken");
}

static void fields_of_amazon_must_be_signed(void **state)
{
    static const char text[] =
        "GET /?lifecycle HTTP/1.1\r\n" COMMON_FIELDS "x-amz-meta-a: b\r\n" SIGNED(
            "host;x-amz-content-sha256;x-amz-date",
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
    struct s3d_options opt = example_options();

    (void)state;
    assert_string_equal(check_signature(text, &opt, 0), "AccessDenied");
}

static void requests_are_told_apart(void **state)
{
    static const struct {
        const char *text;
        enum s3d_op op;
    } rows[] = {
        {"GET / HTTP/1.1\r\n\r\n", S3D_OP_ListBuckets},
        {"GET /b HTTP/1.1\r\n\r\n", S3D_OP_ListObjects},
        {"GET /b/?list-type=2 HTTP/1.1\r\n\r\n", S3D_OP_ListObjectsV2},
        {"GET /b?versions&prefix=a%2Fb HTTP/1.1\r\n\r\n", S3D_OP_ListObjectVersions},
        {"GET /b/k?versionId=1 HTTP/1.1\r\n\r\n", S3D_OP_GetObject},
        {"GET /b//k HTTP/1.1\r\n\r\n", S3D_OP_GetObject},
        {"PUT /b/k?partNumber=1&uploadId=x HTTP/1.1\r\n\r\n", S3D_OP_UploadPart},
        {"PUT /b/k HTTP/1.1\r\nx-amz-copy-source: /a/b\r\n\r\n", S3D_OP_CopyObject},
        {"POST /b?delete HTTP/1.1\r\n\r\n", S3D_OP_DeleteObjects},
        {"GET /b/k?acl HTTP/1.1\r\n\r\n", S3D_OP_NotImplemented},
        {"PATCH /b/k HTTP/1.1\r\n\r\n", S3D_OP_NotImplemented},
    };
    struct s3c_arena arena = S3C_ARENA_INIT(0);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s3d_request q = {.arena = &arena};

        assert_int_equal(s3d_request_parse(&q, s3c_view_str(rows[i].text)), strlen(rows[i].text));
        assert_true(s3d_request_address(&q, NULL));
        assert_string_equal(s3d_op_name(s3d_op_of(&q)), s3d_op_name(rows[i].op));
    }
    s3c_arena_done(&arena);
}

struct fired {
    struct s3d_timer timer; /* first: the wheel gives it back */
    const int64_t *now_ns;
    int64_t at_ns;
    unsigned times;
};

static void note(struct s3d_timer *t)
{
    struct fired *f = (struct fired *)(void *)t;

    f->at_ns = *f->now_ns;
    f->times++;
}

/* Sleeping exactly as long as the wheel says, every timer fires once and no tick late. */
static void delays_fire_in_time_and_once(void **state)
{
    static const int64_t after_ticks[] = {30, 100000, 1, 4096, 4099, 4095, 8192};
    enum { N = sizeof after_ticks / sizeof *after_ticks };
    static struct s3d_wheel w;
    struct fired f[N + 1] = {0};
    int64_t now_ns = 0, wait;

    (void)state;
    s3d_wheel_init(&w, 0);
    assert_int_equal(s3d_wheel_wait_ns(&w, 0), -1);
    for (unsigned i = 0; i <= N; i++) {
        f[i].timer.fire = note;
        f[i].now_ns = &now_ns;
        s3d_timer_set(&w, &f[i].timer, (i < N ? after_ticks[i] : 5) * S3D_WHEEL_TICK_NS);
    }
    s3d_timer_cancel(&w, &f[N].timer);
    s3d_timer_cancel(&w, &f[N].timer);
    while ((wait = s3d_wheel_wait_ns(&w, now_ns)) >= 0) {
        now_ns += wait;
        s3d_wheel_turn(&w, now_ns);
        assert_true(now_ns <= 100000 * S3D_WHEEL_TICK_NS);
    }
    assert_int_equal(f[N].times, 0);
    for (unsigned i = 0; i < N; i++) {
        assert_int_equal(f[i].times, 1);
        assert_int_equal(f[i].at_ns, after_ticks[i] * S3D_WHEEL_TICK_NS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(chunks_are_joined_at_every_split),
        CHECK_TEST(chunked_bodies_that_are_none_are_refused),
        CHECK_TEST(bytes_behind_a_chunked_body_are_left),
        CHECK_TEST(documented_signatures_match),
        CHECK_TEST(signatures_are_refused_by_name),
        CHECK_TEST(fields_of_amazon_must_be_signed),
        CHECK_TEST(requests_are_told_apart),
        CHECK_TEST(delays_fire_in_time_and_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
