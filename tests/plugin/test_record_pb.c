/* SPDX-License-Identifier: Apache-2.0 */
/* The hand-written encoding is read back with the generic protobuf reader, field by field. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "grpc/pb.h"
#include "plugin/record_pb.h"

static const struct s3c_metadata some[] = {
    {S3C_VIEW("opencdc.version"), S3C_VIEW("v1")},
    {S3C_VIEW("s3.empty"), S3C_VIEW("")},
    {S3C_VIEW("s3.meta.long"),
     S3C_VIEW(
         "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
         "890123456789012345678901234567890123456789012345678901234567890123456789")},
};

static struct s3c_record a_record(struct s3c_data after)
{
    return (struct s3c_record){.operation = S3C_OP_UPDATE,
                               .position = S3C_VIEW("key_c1700000000"),
                               .metadata = some,
                               .metadata_count = 3,
                               .key = {S3C_DATA_RAW, S3C_VIEW("k\0y")},
                               .after = after};
}

static struct s3c_data raw(struct s3c_view v)
{
    return (struct s3c_data){S3C_DATA_RAW, v};
}

/* The message in one run of memory, as the peer gets it. Freed by the caller. */
static struct s3c_view flat(const struct record_pb *m)
{
    struct grpc_piece pieces[GRPC_MAX_PIECES];
    size_t n = record_pb_pieces(m, pieces), len = 0;
    char *out = malloc(record_pb_size(m) + 1);

    assert_non_null(out);
    assert_in_range(n, 1, GRPC_MAX_PIECES);
    for (size_t i = 0; i < n; i++) {
        assert_true(pieces[i].len > 0);
        memcpy(out + len, pieces[i].ptr, pieces[i].len);
        len += pieces[i].len;
    }
    assert_int_equal(len, record_pb_size(m));
    return (struct s3c_view){out, len};
}

static struct s3c_view next_bytes(struct pb_reader *r, unsigned field)
{
    assert_int_equal(pb_next(r), 1);
    assert_int_equal(r->field, field);
    assert_int_equal(r->wire, PB_BYTES);
    return r->bytes;
}

static void check_end(struct pb_reader *r)
{
    assert_int_equal(pb_next(r), 0);
}

static void check_view_is(struct s3c_view a, struct s3c_view b)
{
    assert_int_equal(a.len, b.len);
    if (a.len > 0)
        assert_memory_equal(a.ptr, b.ptr, a.len);
}

static void check_data(struct s3c_view message, const struct s3c_data *want)
{
    struct pb_reader r;

    pb_read(&r, message);
    check_view_is(next_bytes(&r, 1), want->bytes);
    check_end(&r);
}

static void check_metadata(struct s3c_view entry, const struct s3c_metadata *want)
{
    struct pb_reader r;

    pb_read(&r, entry);
    check_view_is(next_bytes(&r, 1), want->name);
    check_view_is(next_bytes(&r, 2), want->value);
    check_end(&r);
}

static void check_record(struct s3c_view message, const struct s3c_record *want)
{
    struct pb_reader r, change;

    pb_read(&r, message);
    if (want->position.len > 0)
        check_view_is(next_bytes(&r, 1), want->position);
    assert_int_equal(pb_next(&r), 1);
    assert_int_equal(r.field, 2);
    assert_int_equal(r.wire, PB_VARINT);
    assert_int_equal(r.number, want->operation);
    for (size_t i = 0; i < want->metadata_count; i++)
        check_metadata(next_bytes(&r, 3), &want->metadata[i]);
    if (want->key.kind != S3C_DATA_NIL)
        check_data(next_bytes(&r, 4), &want->key);
    pb_read(&change, next_bytes(&r, 5));
    if (want->before.kind != S3C_DATA_NIL)
        check_data(next_bytes(&change, 1), &want->before);
    if (want->after.kind != S3C_DATA_NIL)
        check_data(next_bytes(&change, 2), &want->after);
    check_end(&change);
    check_end(&r);
}

static void check_message(const struct record_pb *m, const struct s3c_record *const *want, size_t n)
{
    struct s3c_view message = flat(m);
    struct pb_reader r;

    assert_int_equal(m->records, n);
    pb_read(&r, message);
    for (size_t i = 0; i < n; i++)
        check_record(next_bytes(&r, 1), want[i]);
    check_end(&r);
    free((void *)message.ptr);
}

static struct record_pb *new_message(void)
{
    struct record_pb *m = malloc(sizeof(*m));

    assert_non_null(m);
    record_pb_init(m);
    return m;
}

static void free_message(struct record_pb *m)
{
    record_pb_done(m);
    free(m);
}

static char *filled(size_t n, int c)
{
    char *p = malloc(n);

    assert_non_null(p);
    memset(p, c, n);
    return p;
}

static void every_field_arrives(void **state)
{
    const struct s3c_data nil = {0};
    struct s3c_record records[] = {
        a_record(raw(S3C_VIEW("payload"))), /* */
        a_record(raw(S3C_VIEW(""))),        /* an empty object is not an absent one */
        a_record(nil),                      /* a delete */
        {.operation = S3C_OP_SNAPSHOT},     /* nothing but what must be */
    };
    const struct s3c_record *want[4];
    struct record_pb *m = new_message();

    (void)state;
    records[2].before = raw(S3C_VIEW("what was"));
    for (size_t i = 0; i < 4; i++) {
        want[i] = &records[i];
        CHECK_OK(record_pb_add(m, want[i]), NULL);
    }
    check_message(m, want, 4);
    record_pb_clear(m);
    assert_int_equal(record_pb_size(m), 0);
    CHECK_OK(record_pb_add(m, want[0]), NULL);
    check_message(m, want, 1);
    free_message(m);
}

