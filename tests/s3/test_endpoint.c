/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "s3/endpoint.h"

#define AUTO S3C_PATH_STYLE_AUTO
#define ON   S3C_PATH_STYLE_ON
#define OFF  S3C_PATH_STYLE_OFF

static int make(struct s3c_endpoint *e, const char *url, const char *region, const char *bucket,
                enum s3c_path_style style, struct s3c_error *err)
{
    *e = (struct s3c_endpoint){0};
    return s3c_endpoint_init(e, s3c_view_str(url), s3c_view_str(region), s3c_view_str(bucket),
                             style, err);
}

static void builds_host_and_paths(void **state)
{
    static const struct {
        const char *url, *region, *bucket;
        enum s3c_path_style style;
        const char *prefix, *bucket_path, *key_path; /* of the key "a b/c" */
    } rows[] = {
        {"", "eu-west-1", "data", AUTO, "https://data.s3.eu-west-1.amazonaws.com", "/", "/a%20b/c"},
        {"", "cn-north-1", "data", AUTO, "https://data.s3.cn-north-1.amazonaws.com.cn", "/",
         "/a%20b/c"},
        {"", "eu-west-1", "data", ON, "https://s3.eu-west-1.amazonaws.com", "/data",
         "/data/a%20b/c"},
        {"", "eu-west-1", "my.data", AUTO, "https://s3.eu-west-1.amazonaws.com", "/my.data",
         "/my.data/a%20b/c"},
        {"", "eu-west-1", "my.data", OFF, "https://my.data.s3.eu-west-1.amazonaws.com", "/",
         "/a%20b/c"},
        {"", "us-east-1", "My_Data", AUTO, "https://s3.us-east-1.amazonaws.com", "/My_Data",
         "/My_Data/a%20b/c"},
        {"", "us-east-1", "My_Data", OFF, "https://s3.us-east-1.amazonaws.com", "/My_Data",
         "/My_Data/a%20b/c"},
        {"", "us-east-1", "ab", AUTO, "https://s3.us-east-1.amazonaws.com", "/ab", "/ab/a%20b/c"},
        {"", "us-east-1", "10.0.0.1", OFF, "https://s3.us-east-1.amazonaws.com", "/10.0.0.1",
         "/10.0.0.1/a%20b/c"},
        {"", "us-east-1", "a..b", OFF, "https://s3.us-east-1.amazonaws.com", "/a..b",
         "/a..b/a%20b/c"},
        {"", "us-east-1", "-ab", OFF, "https://s3.us-east-1.amazonaws.com", "/-ab", "/-ab/a%20b/c"},
        {"http://127.0.0.1:9000", "", "data", AUTO, "http://127.0.0.1:9000", "/data",
         "/data/a%20b/c"},
        {"http://127.0.0.1:9000", "", "data", OFF, "http://127.0.0.1:9000", "/data",
         "/data/a%20b/c"},
        {"http://[::1]:9000/", "", "data", OFF, "http://[::1]:9000", "/data", "/data/a%20b/c"},
        {"http://[::1]", "", "data", AUTO, "http://[::1]", "/data", "/data/a%20b/c"},
        {"HTTP://S3.Example.COM:80", "", "data", AUTO, "http://s3.example.com", "/data",
         "/data/a%20b/c"},
        {"https://s3.example.com:443/", "", "data", OFF, "https://data.s3.example.com", "/",
         "/a%20b/c"},
        {"https://s3.example.com:80", "", "data", OFF, "https://data.s3.example.com:80", "/",
         "/a%20b/c"},
        {"http://s3.example.com:443", "", "data", ON, "http://s3.example.com:443", "/data",
         "/data/a%20b/c"},
        {"http://host/base/path/", "", "data", AUTO, "http://host", "/base/path/data",
         "/base/path/data/a%20b/c"},
        {"http://host/a%20b+c//", "", "data", AUTO, "http://host", "/a%20b%2Bc/data",
         "/a%20b%2Bc/data/a%20b/c"},
        {"http://host/base", "", "data", OFF, "http://data.host", "/base/", "/base/a%20b/c"},
        {"http://host", "", "ten:data", AUTO, "http://host", "/ten%3Adata", "/ten%3Adata/a%20b/c"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        _cleanup_(s3c_endpoint_done) struct s3c_endpoint e;
        _cleanup_(s3c_buf_done) struct s3c_buf path = S3C_BUF_INIT(1024),
                                               bucket_path = S3C_BUF_INIT(1024);
        struct s3c_error err = {0};

        CHECK_OK(make(&e, rows[i].url, rows[i].region, rows[i].bucket, rows[i].style, &err), &err);
        assert_string_equal(e.url_prefix, rows[i].prefix);
        assert_string_equal(e.host, strstr(rows[i].prefix, "//") + 2);
        assert_int_equal(e.tls, !strncmp(rows[i].prefix, "https", 5));
        assert_string_equal(e.bucket_path, rows[i].bucket_path);
        CHECK_OK(s3c_endpoint_path(&e, S3C_VIEW("a b/c"), &path), NULL);
        CHECK_VIEW(s3c_buf_view(&path), rows[i].key_path);
        CHECK_OK(s3c_endpoint_path(&e, S3C_VIEW(""), &bucket_path), NULL);
        CHECK_VIEW(s3c_buf_view(&bucket_path), rows[i].bucket_path);
        assert_string_equal(e.region, *rows[i].region ? rows[i].region : "us-east-1");
    }
}

static void keeps_odd_keys_as_they_are(void **state)
{
    _cleanup_(s3c_endpoint_done) struct s3c_endpoint e;
    _cleanup_(s3c_buf_done) struct s3c_buf path = S3C_BUF_INIT(1024);
    struct s3c_error err = {0};

    (void)state;
    CHECK_OK(make(&e, "http://h", "", "b", AUTO, &err), &err);
    CHECK_OK(s3c_endpoint_path(&e, S3C_VIEW("/x/../y//./%41+\x01\xc3\xbc~"), &path), NULL);
    CHECK_VIEW(s3c_buf_view(&path), "/b//x/../y//./%2541%2B%01%C3%BC~");
}

static void refuses_what_cannot_be_one(void **state)
{
    static const struct {
        const char *url, *region, *bucket, *message;
    } rows[] = {
        {"", "", "b", "AWS_REGION"},
        {"", "eu west", "b", "region \"eu west\""},
        {"", "evil.com/", "b", "region"},
        {"", "-a", "b", "region"},
        {"http://h", "", "", "empty"},
        {"http://h", "", "a/b", "ARN"},
        {"http://h", "", "a b", "white space"},
        {"http://h", "", "a\nb", "control"},
        {"http://h", "", "..", "no name"},
        {"", "us-east-1", "data--use1-az4--x-s3", "directory bucket"},
        {"h:9000", "", "b", "no scheme"},
        {"ftp://h", "", "b", "unknown scheme"},
        {"http://", "", "b", "bad host"},
        {"http://h:0", "", "b", "port"},
        {"http://h:65536", "", "b", "port"},
        {"http://h:x", "", "b", "port"},
        {"http://h h", "", "b", "bad host"},
        {"http://[::1", "", "b", "bad host"},
        {"http://h?x=1", "", "b", "query"},
        {"http://h#x", "", "b", "fragment"},
    };
    struct s3c_endpoint e;

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct s3c_error err = {0};

        CHECK_CODE(make(&e, rows[i].url, rows[i].region, rows[i].bucket, AUTO, &err),
                   S3C_E_INVALID);
        CHECK_HAS(err.message, rows[i].message);
    }
}

