/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: what is refused, what divides, and keys. Hostile values are folders below tests/vectors/template. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include <s3c/schema.h>

#include "base/view.h"
#include "record/template.h"

#define NOW  INT64_C(1795442401123456789) /* 2026-11-23T14:00:01.123456789Z */
#define NAME "20261123T140001.123456789Z-0a1b2c3d-000001"
#define NONE "__HIVE_DEFAULT_PARTITION__"

static struct s3c_template *parsed(const char *text, const char *prefix, bool write_once)
{
    struct s3c_template *t = NULL;
    struct s3c_error err;

    CHECK_OK(s3c_template_parse(&t, s3c_view_str(text), s3c_view_str(prefix), write_once, &err),
             &err);
    return t;
}

static struct s3c_template_file file(struct s3c_view partition)
{
    return (struct s3c_template_file){.name = S3C_VIEW(NAME),
                                      .partition = partition,
                                      .position = S3C_VIEW("a/b_c17"),
                                      .extension = "json.gz",
                                      .wall_ns = NOW,
                                      .shard = 7};
}

/* The key of the first file that a record begins. */
static void check_key(const char *text, const char *prefix, bool write_once,
                      const struct s3c_record *r, const char *expected)
{
    struct s3c_buf partition = S3C_BUF_INIT(4096), key = S3C_BUF_INIT(4096);
    struct s3c_template *t = parsed(text, prefix, write_once);
    struct s3c_template_file f;
    struct s3c_error err;

    CHECK_OK(s3c_template_partition(t, r, NOW, &partition, &err), &err);
    assert_int_equal(partition.len > 0, s3c_template_divides(t));
    f = file(s3c_buf_view(&partition));
    CHECK_OK(s3c_template_render(t, &f, &key), NULL);
    CHECK_VIEW(s3c_buf_view(&key), expected);
    s3c_buf_done(&partition);
    s3c_buf_done(&key);
    s3c_template_free(t);
}

static const struct s3c_metadata metadata[] = {
    {S3C_VIEW("opencdc.collection"), S3C_VIEW("orders")},
    {S3C_VIEW("opencdc.createdAt"), S3C_VIEW("1709210096000000001")}, /* 2024-02-29T12:34:56 */
    {S3C_VIEW("opencdc.readAt"), S3C_VIEW("1709300000000000000")},
    {S3C_VIEW("region"), S3C_VIEW("eu-central-1")},
};

static struct s3c_record record(const char *after)
{
    struct s3c_record r = {.operation = S3C_OP_CREATE,
                           .position = S3C_VIEW("a/b_c17"),
                           .metadata = metadata,
                           .metadata_count = 4};

    if (after)
        r.after = (struct s3c_data){S3C_DATA_RAW, s3c_view_str(after)};
    return r;
}

static void fills_every_field(void **state)
{
    struct s3c_record r = record("{\"order\":{\"country\":\"CH\",\"n\":-1.5e3,\"paid\":true}}");

    (void)state;
    check_key("{prefix}{name}", "", false, &r, NAME ".json.gz");
    check_key("{prefix}{name}", "out", false, &r, "out/" NAME ".json.gz");
    check_key("{prefix}{name}", "out/", false, &r, "out/" NAME ".json.gz");
    check_key("raw/{collection}/dt={record:%Y-%m-%d}/{name}", "", false, &r,
              "raw/orders/dt=2024-02-29/" NAME ".json.gz");
    check_key("{time:%Y/%m/%d}/{shard}-{name}", "", false, &r, "2026/11/23/7-" NAME ".json.gz");
    check_key("r={metadata:region}/{position}", "", false, &r, "r=eu-central-1/a%2Fb_c17.json.gz");
    check_key("{payload:order.country}/{payload:order.n}/{payload:order.paid}/{name}", "", false,
              &r, "CH/-1.5e3/true/" NAME ".json.gz");
    check_key("{{{name}}}", "", false, &r, "{" NAME "}.json.gz");
}