/* Lengths around those at which a varint or the way of the payload changes. */
static void lengths_of_every_kind_arrive(void **state)
{
    static const size_t sizes[] = {1,   100,  126,  127,   128,   129,     255,
                                   256, 4095, 4096, 16383, 16384, 2097152, 2097160};
    char *bytes = filled(2097160, 'x');

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct record_pb *m = new_message();
        struct s3c_record r = a_record(raw((struct s3c_view){bytes, sizes[i]}));
        const struct s3c_record *want[] = {&r, &r};

        r.before = r.after;
        CHECK_OK(record_pb_add(m, &r), NULL);
        CHECK_OK(record_pb_add(m, &r), NULL);
        assert_int_equal(m->cut_count, sizes[i] >= RECORD_PB_REFERENCE ? 4 : 0);
        check_message(m, want, 2);
        free_message(m);
    }
    free(bytes);
}

static void a_large_payload_is_not_copied(void **state)
{
    char *bytes = filled(1 << 20, 'x');
    struct record_pb *m = new_message();
    struct s3c_record r = a_record(raw((struct s3c_view){bytes, 1 << 20}));
    struct grpc_piece pieces[GRPC_MAX_PIECES];

    (void)state;
    CHECK_OK(record_pb_add(m, &r), NULL);
    assert_int_equal(record_pb_pieces(m, pieces), 2);
    assert_ptr_equal(pieces[1].ptr, bytes);
    assert_true(m->text.cap < 4096);
    free_message(m);
    free(bytes);
}

/* After keep the source may take its memory back. */
static void keep_makes_the_message_its_own(void **state)
{
    struct record_pb *m = new_message();
    char *a = filled(5000, 'a'), *b = filled(9000, 'b'), *copy = filled(5000, 'a');
    struct s3c_record small = a_record(raw(S3C_VIEW("small"))), large, last, large_copy;
    const struct s3c_record *want[] = {&small, &large_copy, &small, &last};

    (void)state;
    large = a_record(raw((struct s3c_view){a, 5000}));
    large.key = raw((struct s3c_view){a, 4500});
    large_copy = a_record(raw((struct s3c_view){copy, 5000}));
    large_copy.key = raw((struct s3c_view){copy, 4500});
    last = a_record(raw((struct s3c_view){b, 9000}));
    CHECK_OK(record_pb_add(m, &small), NULL);
    CHECK_OK(record_pb_add(m, &large), NULL);
    CHECK_OK(record_pb_keep(m), NULL);
    memset(a, 'z', 5000);
    free(a);
    CHECK_OK(record_pb_keep(m), NULL); /* nothing is left to keep */
    CHECK_OK(record_pb_add(m, &small), NULL);
    CHECK_OK(record_pb_add(m, &last), NULL);
    check_message(m, want, 4);
    free_message(m);
    free(b);
    free(copy);
}

/* More large payloads than there are pieces: those beyond are copied. */
static void pieces_never_run_out(void **state)
{
    struct record_pb *m = new_message();
    char *bytes = filled(RECORD_PB_REFERENCE, 'x');
    struct s3c_record r = a_record(raw((struct s3c_view){bytes, RECORD_PB_REFERENCE}));
    const struct s3c_record *want[RECORD_PB_CUTS + 3];

    (void)state;
    for (size_t i = 0; i < RECORD_PB_CUTS + 3; i++) {
        want[i] = &r;
        CHECK_OK(record_pb_add(m, &r), NULL);
    }
    assert_int_equal(m->cut_count, RECORD_PB_CUTS);
    check_message(m, want, RECORD_PB_CUTS + 3);
    free_message(m);
    free(bytes);
}

static void what_cannot_be_sent_is_refused_whole(void **state)
{
    struct record_pb *m = new_message();
    struct s3c_record good = a_record(raw(S3C_VIEW("x"))), bad = good;
    const struct s3c_record *want[] = {&good};

    (void)state;
    CHECK_OK(record_pb_add(m, &good), NULL);
    bad.after = (struct s3c_data){S3C_DATA_STRUCTURED, S3C_VIEW("{}")};
    CHECK_CODE(record_pb_add(m, &bad), S3C_E_RECORD);
    bad.after = raw((struct s3c_view){"", (size_t)INT32_MAX}); /* only its length is looked at */
    CHECK_CODE(record_pb_add(m, &bad), S3C_E_TOO_LARGE);
    check_message(m, want, 1);
    free_message(m);
}

static void running_out_of_memory_changes_nothing(void **state)
{
    char *bytes = filled(8192, 'x');
    struct s3c_record r = a_record(raw((struct s3c_view){bytes, 8192}));
    const struct s3c_record *want[] = {&r};

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct record_pb *m = new_message();
        int n = record_pb_add(m, &r);

        if (n == 0)
            n = record_pb_keep(m);
        CHECK_CODE(n, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (m->records == 1)
            check_message(m, want, 1);
        free_message(m);
    }
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(every_field_arrives),
        CHECK_TEST(lengths_of_every_kind_arrive),
        CHECK_TEST(a_large_payload_is_not_copied),
        CHECK_TEST(keep_makes_the_message_its_own),
        CHECK_TEST(pieces_never_run_out),
        CHECK_TEST(what_cannot_be_sent_is_refused_whole),
        CHECK_TEST(running_out_of_memory_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
