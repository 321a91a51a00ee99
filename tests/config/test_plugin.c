/* SPDX-License-Identifier: Apache-2.0 */
/* The options that only a Conduit plugin has: their types, their rules, and that nobody else has them. */
#include "check.h"

#include <string.h>

#include "base/view.h"
#include "config/config.h"
#include "fake_env.h"

struct set {
    const char *name, *value;
};

static int build(unsigned side, const struct set *sets, struct s3c_config **ret,
                 struct s3c_error *err)
{
    static const struct set base[] = {
        {"aws.bucket", "b"}, {"aws.region", "r"}, {"format", "json"}, {NULL}};
    int r = s3c_config_new(ret, side, err);

    if (r == 0)
        s3c_config_set_env(*ret, fake_getenv, NULL);
    for (const struct set *s = base; r == 0 && s->name; s++)
        if (s3c_option_find(s3c_view_str(s->name), side))
            r = s3c_config_set(*ret, s3c_view_str(s->name), s3c_view_str(s->value), S3C_FROM_FILE,
                               err);
    for (; r == 0 && sets->name; sets++)
        r = s3c_config_set(*ret, s3c_view_str(sets->name), s3c_view_str(sets->value), S3C_FROM_FILE,
                           err);
    return r == 0 ? s3c_config_finish(*ret, err) : r;
}

#define SRC (S3C_SOURCE | S3C_PLUGIN)
#define DST (S3C_DESTINATION | S3C_PLUGIN)