static void knows_all_parts_of_a_time(void **state)
{
    struct s3c_record r = record(NULL);

    (void)state;
    check_key("{record:%Y %m %d %H %M %S %j %s %F %T %%}{name}", "", false, &r,
              "2024 02 29 12 34 56 060 1709210096 2024-02-29 12:34:56 %" NAME ".json.gz");
    check_key("{time:%j}{name}", "", false, &r, "327" NAME ".json.gz");
}

static void takes_the_best_time_there_is(void **state)
{
    struct s3c_metadata some[] = {{S3C_VIEW("opencdc.createdAt"), S3C_VIEW("yesterday")},
                                  {S3C_VIEW("opencdc.readAt"), S3C_VIEW("-1")}};
    struct s3c_record r = record(NULL);

    (void)state;
    r.metadata = some;
    r.metadata_count = 2;
    check_key("{record:%F %T %s}/{name}", "", false, &r, "1969-12-31 23:59:59 -1/" NAME ".json.gz");
    r.metadata_count = 1;
    check_key("{record:%F}/{name}", "", false, &r, "2026-11-23/" NAME ".json.gz");
}

/* Read again, a record has another readAt and meets another wall clock: with write.once only createdAt counts. */
static void gives_a_record_the_same_name_again(void **state)
{
    struct s3c_record r = record(NULL);

    (void)state;
    check_key("{record:%F}/{name}", "", true, &r, "2024-02-29/" NAME ".json.gz");
    r.metadata = metadata + 2;
    r.metadata_count = 2;
    check_key("{record:%F}/{name}", "", true, &r, NONE "/" NAME ".json.gz");
}

static void looks_at_before_where_nothing_is_after(void **state)
{
    struct s3c_record r = record(NULL);

    (void)state;
    r.before = (struct s3c_data){S3C_DATA_STRUCTURED, S3C_VIEW("{\"id\":4}")};
    check_key("{payload:id}/{name}", "", false, &r, "4/" NAME ".json.gz");
    r.after = (struct s3c_data){S3C_DATA_STRUCTURED, S3C_VIEW("{\"id\":5}")};
    check_key("{payload:id}/{name}", "", false, &r, "5/" NAME ".json.gz");
    r.before.kind = r.after.kind = S3C_DATA_NIL;
    check_key("{payload:id}/{name}", "", false, &r, NONE "/" NAME ".json.gz");
}

static void reads_avro_payloads(void **state)
{
    static const char text[] =
        "{\"type\":\"record\",\"name\":\"r\",\"fields\":[{\"name\":\"day\",\"type\":{\"type\":\"int\","
        "\"logicalType\":\"date\"}},{\"name\":\"n\",\"type\":[\"null\",\"string\"]}]}";
    struct s3c_schema *schema = NULL;
    struct s3c_record r = record(NULL);
    struct s3c_template *t = parsed("{payload:n}/{name}", "", false);
    struct s3c_buf out = S3C_BUF_INIT(4096);
    struct s3c_error err;

    (void)state;
    CHECK_OK(s3c_schema_parse(&schema, s3c_view_str(text), &err), &err);
    r.schema = schema;
    r.after = (struct s3c_data){S3C_DATA_AVRO, S3C_VIEW("\x04\x02\x06"
                                                        "a/b")};
    check_key("{payload:day}/{payload:n}/{name}", "", false, &r,
              "1970-01-03T00%3A00%3A00Z/a%2Fb/" NAME ".json.gz");
    FOR_EACH_ALLOC_FAILURE
    {
        int rc = s3c_template_partition(t, &r, NOW, &out, &err);

        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&out);
    }
    r.after.bytes = S3C_VIEW("\x04");
    CHECK_CODE(s3c_template_partition(t, &r, NOW, &out, &err), S3C_E_RECORD);
    CHECK_VIEW(s3c_buf_view(&out), "");
    r.schema = NULL;
    CHECK_CODE(s3c_template_partition(t, &r, NOW, &out, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "payload: Avro data without a schema");
    check_key("{metadata:region}/{name}", "", false, &r, "eu-central-1/" NAME ".json.gz");
    s3c_schema_unref(schema);
    s3c_template_free(t);
}

