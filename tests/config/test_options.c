/* SPDX-License-Identifier: Apache-2.0 */
/* The option table itself: what holds for every row. */
#include "check.h"

#include <ctype.h>
#include <string.h>

#include "base/view.h"
#include "config/config.h"

/* Each hyphen and its letter become the upper-case letter. */
static void camel(char *dst, const char *name)
{
    for (; *name; name++)
        *dst++ = *name == '-' && name[1] ? (char)toupper((unsigned char)*++name) : *name;
    *dst = '\0';
}

static void aliases_are_the_camel_case_of_their_names(void **state)
{
    const struct s3c_option *o;
    char wanted[64];
    size_t n;

    (void)state;
    o = s3c_options(&n);
    assert_true(n > 20);
    for (size_t i = 0; i < n; i++) {
        /* memory.limit has no hyphen, and yet a camelCase spelling: the dot is the word's border there. */
        if (strcmp(o[i].name, "memory.limit") == 0)
            continue;
        camel(wanted, o[i].name);
        if (strcmp(wanted, o[i].name) == 0)
            assert_null(o[i].alias);
        else
            assert_string_equal(o[i].alias, wanted);
    }
}

static void names_are_unique_and_described(void **state)
{
    const struct s3c_option *o;
    size_t n;

    (void)state;
    o = s3c_options(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(o[i].description) > 10);
        assert_true((o[i].sides & ~(unsigned)S3C_PLUGIN) != 0);
        for (size_t k = 0; k < i; k++) {
            assert_string_not_equal(o[i].name, o[k].name);
            assert_int_not_equal(o[i].field, o[k].field);
        }
    }
}

static void defaults_are_valid(void **state)
{
    struct s3c_settings s;
    const struct s3c_option *o;
    const char *why = "";
    size_t n;

    (void)state;
    o = s3c_options(&n);
    for (size_t i = 0; i < n; i++)
        if (o[i].def && *o[i].def)
            CHECK_OK(s3c_value_parse(&o[i], o[i].def, &s, &why), NULL);
}

static void every_spelling_is_found_on_its_side_only(void **state)
{
    static const struct {
        const char *name;
        unsigned side;
        const char *found;
    } cases[] = {
        {"aws.bucket", S3C_SOURCE, "aws.bucket"},
        {"bucket", S3C_DESTINATION, "aws.bucket"},
        {"aws.accessKeyId", S3C_SOURCE, "aws.access-key-id"},
        {"accessKeyId", S3C_SOURCE, "aws.access-key-id"},
        {"access-key-id", S3C_SOURCE, "aws.access-key-id"},
        {"pollingPeriod", S3C_SOURCE, "polling-period"},
        {"polling-period", S3C_DESTINATION, NULL},
        {"format", S3C_SOURCE, NULL},
        {"object.maxBytes", S3C_SOURCE, "object.max-bytes"},
        {"max-bytes", S3C_SOURCE, NULL},
        {"BUCKET", S3C_SOURCE, NULL},
        {"", S3C_SOURCE, NULL},
        {"aws.", S3C_SOURCE, NULL},
        {"sdk.batch.size", S3C_SOURCE, NULL},
        {"sdk.batch.size", S3C_SOURCE | S3C_DESTINATION, NULL},
        {"sdk.batch.size", S3C_PLUGIN, NULL},
        {"sdk.batch.size", S3C_SOURCE | S3C_PLUGIN, "sdk.batch.size"},
        {"sdk.batch.size", S3C_DESTINATION | S3C_PLUGIN, "sdk.batch.size"},
        {"sdk.rate.perSecond", S3C_SOURCE | S3C_PLUGIN, NULL},
        {"sdk.rate.perSecond", S3C_DESTINATION | S3C_PLUGIN, "sdk.rate.perSecond"},
        {"polling-period", S3C_SOURCE | S3C_PLUGIN, "polling-period"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct s3c_option *o = s3c_option_find(s3c_view_str(cases[i].name), cases[i].side);
        if (!cases[i].found)
            assert_null(o);
        else
            assert_string_equal(o->name, cases[i].found);
    }
}

static const char *nearest(const char *name)
{
    return s3c_option_nearest(s3c_view_str(name), S3C_SOURCE | S3C_DESTINATION);
}

static void mistyped_names_find_the_nearest(void **state)
{
    (void)state;
    assert_string_equal(nearest("polling-peroid"), "polling-period");
    assert_string_equal(nearest("pollingperiod"), "polling-period");
    assert_string_equal(nearest("bufer-size"), "buffer-size");
    assert_string_equal(nearest("pollingPeriode"), "pollingPeriod");
    assert_string_equal(nearest("aws.buket"), "aws.bucket");
    assert_string_equal(nearest("buket"), "bucket");
    assert_string_equal(nearest("secret-acces-key"), "secret-access-key");
    assert_null(nearest("x"));
    assert_null(nearest(""));
    assert_null(
        nearest("quite-something-else-that-nobody-would-ever-think-of-in-this-place-at-all"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(aliases_are_the_camel_case_of_their_names),
        CHECK_TEST(names_are_unique_and_described),
        CHECK_TEST(defaults_are_valid),
        CHECK_TEST(every_spelling_is_found_on_its_side_only),
        CHECK_TEST(mistyped_names_find_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
