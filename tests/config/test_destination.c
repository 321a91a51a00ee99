/* SPDX-License-Identifier: Apache-2.0 */
/* What a destination's options become. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "build.h"

static void destination_values_arrive(void **state)
{
    const struct set sets[] = {SOURCE_BASE,
                               {"format", "json", CLI},
                               {"bufferSize", "7", CLI},
                               {"file.maxBytes", "2KiB", CLI},
                               {"file.max-age", "1m", CLI},
                               {"file.max-idle", "0", CLI},
                               {"prefix", "a_b/", CLI},
                               {NULL}};
    struct built b = build(S3C_DESTINATION, sets, NULL);
    const struct s3c_settings *s;

    (void)state;
    CHECK_OK(b.r, &b.err);
    s = s3c_config_settings(b.c);
    assert_int_equal(s->buffer_size, 7);
    assert_int_equal(s->file_max_bytes, 2048);
    assert_int_equal(s->file_max_age_ns, 60 * S3C_NS_PER_SEC);
    assert_int_equal(s->file_max_idle_ns, 0);
    assert_int_equal(s->part_size, 8 << 20);
    assert_string_equal(s->prefix, "a_b/");
    s3c_config_free(b.c);
}

static void compression_depends_on_the_format(void **state)
{
    static const struct {
        const char *format, *compression;
        enum s3c_compression expected;
    } cases[] = {
        {"json", NULL, S3C_COMPRESSION_NONE},          {"json", "gzip", S3C_COMPRESSION_GZIP},
        {"json", "zstd", S3C_COMPRESSION_ZSTD},        {"parquet", NULL, S3C_COMPRESSION_ZSTD},
        {"parquet", "none", S3C_COMPRESSION_NONE},     {"parquet", "gzip", S3C_COMPRESSION_GZIP},
        {"parquet", "snappy", S3C_COMPRESSION_SNAPPY}, {"parquet", "", S3C_COMPRESSION_ZSTD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct set sets[] = {
            SOURCE_BASE,
            {"format", cases[i].format, CLI},
            {cases[i].compression ? "compression" : NULL, cases[i].compression, CLI},
            {NULL}};
        struct built b = build(S3C_DESTINATION, sets, NULL);
        const struct s3c_settings *s = s3c_config_settings(b.c);

        CHECK_OK(b.r, &b.err);
        assert_int_equal(s->format, strcmp(cases[i].format, "json") == 0 ? S3C_FORMAT_JSON
                                                                         : S3C_FORMAT_PARQUET);
        assert_int_equal(s->compression, cases[i].expected);
        s3c_config_free(b.c);
    }
}

static void check_example(const struct set *sets, const char *example, const char *start,
                          const char *elsewhere)
{
    struct built b = build(S3C_DESTINATION, sets, NULL);
    const struct s3c_settings *s = s3c_config_settings(b.c);
    struct s3c_buf out = S3C_BUF_INIT(4096);

    CHECK_OK(b.r, &b.err);
    CHECK_OK(s3c_settings_key_example(s, 0, &out), NULL);
    CHECK_VIEW(s3c_buf_view(&out), example);
    CHECK_VIEW(s3c_template_start(s->names), start);
    assert_true(s3c_config_writes_under(b.c, s3c_view_str(start)));
    assert_false(s3c_config_writes_under(b.c, s3c_view_str(elsewhere)));
    s3c_buf_done(&out);
    s3c_config_free(b.c);
}

static void names_are_parsed_with_everything_else(void **state)
{
    const struct set plain[] = {
        SOURCE_BASE, {"format", "json", CLI}, {"compression", "zstd", CLI}, {NULL}};
    const struct set lake[] = {SOURCE_BASE,
                               {"format", "parquet", CLI},
                               {"prefix", "lake", CLI},
                               {"key.template", "{prefix}dt={record:%F}/s{shard}-{name}", CLI},
                               {"shard.index", "3", CLI},
                               {"write.once", "true", CLI},
                               {NULL}};
    const struct set source[] = {SOURCE_BASE, {NULL}};
    struct built b = build(S3C_SOURCE, source, NULL);

    (void)state;
    check_example(plain, "<time>-<writer>-<number>.json.zst", "", "orders/");
    check_example(lake, "lake/dt=1970-01-01/s3-<hash of the first position>.parquet",
                  "lake/dt=", "lake/dt=1970/x");
    assert_false(s3c_config_writes_under(b.c, s3c_view_str("")));
    s3c_config_free(b.c);
}

/* A file with this text; `path` must end in XXXXXX, as mkstemp wants it. */
static void write_file(char *path, const char *text)
{
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(close(fd), 0);
}

static struct built build_with_schema(const char *path)
{
    const struct set sets[] = {SOURCE_BASE,
                               {"format", "parquet", CLI},
                               {"parquet.columns", "typed", CLI},
                               {"schema", path, CLI},
                               {NULL}};

    return build(S3C_DESTINATION, sets, NULL);
}

static void a_schema_is_read_with_everything_else(void **state)
{
    char good[] = "/tmp/s3c-schema-XXXXXX", bad[] = "/tmp/s3c-schema-XXXXXX";
    struct built b;

    (void)state;
    write_file(good, "{\"type\":\"map\",\"values\":\"int\"}");
    write_file(bad, "{\"type\":\"mapp\"}");
    FOR_EACH_ALLOC_FAILURE
    {
        b = build_with_schema(good);
        CHECK_CODE(b.r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (b.r == 0)
            assert_non_null(s3c_config_settings(b.c)->schema);
        s3c_config_free(b.c);
    }
    b = build_with_schema(bad);
    CHECK_CODE(b.r, S3C_E_INVALID);
    CHECK_HAS(b.err.message, bad);
    CHECK_HAS(b.err.message, "mapp");
    s3c_config_free(b.c);
    assert_int_equal(unlink(good), 0);
    assert_int_equal(unlink(bad), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(destination_values_arrive),
        CHECK_TEST(compression_depends_on_the_format),
        CHECK_TEST(names_are_parsed_with_everything_else),
        CHECK_TEST(a_schema_is_read_with_everything_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