static void hashes_a_position_that_is_too_long(void **state)
{
    char position[256], expected[300];
    struct s3c_template *t = parsed("{position}", "", false);
    struct s3c_buf key = S3C_BUF_INIT(4096), again = S3C_BUF_INIT(4096);
    struct s3c_template_file f = file((struct s3c_view){NULL, 0});

    (void)state;
    memset(position, 'x', sizeof(position));
    f.position = (struct s3c_view){position, 255};
    CHECK_OK(s3c_template_render(t, &f, &key), NULL);
    (void)snprintf(expected, sizeof(expected), "%.255s.json.gz", position);
    CHECK_VIEW(s3c_buf_view(&key), expected);

    f.position.len = 256;
    s3c_buf_clear(&key);
    CHECK_OK(s3c_template_render(t, &f, &key), NULL);
    assert_int_equal(key.len, 32 + strlen(".json.gz"));

    position[0] = '/'; /* 255 bytes, but more when encoded */
    f.position.len = 255;
    CHECK_OK(s3c_template_render(t, &f, &again), NULL);
    assert_int_equal(again.len, key.len);
    assert_memory_not_equal(again.ptr, key.ptr, key.len);
    s3c_buf_done(&key);
    s3c_buf_done(&again);
    s3c_template_free(t);
}

static void gives_equal_partitions_to_equal_values_only(void **state)
{
    struct s3c_template *t = parsed("{payload:a}{payload:b}/{name}", "", false);
    struct s3c_buf one = S3C_BUF_INIT(4096), other = S3C_BUF_INIT(4096);
    struct s3c_record r = record("{\"a\":\"x\",\"b\":\"yz\",\"c\":1}");

    (void)state;
    CHECK_OK(s3c_template_partition(t, &r, NOW, &one, NULL), NULL);
    r = record("{\"c\":2,\"b\":\"yz\",\"a\":\"x\"}");
    CHECK_OK(s3c_template_partition(t, &r, NOW + 1, &other, NULL), NULL);
    assert_int_equal(one.len, other.len);
    assert_memory_equal(one.ptr, other.ptr, one.len);
    s3c_buf_clear(&other);
    r = record("{\"a\":\"xy\",\"b\":\"z\"}"); /* the same folder, other values */
    CHECK_OK(s3c_template_partition(t, &r, NOW, &other, NULL), NULL);
    assert_memory_not_equal(one.ptr, other.ptr, one.len);
    s3c_buf_done(&one);
    s3c_buf_done(&other);
    s3c_template_free(t);
}

