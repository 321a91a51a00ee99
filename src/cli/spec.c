/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The specification: for people, and as JSON with the fields of Conduit's. There the camelCase spelling is a parameter of its own, without
 * default and validation, because Conduit would otherwise fill in and demand both.
 */
#include "cli/help.h"

#include <inttypes.h>
#include <stdio.h>

#include <s3c/config.h>

#include "base/banned.h"
#include "base/json.h"
#include "base/view.h"

int cli_spec_text(struct s3c_buf *out)
{
    int r = s3c_buf_addf(
        out, "name:        %s\nsummary:     %s\nversion:     v%s\nauthor:      %s\n\n%s\n",
        CLI_NAME, CLI_SUMMARY, S3C_VERSION, CLI_AUTHOR, CLI_DESCRIPTION);

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
    return s3c_json_string(out, s3c_view_str(text ? text : ""), S3C_JSON_PLAIN);
}

static int member(struct s3c_buf *out, const char *name, const char *text)
{
    int r = s3c_buf_addf(out, "\"%s\":", name);
    return r < 0 ? r : string(out, text);
}

/* Conduit's words for types; what it has no word for is a string. */
static const char *conduit_type(enum s3c_option_type type)
{
    switch (type) {
    case S3C_TYPE_INT:
        return "int";
    case S3C_TYPE_BOOL:
        return "bool";
    case S3C_TYPE_DURATION:
        return "duration";
    case S3C_TYPE_FLOAT:
        return "float";
    default:
        return "string";
    }
}

struct list {
    struct s3c_buf *out;
    bool more;
};

static int validation(struct list *l, const char *type, const char *value)
{
    int r = l->more ? s3c_buf_add_char(l->out, ',') : 0;

    l->more = true;
    if (r == 0)
        r = s3c_buf_addf(l->out, "{\"type\":\"%s\",", type);
    if (r == 0)
        r = member(l->out, "value", value);
    return r < 0 ? r : s3c_buf_add_char(l->out, '}');
}

static int validations(struct s3c_buf *out, const struct s3c_option *o)
{
    struct list l = {.out = out};
    char number[24], words[64];
    int r = 0;

    if (o->required)
        r = validation(&l, "required", "");
    if (r == 0 && (o->type == S3C_TYPE_INT || o->type == S3C_TYPE_FLOAT)) {
        (void)snprintf(number, sizeof(number), "%" PRId64, o->min - 1);
        r = validation(&l, "greater-than", number);
    }
    if (r == 0 && o->type == S3C_TYPE_INT && o->max > 0) {
        (void)snprintf(number, sizeof(number), "%" PRId64, o->max + 1);
        r = validation(&l, "less-than", number);
    }
    if (r == 0 && o->type == S3C_TYPE_ENUM) {
        size_t n = 0;
        for (const char *p = o->allowed; *p && n + 1 < sizeof(words); p++)
            if (*p != ' ')
                words[n++] = *p;
        words[n] = '\0';
        r = validation(&l, "inclusion", words);
    }
    return r;
}

static int parameter(struct s3c_buf *out, const struct s3c_option *o, const char *name,
                     bool is_alias)
{
    int r = string(out, name);

    if (r == 0)
        r = s3c_buf_add_str(out, ":{");
    if (r == 0)
        r = member(out, "default", is_alias ? "" : o->def);
    if (r == 0)
        r = s3c_buf_add_str(out, ",\"description\":");
    if (r == 0 && is_alias) {
        char text[100];
        (void)snprintf(text, sizeof(text), "The same option as %s.", o->name);
        r = string(out, text);
    } else if (r == 0) {
        r = string(out, o->description);
    }
    if (r == 0)
        r = s3c_buf_addf(out, ",\"type\":\"%s\",\"validations\":[", conduit_type(o->type));
    if (r == 0 && !is_alias)
        r = validations(out, o);
    return r < 0 ? r : s3c_buf_add_str(out, "]}");
}

static int parameters(struct s3c_buf *out, unsigned side)
{
    const struct s3c_option *o;
    bool more = false;
    size_t n;
    int r;

    r = s3c_buf_add_char(out, '{');
    o = s3c_options(&n);
    for (size_t i = 0; i < n && r == 0; i++) {
        if (!s3c_option_is_for(&o[i], side))
            continue;
        r = more ? s3c_buf_add_str(out, ",\n    ") : s3c_buf_add_str(out, "\n    ");
        more = true;
        if (r == 0)
            r = parameter(out, &o[i], o[i].name, false);
        if (r == 0 && o[i].alias)
            r = s3c_buf_add_str(out, ",\n    ");
        if (r == 0 && o[i].alias)
            r = parameter(out, &o[i], o[i].alias, true);
    }
    return r < 0 ? r : s3c_buf_add_str(out, "\n  }");
}

int cli_spec_json(struct s3c_buf *out)
{
    static const struct {
        const char *name, *text;
    } members[] = {{"name", CLI_NAME},
                   {"summary", CLI_SUMMARY},
                   {"description", CLI_DESCRIPTION},
                   {"version", "v" S3C_VERSION},
                   {"author", CLI_AUTHOR}};
    int r = s3c_buf_add_str(out, "{\n");

    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]) && r == 0; i++) {
        r = s3c_buf_add_str(out, "  ");
        if (r == 0)
            r = member(out, members[i].name, members[i].text);
        if (r == 0)
            r = s3c_buf_add_str(out, ",\n");
    }
    if (r == 0)
        r = s3c_buf_add_str(out, "  \"sourceParams\":");
    if (r == 0)
        r = parameters(out, S3C_SOURCE | S3C_PLUGIN);
    if (r == 0)
        r = s3c_buf_add_str(out, ",\n  \"destinationParams\":");
    if (r == 0)
        r = parameters(out, S3C_DESTINATION | S3C_PLUGIN);
    return r < 0 ? r : s3c_buf_add_str(out, "\n}\n");
}
