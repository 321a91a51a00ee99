/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as Go prints it: numbers (expected texts are encoding/json's), order of members, the last of equal names. */
#include "check.h"

#include <math.h>
#include <string.h>

#include "avro/json_out.h"
#include "base/view.h"

static void doubles_are_those_of_go(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-17, "-17"},
        {0.1, "0.1"},
        {1.0 / 3, "0.3333333333333333"},
        {0.30000000000000004, "0.30000000000000004"},
        {123456.789, "123456.789"},
        {9007199254740991, "9007199254740991"},
        {9007199254740993, "9007199254740992"},
        {1e20, "100000000000000000000"},
        {123456789012345680000.0, "123456789012345680000"},
        {1e21, "1e+21"},
        {1.5e300, "1.5e+300"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {1e-6, "0.000001"},
        {1.25e-6, "0.00000125"},
        {9.99e-7, "9.99e-7"},
        {1e-7, "1e-7"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {7.120236347223045e-307,
         "7.120236347223045e-307"}, /* 2^-1017: its nearest 16 digits are not its own */
        {5.684341886080802e-14, "5.684341886080802e-14"},
    };
    struct json_out j = JSON_OUT_INIT(1000);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_out_reset(&j);
        CHECK_OK(json_add_double(&j, rows[i].v), NULL);
        CHECK_VIEW(s3c_buf_view(&j.text), rows[i].text);
    }
    json_out_reset(&j);
    CHECK_CODE(json_add_double(&j, NAN), S3C_E_RECORD);
    CHECK_CODE(json_add_double(&j, INFINITY), S3C_E_RECORD);
    CHECK_CODE(json_add_double(&j, -INFINITY), S3C_E_RECORD);
    assert_int_equal(j.text.len, 0);
    json_out_done(&j);
}

static void floats_have_the_digits_of_their_own_type(void **state)
{
    static const struct {
        float v;
        const char *text;
    } rows[] = {
        {0.1f, "0.1"},
        {16777216, "16777216"},
        {123456789, "123456790"},
        {1e20f, "100000000000000000000"},
        {1e21f, "1e+21"},
        {1e-6f, "0.000001"},
        {1e-7f, "1e-7"},
        {3.4028235e38f, "3.4028235e+38"},
        {1e-45f, "1e-45"},
        {1.1754944e-38f, "1.1754944e-38"},
        {-2.5f, "-2.5"},
    };
    struct json_out j = JSON_OUT_INIT(1000);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_out_reset(&j);
        CHECK_OK(json_add_float(&j, rows[i].v), NULL);
        CHECK_VIEW(s3c_buf_view(&j.text), rows[i].text);
    }
    json_out_done(&j);
}

/* An object of these names, each with its place as value. */
static int add_object(struct json_out *j, const char *names)
{
    struct json_object o;
    int r = json_object_begin(j, &o);

    for (int i = 0; names[i] && r == 0; i++) {
        r = json_object_name(j, &o, (struct s3c_view){names + i, 1});
        if (r == 0)
            r = json_add_int(j, i);
    }
    return r < 0 ? r : json_object_end(j, &o);
}

static void members_are_sorted_and_the_last_of_equal_ones_stays(void **state)
{
    static const struct {
        const char *names, *text;
    } rows[] = {
        {"", "{}"},
        {"a", "{\"a\":0}"},
        {"abc", "{\"a\":0,\"b\":1,\"c\":2}"},
        {"cba", "{\"a\":2,\"b\":1,\"c\":0}"},
        {"aa", "{\"a\":1}"},
        {"bab", "{\"a\":1,\"b\":2}"},
        {"abab", "{\"a\":2,\"b\":3}"},
        {"aB", "{\"B\":1,\"a\":0}"},
    };
    struct json_out j = JSON_OUT_INIT(1000);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_out_reset(&j);
        CHECK_OK(add_object(&j, rows[i].names), NULL);
        CHECK_VIEW(s3c_buf_view(&j.text), rows[i].text);
    }
    json_out_done(&j);
}

static int add_nested(struct json_out *j)
{
    struct json_object o;
    int r = json_object_begin(j, &o);

    if (r == 0)
        r = json_object_name(j, &o, S3C_VIEW("z"));
    if (r == 0)
        r = add_object(j, "dc");
    if (r == 0)
        r = json_object_name(j, &o, S3C_VIEW("y\n<"));
    if (r == 0)
        r = add_object(j, "ba");
    if (r == 0)
        r = json_object_name(j, &o, S3C_VIEW("x"));
    if (r == 0)
        r = json_add_base64(j, S3C_VIEW("hi"));
    return r < 0 ? r : json_object_end(j, &o);
}

static void objects_in_objects_move_with_their_member(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct json_out j = JSON_OUT_INIT(1000);
        int r = add_nested(&j);

        CHECK_CODE(r, check_alloc_failed() ? S3C_E_NOMEM : 0);
        if (r == 0)
            CHECK_VIEW(
                s3c_buf_view(&j.text),
                "{\"x\":\"aGk=\",\"y\\n\\u003c\":{\"a\":1,\"b\":0},\"z\":{\"c\":1,\"d\":0}}");
        json_out_done(&j);
    }
}

static void what_has_no_form_is_refused(void **state)
{
    struct json_out j = JSON_OUT_INIT(10);
    struct json_object o;

    (void)state;
    CHECK_CODE(json_add_string(&j, S3C_VIEW("\xff")), S3C_E_RECORD);
    CHECK_OK(json_object_begin(&j, &o), NULL);
    CHECK_CODE(json_object_name(&j, &o, S3C_VIEW("\xc3")), S3C_E_RECORD);
    json_out_reset(&j);
    CHECK_CODE(json_add_string(&j, S3C_VIEW("123456789")), S3C_E_TOO_LARGE);
    CHECK_CODE(json_add_base64(&j, S3C_VIEW("123456789")), S3C_E_TOO_LARGE);
    json_out_done(&j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(doubles_are_those_of_go),
        CHECK_TEST(floats_have_the_digits_of_their_own_type),
        CHECK_TEST(members_are_sorted_and_the_last_of_equal_ones_stays),
        CHECK_TEST(objects_in_objects_move_with_their_member),
        CHECK_TEST(what_has_no_form_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
