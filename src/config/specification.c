/* SPDX-License-Identifier: Apache-2.0 */
#include <s3c/specification.h>

#include <inttypes.h>
#include <stdio.h>

#include "base/banned.h"
#include "base/view.h"

const struct s3c_about *s3c_about(void)
{
    static const struct s3c_about about = {
        .name = "s3",
        .summary =
            "Amazon S3 and S3-compatible servers as a source and a destination of change records.",
        .description =
            "The source gives every object of a bucket as a record, then every change. The destination "
            "writes records to a bucket as files and acknowledges each once S3 has confirmed its file.",
        .version = "v" S3C_VERSION,
        .author = "The conduit-connector-s3 authors",
    };
    return &about;
}

/* What Conduit has no type for (sizes, words, URLs) is a string. Its "file" means a file's content, so a path is none. */
static enum s3c_parameter_type type_of(const struct s3c_option *o)
{
    switch (o->type) {
    case S3C_TYPE_INT:
        return S3C_PARAMETER_INT;
    case S3C_TYPE_FLOAT:
        return S3C_PARAMETER_FLOAT;
    case S3C_TYPE_BOOL:
        return S3C_PARAMETER_BOOL;
    case S3C_TYPE_DURATION:
        return S3C_PARAMETER_DURATION;
    default:
        return S3C_PARAMETER_STRING;
    }
}

static struct s3c_validation *add(struct s3c_parameter *p, enum s3c_validation_type type)
{
    struct s3c_validation *v = &p->validations[p->validation_count++];

    v->type = type;
    v->value[0] = '\0';
    return v;
}

static void add_number(struct s3c_parameter *p, enum s3c_validation_type type, int64_t value)
{
    struct s3c_validation *v = add(p, type);

    (void)snprintf(v->value, sizeof(v->value), "%" PRId64, value);
}

/* "a, b" as "a,b": Conduit does not trim. */
static void add_words(struct s3c_parameter *p, const char *allowed)
{
    struct s3c_validation *v = add(p, S3C_VALIDATION_INCLUSION);
    size_t n = 0;

    for (; *allowed && n + 1 < sizeof(v->value); allowed++)
        if (*allowed != ' ')
            v->value[n++] = *allowed;
    v->value[n] = '\0';
}

static void describe(struct s3c_parameter *p, const struct s3c_option *o)
{
    *p = (struct s3c_parameter){.name = o->name, .def = o->def ? o->def : "", .type = type_of(o)};
    s3c_view_copy(p->description, sizeof(p->description), s3c_view_str(o->description));
    if (o->required)
        (void)add(p, S3C_VALIDATION_REQUIRED);
    if (o->type == S3C_TYPE_INT || o->type == S3C_TYPE_FLOAT) {
        add_number(p, S3C_VALIDATION_GREATER_THAN, o->min - 1);
        if (o->max > 0)
            add_number(p, S3C_VALIDATION_LESS_THAN, o->max + 1);
    }
    if (o->type == S3C_TYPE_ENUM)
        add_words(p, o->allowed);
}

static void describe_alias(struct s3c_parameter *p, const struct s3c_option *o)
{
    *p = (struct s3c_parameter){.name = o->alias, .def = "", .type = type_of(o)};
    (void)snprintf(p->description, sizeof(p->description), "The same option as %s.", o->name);
}

int s3c_specification_each(unsigned side, s3c_parameter_fn *each, void *ctx)
{
    const struct s3c_option *o;
    struct s3c_parameter p;
    size_t n;
    int r = 0;

    o = s3c_options(&n);
    for (size_t i = 0; i < n && r >= 0; i++) {
        if (!s3c_option_is_for(&o[i], side))
            continue;
        describe(&p, &o[i]);
        r = each(ctx, &p);
        if (r < 0 || !o[i].alias)
            continue;
        describe_alias(&p, &o[i]);
        r = each(ctx, &p);
    }
    return r < 0 ? r : 0;
}

const char *s3c_parameter_type_name(enum s3c_parameter_type type)
{
    static const char *const names[] = {
        [S3C_PARAMETER_STRING] = "string", [S3C_PARAMETER_INT] = "int",
        [S3C_PARAMETER_FLOAT] = "float",   [S3C_PARAMETER_BOOL] = "bool",
        [S3C_PARAMETER_FILE] = "file",     [S3C_PARAMETER_DURATION] = "duration",
    };
    return names[type];
}

const char *s3c_validation_type_name(enum s3c_validation_type type)
{
    static const char *const names[] = {
        [S3C_VALIDATION_REQUIRED] = "required",
        [S3C_VALIDATION_GREATER_THAN] = "greater-than",
        [S3C_VALIDATION_LESS_THAN] = "less-than",
        [S3C_VALIDATION_INCLUSION] = "inclusion",
    };
    return names[type];
}
