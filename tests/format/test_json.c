/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vectors in tests/vectors/json: record.json is an OpenCDC line, expected.json what Go 1.26's encoding/json printed for the
 * reference's struct with its base64 fields filled in where DESIGN 5 wants them.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include <s3c/opencdc.h>

#include "base/view.h"
#include "format/json.h"
#include "vectors.h"

static struct s3c_format *new_format(void)
{
    struct s3c_format *f = NULL;

    CHECK_OK(s3c_json_format_new(&f, NULL), NULL);
    return f;
}

static struct s3c_writer *new_writer(struct s3c_format *f)
{
    struct s3c_writer *w = NULL;
    struct s3c_record first = {.operation = S3C_OP_CREATE};

    CHECK_OK(f->ops->open(f, &first, &w, NULL), NULL);
    return w;
}

static void makes_writers(void **state)
{
    struct s3c_format *f = NULL;
    struct s3c_writer *w = NULL;
    struct s3c_buf variant = S3C_BUF_INIT(100);
    struct s3c_record r = {.operation = S3C_OP_CREATE};

    (void)state;
    CHECK_OK(s3c_json_format_new(&f, NULL), NULL);
    assert_string_equal(f->ops->extension, "json");
    assert_string_equal(f->ops->content_type, "application/json");
    assert_null(f->ops->content_encoding);
    assert_false(f->ops->takes_avro);
    CHECK_OK(f->ops->variant(f, &r, &variant, NULL), NULL);
    assert_int_equal(variant.len, 0);
    CHECK_OK(f->ops->open(f, &r, &w, NULL), NULL);
    assert_int_equal(w->ops->size(w), 0); /* the first record is yet to be added */
    w->ops->release(w);
    f->ops->release(f);
}

/* Finishes the writer's file and compares it. */
static void check_file(struct s3c_writer *w, const char *expected)
{
    struct s3c_buf file;

    assert_int_equal(w->ops->size(w), strlen(expected));
    CHECK_OK(w->ops->finish(w, &file, NULL), NULL);
    CHECK_VIEW(s3c_buf_view(&file), expected);
    assert_int_equal(w->ops->size(w), 0);
    s3c_buf_done(&file);
}

static void check_vector(const struct check_vector *v)
{
    struct s3c_format *f = new_format();
    struct s3c_writer *w = new_writer(f);
    struct s3c_opencdc_decoder *d;
    struct s3c_record r;
    struct s3c_error err;
    size_t len, expected_len;
    char *line = check_vector_read(v, "record.json", &len);
    char *expected = check_vector_read(v, "expected.json", &expected_len);

    CHECK_OK(s3c_opencdc_decoder_new(&d, &err), &err);
    CHECK_OK(s3c_opencdc_decode(d, line, len - 1, &r, &err), &err);
    CHECK_OK(w->ops->add(w, &r, &err), &err);
    check_file(w, expected);
    s3c_opencdc_decoder_free(d);
    w->ops->release(w);
    f->ops->release(f);
    free(expected);
    free(line);
}

static void prints_what_go_prints(void **state)
{
    (void)state;
    check_each_vector("json", check_vector);
}

static struct s3c_record record(const char *key, const char *after)
{
    return (struct s3c_record){.operation = S3C_OP_CREATE,
                               .position = S3C_VIEW("p"),
                               .metadata_nil = true,
                               .key = {S3C_DATA_RAW, s3c_view_str(key)},
                               .after = {S3C_DATA_RAW, s3c_view_str(after)}};
}

static void puts_one_object_on_each_line(void **state)
{
    struct s3c_format *f = new_format();
    struct s3c_writer *w = new_writer(f);
    struct s3c_record a = record("a", "1"), b = record("b", "2\n");

    (void)state;
    CHECK_OK(w->ops->add(w, &a, NULL), NULL);
    CHECK_OK(w->ops->add(w, &b, NULL), NULL);
    check_file(
        w,
        "{\"Operation\":\"create\",\"Position\":\"p\",\"Payload\":\"1\",\"Key\":\"a\",\"Metadata\":null}\n"
        "{\"Operation\":\"create\",\"Position\":\"p\",\"Payload\":\"2\\n\",\"Key\":\"b\",\"Metadata\":null}\n");
    CHECK_OK(w->ops->add(w, &a, NULL), NULL);
    check_file(
        w,
        "{\"Operation\":\"create\",\"Position\":\"p\",\"Payload\":\"1\",\"Key\":\"a\",\"Metadata\":null}\n");
    check_file(w, "");
    w->ops->release(w);
    f->ops->release(f);
}

