/* SPDX-License-Identifier: Apache-2.0 */
/* Records from protobuf: every part, every shape of structured data, and what is wrong in all places. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/record_decode.h"
#include "record_text.h"

#define BUF S3C_BUF_INIT(1 << 24)

static void put_number(struct s3c_buf *b, double v)
{
    CHECK_OK(pb_add_double(b, 2, v), NULL);
}

/* One member of the Struct that is open: begins its Value. */
static size_t begin_member(struct s3c_buf *b, const char *name, size_t *entry)
{
    *entry = put_begin(b, 1);
    put_text(b, 1, name);
    return put_begin(b, 2);
}

static void end_member(struct s3c_buf *b, size_t value, size_t entry)
{
    put_end(b, value);
    put_end(b, entry);
}

/* {"z":null,"b":[null,true,false,"x<"],"a":{"n":1.5}} */
static void put_struct(struct s3c_buf *b)
{
    size_t entry, value = begin_member(b, "z", &entry), list, item, inner;

    CHECK_OK(pb_add_varint(b, 1, 0), NULL); /* null_value */
    end_member(b, value, entry);
    value = begin_member(b, "b", &entry);
    list = put_begin(b, 6);
    item = put_begin(b, 1); /* a value without a kind */
    put_end(b, item);
    item = put_begin(b, 1);
    CHECK_OK(pb_add_varint(b, 4, 1), NULL);
    put_end(b, item);
    item = put_begin(b, 1);
    CHECK_OK(pb_add_varint(b, 4, 0), NULL);
    put_end(b, item);
    item = put_begin(b, 1);
    put_text(b, 3, "x<");
    put_end(b, item);
    put_end(b, list);
    end_member(b, value, entry);
    value = begin_member(b, "a", &entry);
    list = put_begin(b, 5);
    item = begin_member(b, "n", &inner);
    put_number(b, 1.5);
    end_member(b, item, inner);
    put_end(b, list);
    end_member(b, value, entry);
}

static void a_whole_record_is_read(void **state)
{
    struct record_decoder d = RECORD_DECODER_INIT(1 << 20);
    struct s3c_buf b = BUF;
    struct s3c_record r;
    struct s3c_error err;
    size_t payload, data;

    (void)state;
    put_metadata(&b, "z", "last");
    CHECK_OK(pb_add_varint(&b, 99, 7), NULL); /* a field of a later version */
    put_metadata(&b, "a", "first");
    CHECK_OK(pb_add_varint(&b, 2, 3), NULL);
    put_metadata(&b, "z", "really the last");
    data = put_begin(&b, 4);
    put_text(&b, 1, "key");
    put_end(&b, data);
    payload = put_begin(&b, 5);
    data = put_begin(&b, 1);
    put_end(&b, data);
    data = put_begin(&b, 2);
    put_text(&b, 1, "");
    put_end(&b, data);
    put_end(&b, payload);
    put_text(&b, 1, "p1");
    CHECK_OK(record_decode(&d, s3c_buf_view(&b), &r, &err), &err);
    assert_int_equal(r.operation, S3C_OP_DELETE);
    CHECK_VIEW(r.position, "p1");
    assert_int_equal(r.metadata_count, 2);
    assert_false(r.metadata_nil);
    CHECK_VIEW(r.metadata[0].name, "a");
    CHECK_VIEW(r.metadata[1].value, "really the last");
    CHECK_VIEW(record_metadata(&r, S3C_VIEW("a")), "first");
    assert_null(record_metadata(&r, S3C_VIEW("b")).ptr);
    assert_int_equal(r.key.kind, S3C_DATA_RAW);
    CHECK_VIEW(r.key.bytes, "key");
    assert_int_equal(r.before.kind, S3C_DATA_NIL); /* a Data without a case */
    assert_int_equal(r.after.kind, S3C_DATA_RAW);  /* empty is not nil */
    assert_non_null(r.after.bytes.ptr);
    assert_int_equal(r.after.bytes.len, 0);
    s3c_buf_done(&b);
    record_decoder_done(&d);
}

