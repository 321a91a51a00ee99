/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connector.v2.SpecifierPlugin: the option table as Conduit's specification (conduit-protocol.md 11). A host drops a plugin whose
 * specification has a validation that it does not know, so there are only those that config.v1 names, and no expressions.
 */
#include <s3c/specification.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "plugin/plugin_private.h"

#define SPECIFICATION_MAX (1u << 20)

/* Field numbers of connector.v2.Specification and config.v1. */
enum { SPEC_NAME = 1, SPEC_SUMMARY, SPEC_DESCRIPTION, SPEC_VERSION, SPEC_AUTHOR };
enum { SPEC_DESTINATION_PARAMS = 6, SPEC_SOURCE_PARAMS = 7 };
enum { PARAMETER_DEFAULT = 1, PARAMETER_DESCRIPTION, PARAMETER_TYPE, PARAMETER_VALIDATIONS };
enum { VALIDATION_TYPE = 1, VALIDATION_VALUE };
enum { ENTRY_KEY = 1, ENTRY_VALUE };

struct params {
    struct s3c_buf *out;
    unsigned field; /* the map's */
};

static int add_text(struct s3c_buf *out, unsigned field, const char *text)
{
    return *text ? pb_add_bytes(out, field, s3c_view_str(text)) : 0;
}

static int add_validation(struct s3c_buf *out, const struct s3c_validation *v)
{
    size_t mark;
    int r = pb_begin(out, PARAMETER_VALIDATIONS, &mark);

    if (r == 0)
        r = pb_add_varint(out, VALIDATION_TYPE, v->type);
    if (r == 0)
        r = add_text(out, VALIDATION_VALUE, v->value);
    return r < 0 ? r : pb_end(out, mark);
}

static int add_parameter(struct s3c_buf *out, const struct s3c_parameter *p)
{
    size_t mark;
    int r = pb_begin(out, ENTRY_VALUE, &mark);

    if (r == 0)
        r = add_text(out, PARAMETER_DEFAULT, p->def);
    if (r == 0)
        r = add_text(out, PARAMETER_DESCRIPTION, p->description);
    if (r == 0)
        r = pb_add_varint(out, PARAMETER_TYPE, p->type);
    for (size_t i = 0; i < p->validation_count && r == 0; i++)
        r = add_validation(out, &p->validations[i]);
    return r < 0 ? r : pb_end(out, mark);
}

static int add_entry(void *ctx, const struct s3c_parameter *p)
{
    struct params *to = ctx;
    size_t mark;
    int r = pb_begin(to->out, to->field, &mark);

    if (r == 0)
        r = add_text(to->out, ENTRY_KEY, p->name);
    if (r == 0)
        r = add_parameter(to->out, p);
    return r < 0 ? r : pb_end(to->out, mark);
}

static int add_specification(struct s3c_buf *out)
{
    const struct s3c_about *a = s3c_about();
    struct params destination = {out, SPEC_DESTINATION_PARAMS}, source = {out, SPEC_SOURCE_PARAMS};
    size_t mark;
    int r = pb_begin(out, 1, &mark);

    if (r == 0)
        r = add_text(out, SPEC_NAME, a->name);
    if (r == 0)
        r = add_text(out, SPEC_SUMMARY, a->summary);
    if (r == 0)
        r = add_text(out, SPEC_DESCRIPTION, a->description);
    if (r == 0)
        r = add_text(out, SPEC_VERSION, a->version);
    if (r == 0)
        r = add_text(out, SPEC_AUTHOR, a->author);
    if (r == 0)
        r = s3c_specification_each(S3C_DESTINATION | S3C_PLUGIN, add_entry, &destination);
    if (r == 0)
        r = s3c_specification_each(S3C_SOURCE | S3C_PLUGIN, add_entry, &source);
    return r < 0 ? r : pb_end(out, mark);
}

static void specify(struct grpc_call *c, struct s3c_view message)
{
    struct s3c_buf out = S3C_BUF_INIT(SPECIFICATION_MAX);
    struct s3c_error err;

    (void)message;
    if (add_specification(&out) < 0) {
        (void)s3c_error_nomem(&err);
        plugin_fail(c, "specification", &err);
    } else {
        grpc_call_reply(c, s3c_buf_view(&out));
    }
    s3c_buf_done(&out);
}

const struct grpc_method specifier_methods[] = {
    {.path = "/connector.v2.SpecifierPlugin/Specify", .message = specify},
    {.path = NULL},
};