static void takes_over_memory(void **state)
{
    struct s3c_format *f = new_format();
    struct s3c_writer *w = new_writer(f);
    struct s3c_record r = record("a", "1");
    struct s3c_buf spare = S3C_BUF_INIT(SIZE_MAX), none = S3C_BUF_INIT(SIZE_MAX);

    (void)state;
    CHECK_OK(s3c_buf_add_str(&spare, "what was there"), NULL);
    CHECK_OK(s3c_buf_reserve(&spare, 100000), NULL);
    w->ops->give(w, &spare);
    assert_null(spare.ptr);
    assert_int_equal(spare.cap, 0);
    assert_true(w->ops->memory(w) > 100000);
    assert_int_equal(w->ops->size(w), 0);
    w->ops->give(w, &none); /* it has more */
    assert_true(w->ops->memory(w) > 100000);
    CHECK_OK(w->ops->add(w, &r, NULL), NULL);
    CHECK_OK(s3c_buf_reserve(&spare, 200000), NULL);
    w->ops->give(w, &spare); /* too late: what it has must not be lost */
    assert_null(spare.ptr);
    check_file(
        w,
        "{\"Operation\":\"create\",\"Position\":\"p\",\"Payload\":\"1\",\"Key\":\"a\",\"Metadata\":null}\n");
    w->ops->release(w);
    f->ops->release(f);
}

/* What is taken while the file grows is part of the file: whole lines, all there are. */
static void gives_finished_bytes_away(void **state)
{
    struct s3c_format *f = new_format();
    struct s3c_writer *w = new_writer(f);
    struct s3c_record r = record("a", "1");
    struct s3c_buf part;
    size_t line;

    (void)state;
    CHECK_OK(w->ops->add(w, &r, NULL), NULL);
    line = w->ops->size(w);
    assert_int_equal(w->ops->ready(w), line);
    assert_true(w->ops->memory(w) > line);
    CHECK_OK(w->ops->take(w, &part, NULL), NULL);
    assert_int_equal(part.len, line);
    s3c_buf_done(&part);
    assert_int_equal(w->ops->ready(w), 0);
    assert_int_equal(w->ops->size(w), line);
    assert_true(w->ops->memory(w) < line);
    CHECK_OK(w->ops->add(w, &r, NULL), NULL);
    assert_int_equal(w->ops->size(w), 2 * line);
    CHECK_OK(w->ops->finish(w, &part, NULL), NULL);
    assert_int_equal(part.len, line);
    assert_int_equal(w->ops->size(w), 0);
    s3c_buf_done(&part);
    w->ops->release(w);
    f->ops->release(f);
}

static void refuses_what_is_no_record_and_keeps_the_file(void **state)
{
    static const struct s3c_metadata bad_name = {S3C_VIEW("\xff"), S3C_VIEW("v")};
    static const struct s3c_metadata bad_value = {S3C_VIEW("n"), S3C_VIEW("\xc3")};
    struct s3c_format *f = new_format();
    struct s3c_writer *w = new_writer(f);
    struct s3c_record good = record("a", "1"), bad = good;
    struct s3c_error err;

    (void)state;
    CHECK_OK(w->ops->add(w, &good, NULL), NULL);
    bad.operation = (enum s3c_operation)5;
    CHECK_CODE(w->ops->add(w, &bad, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "(5)");
    bad = good;
    bad.metadata_nil = false;
    bad.metadata_count = 1;
    bad.metadata = &bad_name;
    CHECK_CODE(w->ops->add(w, &bad, &err), S3C_E_RECORD);
    bad.metadata = &bad_value;
    CHECK_CODE(w->ops->add(w, &bad, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "metadata is not valid UTF-8");
    check_file(
        w,
        "{\"Operation\":\"create\",\"Position\":\"p\",\"Payload\":\"1\",\"Key\":\"a\",\"Metadata\":null}\n");
    w->ops->release(w);
    f->ops->release(f);
}

static void survives_allocation_failures(void **state)
{
    char payload[3000];

    (void)state;
    memset(payload, '\xff', sizeof(payload)); /* goes the way of base64 */
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_format *f = NULL;
        struct s3c_writer *w = NULL;
        struct s3c_record small = record("a", "1"), large = small;
        struct s3c_error err;
        size_t before = 0;
        int r = s3c_json_format_new(&f, &err);

        large.after.bytes = (struct s3c_view){payload, sizeof(payload)};
        if (r == 0)
            r = f->ops->open(f, &small, &w, &err);
        if (r == 0)
            r = w->ops->add(w, &small, &err);
        if (r == 0) {
            before = w->ops->size(w);
            r = w->ops->add(w, &large, &err);
            assert_true(r == 0 || w->ops->size(w) == before);
        }
        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (w)
            w->ops->release(w);
        if (f)
            f->ops->release(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(prints_what_go_prints),
        CHECK_TEST(makes_writers),
        CHECK_TEST(gives_finished_bytes_away),
        CHECK_TEST(takes_over_memory),
        CHECK_TEST(puts_one_object_on_each_line),
        CHECK_TEST(refuses_what_is_no_record_and_keeps_the_file),
        CHECK_TEST(survives_allocation_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