static void what_is_absent_is_nil(void **state)
{
    struct record_decoder d = RECORD_DECODER_INIT(1 << 20);
    struct s3c_record r;
    struct s3c_error err;

    (void)state;
    CHECK_OK(record_decode(&d, S3C_VIEW("\x10\x01"), &r, &err), &err);
    assert_int_equal(r.position.len, 0);
    assert_true(r.metadata_nil);
    assert_int_equal(r.metadata_count, 0);
    assert_int_equal(r.key.kind, S3C_DATA_NIL);
    assert_int_equal(r.after.kind, S3C_DATA_NIL);
    record_decoder_done(&d);
}

/* A record whose key is the structured data in `b`, which is used up. */
static int decode_struct(struct record_decoder *d, struct s3c_buf *b, struct s3c_record *r,
                         struct s3c_error *err, struct s3c_buf *keep)
{
    size_t data;

    put_text(keep, 1, "p1");
    CHECK_OK(pb_add_varint(keep, 2, 1), NULL);
    data = put_begin(keep, 4);
    CHECK_OK(pb_add_bytes(keep, 2, s3c_buf_view(b)), NULL);
    put_end(keep, data);
    s3c_buf_done(b);
    return record_decode(d, s3c_buf_view(keep), r, err);
}

static void structured_data_becomes_json(void **state)
{
    struct record_decoder d = RECORD_DECODER_INIT(1 << 20);
    struct s3c_buf b = BUF, keep = BUF;
    struct s3c_record r;
    struct s3c_error err;

    (void)state;
    put_struct(&b);
    put_text(&b, 9, "a field of a later version");
    CHECK_OK(decode_struct(&d, &b, &r, &err, &keep), &err);
    assert_int_equal(r.key.kind, S3C_DATA_STRUCTURED);
    CHECK_VIEW(r.key.bytes, "{\"a\":{\"n\":1.5},\"b\":[null,true,false,\"x\\u003c\"],\"z\":null}");
    s3c_buf_done(&keep);
    record_decoder_done(&d);
}

/* Lists in lists, n deep. */
static void put_deep(struct s3c_buf *b, size_t n)
{
    size_t *marks = malloc(2 * n * sizeof(*marks)), entry, value = begin_member(b, "d", &entry);

    for (size_t i = 0; i < n; i++) {
        marks[2 * i] = put_begin(b, 6);
        marks[2 * i + 1] = put_begin(b, 1);
    }
    for (size_t i = n; i-- > 0;) {
        put_end(b, marks[2 * i + 1]);
        put_end(b, marks[2 * i]);
    }
    end_member(b, value, entry);
    free(marks);
}

static void bad_structs_are_errors_of_their_record(void **state)
{
    enum { DEEP, NAN_, NAME, TEXT, LARGE, ROWS };
    static const struct {
        int code;
        const char *says;
    } rows[] = {{S3C_E_RECORD, "the key is nested too deeply"},
                {S3C_E_RECORD, "the key has a number that JSON does not have"},
                {S3C_E_RECORD, "the key has a name that is not valid UTF-8"},
                {S3C_E_RECORD, "the key has a text that is not valid UTF-8"},
                {S3C_E_TOO_LARGE, "the key has more than 10000 bytes as JSON"}};

    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct record_decoder d = RECORD_DECODER_INIT(10000);
        struct s3c_buf b = BUF, keep = BUF;
        struct s3c_record r;
        struct s3c_error err;
        char large[11000];
        size_t entry, value;

        memset(large, 'x', sizeof(large));
        large[sizeof(large) - 1] = '\0';
        if (i == DEEP) {
            put_deep(&b, JSON_OUT_MAX_DEPTH);
        } else {
            value = begin_member(&b, i == NAME ? "\xff" : "n", &entry);
            if (i == NAN_)
                put_number(&b, NAN);
            else
                put_text(&b, 3, i == LARGE ? large : "\xff");
            end_member(&b, value, entry);
        }
        CHECK_CODE(decode_struct(&d, &b, &r, &err, &keep), rows[i].code);
        CHECK_HAS(err.message, rows[i].says);
        CHECK_VIEW(r.position, "p1");
        s3c_buf_done(&keep);
        record_decoder_done(&d);
    }
}

static void nesting_up_to_the_limit_is_fine(void **state)
{
    struct record_decoder d = RECORD_DECODER_INIT(10000);
    struct s3c_buf b = BUF, keep = BUF;
    struct s3c_record r;
    struct s3c_error err;

    (void)state;
    put_deep(&b, JSON_OUT_MAX_DEPTH - 1);
    CHECK_OK(decode_struct(&d, &b, &r, &err, &keep), &err);
    assert_int_equal(r.key.bytes.len, 2 * (JSON_OUT_MAX_DEPTH - 1) + strlen("{\"d\":null}"));
    s3c_buf_done(&keep);
    record_decoder_done(&d);
}