static void refuses_values_that_make_the_key_too_long(void **state)
{
    struct s3c_template *t = parsed("{metadata:a}/{metadata:b}/{name}", "", false);
    struct s3c_buf out = S3C_BUF_INIT(1 << 20), key = S3C_BUF_INIT(S3C_KEY_MAX);
    char a[2048], b[2048];
    struct s3c_metadata values[] = {{S3C_VIEW("a"), {a, 0}}, {S3C_VIEW("b"), {b, 0}}};
    struct s3c_record r = {.metadata = values, .metadata_count = 2};
    struct s3c_template_file f = file((struct s3c_view){NULL, 0});
    struct s3c_error err;
    size_t most = S3C_KEY_MAX - 1 - S3C_TEMPLATE_EXTENSION_MAX - S3C_TEMPLATE_NAME_MAX - 2;

    (void)state;
    memset(a, 'a', sizeof(a));
    memset(b, '/', sizeof(b)); /* three bytes each */
    CHECK_OK(s3c_buf_add_str(&out, "kept"), NULL);
    values[0].value.len = most - 30;
    values[1].value.len = 10;
    CHECK_OK(s3c_template_partition(t, &r, NOW, &out, &err), &err);
    f.partition = s3c_view_skip(s3c_buf_view(&out), 4);
    CHECK_OK(s3c_template_render(t, &f, &key), NULL);

    out.len = 4;
    values[1].value.len = 11;
    CHECK_CODE(s3c_template_partition(t, &r, NOW, &out, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "key.template: with the value of {metadata:b} the name of its file");
    values[0].value.len = sizeof(a);
    CHECK_CODE(s3c_template_partition(t, &r, NOW, &out, &err), S3C_E_RECORD);
    CHECK_HAS(err.message, "{metadata:a}");
    CHECK_VIEW(s3c_buf_view(&out), "kept");
    s3c_buf_done(&out);
    s3c_buf_done(&key);
    s3c_template_free(t);
}

static void says_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        bool write_once;
        const char *problem;
    } cases[] = {
        {"", false, "nothing in it is different for each file: add {name} or {position}"},
        {"dt={record:%F}/part", false, "add {name} or {position}"},
        {"{nmae}", false, "column 1: unknown field {nmae}; did you mean {name}?"},
        {"a{meta:x}{name}", false, "column 2: unknown field {meta}; did you mean {metadata:NAME}?"},
        {"{date}{name}", false, "unknown field {date}; "},
        {"{year}{name}", false, "unknown field {year}; there are {prefix}, {name}, "},
        {"{name}{", false, "column 7: '{' without '}'"},
        {"{name}}", false, "column 7: '}' without '{'"},
        {"{name:x}", false, "{name} takes nothing behind a colon"},
        {"{time}{name}", false, "{time} needs a format, like {time:%Y-%m-%d}"},
        {"{record:}{name}", false, "{record} needs a format, like {record:%Y-%m-%d}"},
        {"{record:%Y-%q}{name}", false, "column 1: {record}: \"%q\" is no part of a time"},
        {"{record:%}{name}", false, "{record}: \"%\" is no part of a time"},
        {"{metadata}{name}", false, "{metadata} needs a name"},
        {"{payload:}{name}", false, "{payload:} needs names joined with dots"},
        {"{payload:a..b}{name}", false, "{payload:a..b} needs names"},
        {"{payload:a.}{name}", false, "{payload:a.} needs names"},
        {"{payload:.a}{name}", false, "{payload:.a} needs names"},
        {"/{name}", false, "begin or end with '/'"},
        {"{name}/", false, "begin or end with '/'"},
        {"a//{name}", false, "two beside each other"},
        {"{time:%Y/}/{name}", false, "two beside each other"},
        {"{prefix}/{name}", false, "column 9: '/' after {prefix}, which brings its own"},
        {"a/../{name}", false, "\"..\""},
        {"./{name}", false, "\".\""},
        {"a\tb{name}", false, "column 2: a control character"},
        {"a\x7f{name}", false, "a control character"},
        {"\xff{name}", false, "not valid UTF-8"},
        {"{time:%F}/{name}", true, "{time} with write.once"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct s3c_template *t = NULL;
        struct s3c_error err;

        CHECK_CODE(s3c_template_parse(&t, s3c_view_str(cases[i].text), s3c_view_str("p"),
                                      cases[i].write_once, &err),
                   S3C_E_INVALID);
        assert_null(t);
        CHECK_HAS(err.message, cases[i].problem);
    }
}

static void refuses_what_could_not_fit_into_a_key(void **state)
{
    char text[1100];
    struct s3c_template *t = NULL;
    struct s3c_error err;
    size_t most = S3C_KEY_MAX - 1 - S3C_TEMPLATE_EXTENSION_MAX - S3C_TEMPLATE_NAME_MAX - 1;

    (void)state;
    memset(text, 'p', sizeof(text));
    text[most] = '\0';
    t = parsed("{prefix}{name}", text, false);
    s3c_template_free(t);
    CHECK_CODE(
        s3c_template_parse(&t, S3C_VIEW("{prefix}{shard}{name}"), s3c_view_str(text), false, &err),
        S3C_E_INVALID);
    CHECK_HAS(err.message, "names could have 1044 bytes with the prefix");
    text[most] = 'p';
    CHECK_CODE(
        s3c_template_parse(&t, (struct s3c_view){text, sizeof(text)}, S3C_VIEW(""), false, &err),
        S3C_E_INVALID);
    CHECK_HAS(err.message, "longer than 1024 bytes");
}

