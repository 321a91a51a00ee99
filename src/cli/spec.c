/* SPDX-License-Identifier: Apache-2.0 */
/* The specification: for people, and as JSON with the fields of Conduit's. */
#include <s3c/specification.h>

#include "base/banned.h"
#include "base/json.h"
#include "base/view.h"
#include "cli/help.h"

int cli_spec_text(struct s3c_buf *out)
{
    const struct s3c_about *a = s3c_about();
    int r = s3c_buf_addf(
        out, "name:        %s\nsummary:     %s\nversion:     %s\nauthor:      %s\n\n%s\n", a->name,
        a->summary, a->version, a->author, a->description);

    if (r == 0)
        r = s3c_buf_add_str(out, "\nOptions of the source:\n");
    if (r == 0)
        r = cli_help_options(out, S3C_SOURCE | S3C_PLUGIN);
    if (r == 0)
        r = s3c_buf_add_str(out, "\nOptions of the destination:\n");
    return r < 0 ? r : cli_help_options(out, S3C_DESTINATION | S3C_PLUGIN);
}

static int string(struct s3c_buf *out, const char *text)
{
    return s3c_json_string(out, s3c_view_str(text), S3C_JSON_PLAIN);
}

/* `,"name":"text"`, the comma where `more` says so. */
static int member(struct s3c_buf *out, bool more, const char *name, const char *text)
{
    int r = s3c_buf_addf(out, "%s\"%s\":", more ? "," : "", name);
    return r < 0 ? r : string(out, text);
}

static int validation(struct s3c_buf *out, bool more, const struct s3c_validation *v)
{
    int r = s3c_buf_add_str(out, more ? ",{" : "{");

    if (r == 0)
        r = member(out, false, "type", s3c_validation_type_name(v->type));
    if (r == 0)
        r = member(out, true, "value", v->value);
    return r < 0 ? r : s3c_buf_add_char(out, '}');
}

struct list {
    struct s3c_buf *out;
    bool more;
};

static int parameter(void *ctx, const struct s3c_parameter *p)
{
    struct list *l = ctx;
    int r = s3c_buf_add_str(l->out, l->more ? ",\n    " : "\n    ");

    l->more = true;
    if (r == 0)
        r = string(l->out, p->name);
    if (r == 0)
        r = s3c_buf_add_str(l->out, ":{");
    if (r == 0)
        r = member(l->out, false, "default", p->def);
    if (r == 0)
        r = member(l->out, true, "description", p->description);
    if (r == 0)
        r = member(l->out, true, "type", s3c_parameter_type_name(p->type));
    if (r == 0)
        r = s3c_buf_add_str(l->out, ",\"validations\":[");
    for (size_t i = 0; i < p->validation_count && r == 0; i++)
        r = validation(l->out, i > 0, &p->validations[i]);
    return r < 0 ? r : s3c_buf_add_str(l->out, "]}");
}

static int parameters(struct s3c_buf *out, const char *name, unsigned side)
{
    struct list l = {.out = out};
    int r = s3c_buf_addf(out, "  \"%s\":{", name);

    if (r == 0)
        r = s3c_specification_each(side, parameter, &l);
    return r < 0 ? r : s3c_buf_add_str(out, "\n  }");
}

static int line(struct s3c_buf *out, const char *name, const char *text)
{
    int r = s3c_buf_add_str(out, "  ");

    if (r == 0)
        r = member(out, false, name, text);
    return r < 0 ? r : s3c_buf_add_str(out, ",\n");
}

int cli_spec_json(struct s3c_buf *out)
{
    const struct s3c_about *a = s3c_about();
    int r = s3c_buf_add_str(out, "{\n");

    if (r == 0)
        r = line(out, "name", a->name);
    if (r == 0)
        r = line(out, "summary", a->summary);
    if (r == 0)
        r = line(out, "description", a->description);
    if (r == 0)
        r = line(out, "version", a->version);
    if (r == 0)
        r = line(out, "author", a->author);
    if (r == 0)
        r = parameters(out, "sourceParams", S3C_SOURCE | S3C_PLUGIN);
    if (r == 0)
        r = s3c_buf_add_str(out, ",\n");
    if (r == 0)
        r = parameters(out, "destinationParams", S3C_DESTINATION | S3C_PLUGIN);
    return r < 0 ? r : s3c_buf_add_str(out, "\n}\n");
}