static void bad_records_keep_their_position(void **state)
{
    enum { OPERATION, NO_OPERATION, NAME, VALUE, ROWS };
    static const char *const says[] = {"the operation 5 is none of", "the operation 0 is none of",
                                       "a metadata name is not valid UTF-8",
                                       "the metadata \"m\" is not valid UTF-8"};

    (void)state;
    for (int i = 0; i < ROWS; i++) {
        struct record_decoder d = RECORD_DECODER_INIT(10000);
        struct s3c_buf b = BUF;
        struct s3c_record r;
        struct s3c_error err;

        if (i != NO_OPERATION)
            CHECK_OK(pb_add_varint(&b, 2, i == OPERATION ? 5 : 1), NULL);
        put_metadata(&b, i == NAME ? "\xff" : "m", i == VALUE ? "\xff" : "v");
        put_text(&b, 1, "p7");
        CHECK_CODE(record_decode(&d, s3c_buf_view(&b), &r, &err), S3C_E_RECORD);
        CHECK_HAS(err.message, says[i]);
        CHECK_VIEW(r.position, "p7");
        s3c_buf_done(&b);
        record_decoder_done(&d);
    }
}

static void decode_prefix(void *ctx, char *p, size_t n)
{
    struct record_decoder *d = ctx;
    struct s3c_record r;
    struct s3c_error err;
    int rc;

    record_decoder_reset(d);
    rc = record_decode(d, (struct s3c_view){p, n}, &r, &err);
    assert_true(rc == 0 || rc == S3C_E_PROTOCOL || rc == S3C_E_RECORD);
}

static void no_beginning_of_a_record_leads_astray(void **state)
{
    struct record_decoder d = RECORD_DECODER_INIT(1 << 20);
    struct s3c_buf b = BUF, s = BUF;
    struct s3c_record r;
    struct s3c_error err;
    size_t data;

    (void)state;
    put_record(&b, "p1", "payload");
    put_metadata(&b, "m", "v");
    put_struct(&s);
    data = put_begin(&b, 4);
    CHECK_OK(pb_add_bytes(&b, 2, s3c_buf_view(&s)), NULL);
    put_end(&b, data);
    check_each_prefix(s3c_buf_view(&b), decode_prefix, &d);
    b.len--; /* a field that claims more than there is */
    CHECK_CODE(record_decode(&d, s3c_buf_view(&b), &r, &err), S3C_E_PROTOCOL);
    CHECK_HAS(err.message, "no protobuf");
    s3c_buf_done(&b);
    s3c_buf_done(&s);
    record_decoder_done(&d);
}

static void running_out_of_memory_is_an_ordinary_error(void **state)
{
    struct s3c_buf b = BUF, s = BUF;
    size_t data;

    (void)state;
    put_record(&b, "p1", "payload");
    put_metadata(&b, "n", "v");
    put_metadata(&b, "m", "v");
    put_struct(&s);
    data = put_begin(&b, 4);
    CHECK_OK(pb_add_bytes(&b, 2, s3c_buf_view(&s)), NULL);
    put_end(&b, data);
    FOR_EACH_ALLOC_FAILURE
    {
        struct record_decoder d = RECORD_DECODER_INIT(1 << 20);
        struct s3c_record r;
        struct s3c_error err;

        CHECK_CODE(record_decode(&d, s3c_buf_view(&b), &r, &err),
                   check_alloc_failed() ? S3C_E_NOMEM : 0);
        record_decoder_done(&d);
    }
    s3c_buf_done(&b);
    s3c_buf_done(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(a_whole_record_is_read),
        CHECK_TEST(what_is_absent_is_nil),
        CHECK_TEST(structured_data_becomes_json),
        CHECK_TEST(bad_structs_are_errors_of_their_record),
        CHECK_TEST(nesting_up_to_the_limit_is_fine),
        CHECK_TEST(bad_records_keep_their_position),
        CHECK_TEST(no_beginning_of_a_record_leads_astray),
        CHECK_TEST(running_out_of_memory_is_an_ordinary_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