static void shows_an_example(void **state)
{
    struct s3c_template *t =
        parsed("{prefix}dt={record:%F}/{metadata:region}/{payload:a.b}/{name}", "p", false);
    struct s3c_template_file f = file((struct s3c_view){NULL, 0});
    struct s3c_buf out = S3C_BUF_INIT(4096);

    (void)state;
    CHECK_OK(s3c_template_example(t, &f, &out), NULL);
    CHECK_VIEW(s3c_buf_view(&out),
               "p/dt=2026-11-23/<metadata:region>/<payload:a.b>/" NAME ".json.gz");
    s3c_buf_done(&out);
    s3c_template_free(t);
}

static void check_begins(const char *text, const char *prefix, const char *start,
                         const char *const *can, const char *const *cannot)
{
    struct s3c_template *t = parsed(text, prefix, false);

    CHECK_VIEW(s3c_template_start(t), start);
    for (; *can; can++)
        assert_true(s3c_template_may_begin(t, s3c_view_str(*can)));
    for (; *cannot; cannot++)
        assert_false(s3c_template_may_begin(t, s3c_view_str(*cannot)));
    s3c_template_free(t);
}

static void knows_where_its_keys_can_be(void **state)
{
    static const char *const with_prefix[] = {"", "o", "out", "out/", "out/2026", NULL},
                             *const not_with_prefix[] = {"in", "out/in", "out/2/", "outer", NULL};
    static const char *const without[] = {"", "2", "2026", NULL}, *const not_without[] = {
                                                                      "in", "orders/", "2026/",
                                                                      NULL};
    static const char *const many[] = {"", "a/", "a/x", "a/x-7", "a/x-7/2026/11/", "a/--7/", NULL},
                             *const not_many[] = {"b", "a/x/", "a/x-y/", "a//", NULL};

    (void)state;
    check_begins("{prefix}{name}", "out", "out/", with_prefix, not_with_prefix);
    check_begins("{prefix}{name}", "", "", without, not_without);
    check_begins("a{{}}/{name}", "", "a{}/", (const char *const[]){"a{", NULL},
                 (const char *const[]){"a/", NULL});
    check_begins("a/{metadata:m}-{shard}/{record:%Y/%m}/{name}", "", "a/", many, not_many);
}

static void knows_whether_it_has_a_name(void **state)
{
    struct s3c_template *with = parsed("{shard}-{name}", "", false);
    struct s3c_template *without = parsed("{{name}}{position}", "", false);

    (void)state;
    assert_true(s3c_template_has_name(with));
    assert_false(s3c_template_has_name(without));
    s3c_template_free(with);
    s3c_template_free(without);
}

static void leaves_nothing_half_done_without_memory(void **state)
{
    struct s3c_record r = record("{\"a\":\"\\u0041/\"}");

    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_buf out = S3C_BUF_INIT(1 << 20);
        struct s3c_template *t = NULL;
        struct s3c_template_file f;
        struct s3c_error err;
        int rc = s3c_template_parse(&t, S3C_VIEW("{payload:a}/{record:%F}/{prefix}{name}"),
                                    S3C_VIEW("p"), false, &err);

        if (rc == 0)
            rc = s3c_template_partition(t, &r, NOW, &out, &err);
        if (rc == 0) {
            f = file(s3c_buf_view(&out));
            rc = s3c_template_render(t, &f, &out);
        }
        CHECK_CODE(rc, check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_buf_done(&out);
        s3c_template_free(t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(fills_every_field),
        CHECK_TEST(knows_all_parts_of_a_time),
        CHECK_TEST(takes_the_best_time_there_is),
        CHECK_TEST(gives_a_record_the_same_name_again),
        CHECK_TEST(looks_at_before_where_nothing_is_after),
        CHECK_TEST(reads_avro_payloads),
        CHECK_TEST(hashes_a_position_that_is_too_long),
        CHECK_TEST(gives_equal_partitions_to_equal_values_only),
        CHECK_TEST(refuses_values_that_make_the_key_too_long),
        CHECK_TEST(says_what_is_wrong),
        CHECK_TEST(refuses_what_could_not_fit_into_a_key),
        CHECK_TEST(shows_an_example),
        CHECK_TEST(knows_where_its_keys_can_be),
        CHECK_TEST(knows_whether_it_has_a_name),
        CHECK_TEST(leaves_nothing_half_done_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