static void bad_input_is_refused_with_its_reason(void **state)
{
    static const struct {
        unsigned side;
        struct set sets[3];
        const char *says;
    } rows[] = {
        {S3C_SOURCE,
         {{"sdk.batch.size", "1"}},
         "sdk.batch.size: an option of the Conduit plugin only"},
        {S3C_SOURCE, {{"sdk.rate.burst", "1"}}, "sdk.rate.burst: unknown option"},
        {SRC, {{"sdk.rate.burst", "1"}}, "sdk.rate.burst: not an option of the source, only of"},
        {DST, {{"sdk.schema.context.name", "c"}}, "not an option of the destination, only of the"},
        {SRC, {{"sdk.batch.siez", "1"}}, "unknown option; did you mean sdk.batch.size?"},
        {SRC, {{"sdk.batch.size", "-1"}}, "sdk.batch.size: \"-1\" is out of range"},
        {SRC, {{"sdk.batch.size", "1.5"}}, "sdk.batch.size: \"1.5\" is not a whole number"},
        {SRC, {{"sdk.batch.delay", "5"}}, "sdk.batch.delay: \"5\" is not a duration"},
        {SRC,
         {{"sdk.schema.extract.type", "json"}},
         "\"json\" is not one of the words; allowed: avro"},
        {SRC,
         {{"sdk.schema.context.enabled", "yes"}},
         "\"yes\" is not one of the words; allowed: true, false"},
        {DST, {{"sdk.rate.perSecond", "-0.5"}}, "sdk.rate.perSecond: \"-0.5\" is out of range"},
        {DST, {{"sdk.rate.perSecond", "many"}}, "sdk.rate.perSecond: \"many\" is not a number"},
        {DST, {{"sdk.rate.perSecond", "nan"}}, "\"nan\" is not a number"},
        {DST, {{"sdk.rate.perSecond", "0x10"}}, "\"0x10\" is not a number"},
        {DST, {{"sdk.rate.perSecond", " 1"}}, "\" 1\" is not a number"},
        {DST, {{"sdk.rate.perSecond", "1e"}}, "\"1e\" is not a number"},
        {DST, {{"sdk.rate.perSecond", "1e999"}}, "\"1e999\" is out of range"},
        {DST,
         {{"sdk.record.format", "xml"}},
         "\"xml\" is not one of the words; allowed: opencdc/json, debezium/json"},
        {DST,
         {{"sdk.record.format", "template"}, {"sdk.record.format.options", "{{ .A }} {{ .B }"}},
         "sdk.record.format.options: the template has \"{{\" without"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct s3c_config *c = NULL;
        struct s3c_error err;

        CHECK_CODE(build(rows[i].side, rows[i].sets, &c, &err), S3C_E_INVALID);
        CHECK_HAS(err.message, rows[i].says);
        assert_int_equal(s3c_config_problem_count(c), 1);
        s3c_config_free(c);
    }
}

static void defaults_are_those_of_the_sdk(void **state)
{
    static const struct set none[] = {{NULL}};
    struct s3c_config *c = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(build(SRC, none, &c, &err), &err);
    assert_int_equal(s3c_config_number(c, "sdk.batch.size"), 0);
    assert_int_equal(s3c_config_number(c, "sdk.schema.extract.payload.enabled"), 1);
    assert_int_equal(s3c_config_number(c, "sdk.schema.context.enabled"), 1);
    assert_string_equal(s3c_config_settings(c)->sdk_payload_subject, "payload");
    assert_string_equal(s3c_config_settings(c)->sdk_key_subject, "key");
    s3c_config_free(c);
    CHECK_OK(build(DST, none, &c, &err), &err);
    assert_int_equal(s3c_config_settings(c)->buffer_size, 1000);
    assert_int_equal(s3c_config_settings(c)->file_max_age_ns, 10 * S3C_NS_PER_SEC);
    assert_true(s3c_config_float(c, "sdk.rate.perSecond") == 0);
    s3c_config_free(c);
}

static void values_are_given_by_name(void **state)
{
    static const struct set sets[] = {{"sdk.batch.size", "7"},
                                      {"sdk.batch.delay", "1.5s"},
                                      {"sdk.rate.perSecond", "2.5"},
                                      {"sdk.rate.burst", "9"},
                                      {"sdk.schema.extract.key.enabled", "F"},
                                      {"sdk.schema.extract.payload.enabled", "1"},
                                      {"sdk.record.format", "template"},
                                      {"sdk.record.format.options", "{{ .Position }}"},
                                      {NULL}};
    struct s3c_config *c = NULL;
    struct s3c_error err;

    (void)state;
    CHECK_OK(build(DST, sets, &c, &err), &err);
    assert_int_equal(s3c_config_number(c, "sdk.batch.size"), 7);
    assert_int_equal(s3c_config_number(c, "sdk.batch.delay"), 1500 * S3C_NS_PER_MS);
    assert_true(s3c_config_float(c, "sdk.rate.perSecond") == 2.5);
    assert_int_equal(s3c_config_number(c, "sdk.rate.burst"), 9);
    assert_int_equal(s3c_config_number(c, "sdk.schema.extract.key.enabled"), 0);
    assert_int_equal(s3c_config_number(c, "sdk.schema.extract.payload.enabled"), 1);
    assert_int_equal(s3c_config_number(c, "sdk.record.format"), S3C_RECORD_TEMPLATE);
    assert_int_equal(s3c_config_number(c, "memory.limit"), 64 << 20);
    /* other types, and no names */
    assert_int_equal(s3c_config_number(c, "sdk.rate.perSecond"), 0);
    assert_int_equal(s3c_config_number(c, "aws.bucket"), 0);
    assert_int_equal(s3c_config_number(c, "none"), 0);
    assert_true(s3c_config_float(c, "sdk.rate.burst") == 0);
    s3c_config_free(c);
}

static void the_smaller_batch_that_was_set_counts(void **state)
{
    static const struct {
        struct set sets[4];
        int64_t records, age_ms;
    } rows[] = {
        {{{"sdk.batch.size", "5"}}, 5, 10000},
        {{{"sdk.batch.size", "5000"}}, 5000, 10000},
        {{{"sdk.batch.size", "5000"}, {"buffer-size", "10"}}, 10, 10000},
        {{{"sdk.batch.size", "5"}, {"buffer-size", "10"}}, 5, 10000},
        {{{"sdk.batch.size", "0"}, {"bufferSize", "10"}}, 10, 10000},
        {{{"sdk.batch.size", "1000000"}}, 100000, 10000},
        {{{"sdk.batch.delay", "20s"}}, 1000, 20000},
        {{{"sdk.batch.delay", "20s"}, {"file.max-age", "3s"}}, 1000, 3000},
        {{{"sdk.batch.delay", "2s"}, {"file.max-age", "3s"}}, 1000, 2000},
        {{{"sdk.batch.delay", "2s"}, {"file.max-age", "0"}}, 1000, 2000},
        {{{"sdk.batch.delay", "0s"}, {"file.max-age", "0"}}, 1000, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct s3c_config *c = NULL;
        struct s3c_error err;

        CHECK_OK(build(DST, rows[i].sets, &c, &err), &err);
        assert_int_equal(s3c_config_settings(c)->buffer_size, rows[i].records);
        assert_int_equal(s3c_config_settings(c)->file_max_age_ns, rows[i].age_ms * S3C_NS_PER_MS);
        s3c_config_free(c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(bad_input_is_refused_with_its_reason),
        CHECK_TEST(defaults_are_those_of_the_sdk),
        CHECK_TEST(values_are_given_by_name),
        CHECK_TEST(the_smaller_batch_that_was_set_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
