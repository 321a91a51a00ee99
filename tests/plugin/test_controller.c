/* SPDX-License-Identifier: Apache-2.0 */
/* What a host asks of every plugin: health, the broker, the specification. Shutdown is seen by tests/conduit, from outside. */
#include "../grpc/rig.h"

#include <string.h>

#include <s3c/specification.h>

#include "plugin/plugin_private.h"

static struct rig_stream *call(struct rig *r, const char *path, struct s3c_view message)
{
    struct rig_stream *s = rig_open(&r->peer, path, NULL);

    rig_say(s, message);
    rig_run(r);
    return s;
}

static void health_is_serving_for_the_plugin(void **state)
{
    static const struct {
        struct s3c_view request;
        enum grpc_status status;
    } cases[] = {{S3C_VIEW(""), GRPC_OK},
                 {S3C_VIEW("\x0a\x06plugin"), GRPC_OK},
                 {S3C_VIEW("\x0a\x05other"), GRPC_NOT_FOUND},
                 {S3C_VIEW("\x0a\x05oth"), GRPC_INTERNAL}};
    struct rig r;

    (void)state;
    assert_int_equal(rig_start(&r, controller_methods, NULL, 0), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct rig_stream *s = call(&r, "/grpc.health.v1.Health/Check", cases[i].request);

        rig_expect(s, cases[i].status, NULL);
        if (cases[i].status == GRPC_OK)
            CHECK_VIEW(rig_message(s, 0), "\x08\x01");
    }
    rig_stop(&r);
}

static void the_broker_stays_as_long_as_the_host_wants_it(void **state)
{
    struct rig_stream *s;
    struct rig r;

    (void)state;
    assert_int_equal(rig_start(&r, controller_methods, NULL, 0), 0);
    s = call(&r, "/plugin.GRPCBroker/StartStream", S3C_VIEW("\x08\x01"));
    rig_say(s, S3C_VIEW("\x08\x02"));
    rig_run(&r);
    assert_false(s->closed);
    rig_say_end(s);
    rig_run(&r);
    rig_expect(s, GRPC_OK, NULL);
    s = call(&r, "/plugin.GRPCStdio/StreamStdio", S3C_VIEW(""));
    rig_expect(s, GRPC_UNIMPLEMENTED, NULL);
    rig_stop(&r);
}

struct expected {
    struct pb_reader *r;
    unsigned field;
    size_t count;
};

static struct s3c_view next_bytes(struct pb_reader *r, unsigned field)
{
    assert_int_equal(pb_next(r), 1);
    assert_int_equal(r->field, field);
    assert_int_equal(r->wire, PB_BYTES);
    return r->bytes;
}

static void next_text(struct pb_reader *r, unsigned field, const char *text)
{
    if (*text)
        CHECK_VIEW(next_bytes(r, field), text);
}

static void next_number(struct pb_reader *r, unsigned field, uint64_t number)
{
    assert_int_equal(pb_next(r), 1);
    assert_int_equal(r->field, field);
    assert_int_equal(r->number, number);
}

static int check_parameter(void *ctx, const struct s3c_parameter *p)
{
    struct expected *e = ctx;
    struct pb_reader entry, value, validation;

    pb_read(&entry, next_bytes(e->r, e->field));
    next_text(&entry, 1, p->name);
    pb_read(&value, next_bytes(&entry, 2));
    next_text(&value, 1, p->def);
    next_text(&value, 2, p->description);
    next_number(&value, 3, p->type);
    for (size_t i = 0; i < p->validation_count; i++) {
        pb_read(&validation, next_bytes(&value, 4));
        next_number(&validation, 1, p->validations[i].type);
        next_text(&validation, 2, p->validations[i].value);
    }
    assert_int_equal(pb_next(&value), 0);
    e->count++;
    return 0;
}

static void the_specification_is_the_option_table(void **state)
{
    const struct s3c_about *a = s3c_about();
    struct pb_reader r, spec;
    struct expected source = {&spec, 7, 0}, destination = {&spec, 6, 0};
    struct rig_stream *s;
    struct rig rig;

    (void)state;
    assert_int_equal(rig_start(&rig, specifier_methods, NULL, 0), 0);
    s = call(&rig, "/connector.v2.SpecifierPlugin/Specify", S3C_VIEW(""));
    rig_expect(s, GRPC_OK, NULL);
    pb_read(&r, rig_message(s, 0));
    pb_read(&spec, next_bytes(&r, 1));
    next_text(&spec, 1, a->name);
    next_text(&spec, 2, a->summary);
    next_text(&spec, 3, a->description);
    next_text(&spec, 4, a->version);
    next_text(&spec, 5, a->author);
    CHECK_OK(s3c_specification_each(S3C_DESTINATION | S3C_PLUGIN, check_parameter, &destination),
             NULL);
    CHECK_OK(s3c_specification_each(S3C_SOURCE | S3C_PLUGIN, check_parameter, &source), NULL);
    assert_int_equal(pb_next(&spec), 0);
    assert_int_equal(pb_next(&r), 0);
    assert_true(source.count > 20 && destination.count > 20);
    rig_stop(&rig);
}

static int check_text(void *ctx, const struct s3c_parameter *p)
{
    const struct s3c_option *o = s3c_option_find((struct s3c_view){p->name, strlen(p->name)},
                                                 S3C_SOURCE | S3C_DESTINATION | S3C_PLUGIN);

    (void)ctx;
    assert_non_null(o);
    if (strcmp(o->name, p->name) == 0) { /* nothing was cut */
        assert_string_equal(p->description, o->description);
        return 0;
    }
    assert_string_equal(p->name, o->alias);
    assert_string_equal(p->def, "");
    assert_int_equal(p->validation_count, 0);
    CHECK_HAS(p->description, o->name);
    return 0;
}

static void twins_are_marked_and_nothing_is_cut(void **state)
{
    (void)state;
    CHECK_OK(s3c_specification_each(S3C_SOURCE | S3C_PLUGIN, check_text, NULL), NULL);
    CHECK_OK(s3c_specification_each(S3C_DESTINATION | S3C_PLUGIN, check_text, NULL), NULL);
}

static int stop_at_once(void *ctx, const struct s3c_parameter *p)
{
    (void)p;
    ++*(int *)ctx;
    return S3C_E_NOMEM;
}

static void whoever_walks_the_specification_may_stop(void **state)
{
    int calls = 0;

    (void)state;
    CHECK_CODE(s3c_specification_each(S3C_SOURCE, stop_at_once, &calls), S3C_E_NOMEM);
    assert_int_equal(calls, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(health_is_serving_for_the_plugin),
        CHECK_TEST(the_broker_stays_as_long_as_the_host_wants_it),
        CHECK_TEST(the_specification_is_the_option_table),
        CHECK_TEST(twins_are_marked_and_nothing_is_cut),
        CHECK_TEST(whoever_walks_the_specification_may_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