static void never_shows_a_password_of_the_url(void **state)
{
    struct s3c_error err = {0};
    struct s3c_endpoint e;

    (void)state;
    CHECK_CODE(make(&e, "http://user:hunter2@h", "", "b", AUTO, &err), S3C_E_INVALID);
    assert_null(strstr(err.message, "hunter2"));
}

static void moves_within_its_partition_only(void **state)
{
    static const struct {
        const char *url, *from, *to, *prefix; /* NULL = refused */
    } rows[] = {
        {"", "us-east-1", "eu-west-1", "https://data.s3.eu-west-1.amazonaws.com"},
        {"", "us-east-1", "cn-north-1", NULL},
        {"", "us-east-1", "us-east-1", NULL},
        {"", "us-east-1", "evil.com", NULL},
        {"https://s3.us-east-1.amazonaws.com", "us-east-1", "eu-west-1",
         "https://s3.eu-west-1.amazonaws.com"},
        {"https://s3.amazonaws.com/", "us-east-1", "eu-west-1",
         "https://s3.eu-west-1.amazonaws.com"},
        {"https://s3.dualstack.us-east-1.amazonaws.com", "us-east-1", "eu-west-1",
         "https://s3.dualstack.eu-west-1.amazonaws.com"},
        {"http://minio:9000", "us-east-1", "eu-west-1", "http://minio:9000"},
        {"http://minio:9000", "us-east-1", "cn-north-1", "http://minio:9000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        _cleanup_(s3c_endpoint_done) struct s3c_endpoint e;
        struct s3c_endpoint moved = {0};
        struct s3c_error err = {0};

        CHECK_OK(make(&e, rows[i].url, rows[i].from, "data", AUTO, &err), &err);
        if (!rows[i].prefix) {
            CHECK_CODE(s3c_endpoint_move(&moved, &e, s3c_view_str(rows[i].to), &err),
                       S3C_E_INVALID);
            continue;
        }
        CHECK_OK(s3c_endpoint_move(&moved, &e, s3c_view_str(rows[i].to), &err), &err);
        assert_string_equal(moved.url_prefix, rows[i].prefix);
        assert_string_equal(moved.region, rows[i].to);
        assert_string_equal(moved.bucket, "data");
        s3c_endpoint_done(&moved);
    }
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_endpoint e = {0}, moved = {0};
        struct s3c_error err = {0};
        int r = make(&e, "https://s3.eu-west-1.amazonaws.com/base", "eu-west-1", "data", OFF, &err);

        if (r == 0)
            r = s3c_endpoint_move(&moved, &e, S3C_VIEW("eu-west-2"), &err);
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_endpoint_done(&moved);
        s3c_endpoint_done(&e);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(builds_host_and_paths),           CHECK_TEST(keeps_odd_keys_as_they_are),
        CHECK_TEST(refuses_what_cannot_be_one),      CHECK_TEST(never_shows_a_password_of_the_url),
        CHECK_TEST(moves_within_its_partition_only), CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
