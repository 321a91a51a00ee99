/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints what is generated from the tables when the project is built, never installed: `docgen man` (roff) and `docgen options` (the table
 * between the README's markers).
 */
#include <stdio.h>

#include <s3c/specification.h>

#include "base/banned.h"
#include "base/view.h"
#include "cli/cli.h"
#include "cli/help.h"

/* roff: a hyphen that is to be copied is \-, a line must not begin with a dot or an apostrophe. */
static void roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        (void)fputs("\\&", stdout);
    for (; *text; text++) {
        if (*text == '-')
            (void)fputs("\\-", stdout);
        else if (*text == '\\')
            (void)fputs("\\e", stdout);
        else
            (void)putchar(*text);
    }
}

static void roff_line(const char *text)
{
    roff(text);
    (void)putchar('\n');
}

static void man_commands(void)
{
    const struct cli_command *c;
    const struct cli_flag *f;
    size_t n, flags;

    c = cli_commands(&n);
    f = cli_flags(&flags);
    (void)puts(".SH COMMANDS");
    for (size_t i = 0; i < n; i++) {
        (void)fputs(".SS ", stdout);
        roff_line(c[i].name);
        roff(c[i].name);
        (void)putchar(' ');
        roff_line(c[i].usage);
        (void)puts(".PP");
        roff_line(c[i].summary);
        for (size_t k = 0; k < flags; k++) {
            if (!f[k].help || !(f[k].commands & (unsigned)c[i].id))
                continue;
            (void)printf(".TP\n.B \\-\\-");
            roff(f[k].name);
            if (f[k].value)
                (void)printf(" \\fI%s\\fR", f[k].value);
            (void)putchar('\n');
            roff_line(f[k].help);
        }
    }
}

static const char *sides(const struct s3c_option *o)
{
    switch (o->sides) {
    case S3C_SOURCE:
        return "source";
    case S3C_DESTINATION:
        return "destination";
    case S3C_SOURCE | S3C_PLUGIN:
        return "source, plugin only";
    case S3C_DESTINATION | S3C_PLUGIN:
        return "destination, plugin only";
    case S3C_SOURCE | S3C_DESTINATION | S3C_PLUGIN:
        return "both, plugin only";
    default:
        return "both";
    }
}

static void man_options(void)
{
    const struct s3c_option *o;
    size_t n;

    o = s3c_options(&n);
    (void)puts(
        ".SH OPTIONS\nEach is \\-\\-NAME VALUE or \\-\\-NAME=VALUE; \"aws.\" may be left out. In a \\-\\-config file: name = value.");
    for (size_t i = 0; i < n; i++) {
        (void)fputs(".TP\n.B ", stdout);
        roff(o[i].name);
        if (o[i].alias) {
            (void)fputs(", ", stdout);
            roff(o[i].alias);
        }
        (void)printf(" \\fR(%s, %s%s", sides(&o[i]), s3c_option_type_name(o[i].type),
                     o[i].required ? ", required" : "");
        if (o[i].def && *o[i].def)
            (void)printf(", default %s", o[i].def);
        (void)puts(")");
        roff_line(o[i].description);
        if (o[i].allowed) {
            (void)fputs("Allowed: ", stdout);
            roff(o[i].allowed);
            (void)puts(".");
        }
    }
}

static void man(void)
{
    (void)puts(
        ".TH CONDUIT\\-CONNECTOR\\-S3 1 \"\" \"conduit\\-connector\\-s3 " S3C_VERSION
        "\" \"User Commands\"\n.SH NAME\n"
        "conduit\\-connector\\-s3, s3c \\- an S3 bucket as a stream of change records, and records as files in a bucket\n"
        ".SH SYNOPSIS\n.B conduit\\-connector\\-s3\n.I COMMAND\n[options]\n.SH DESCRIPTION");
    roff_line(s3c_about()->description);
    man_commands();
    man_options();
    (void)puts(
        ".SH ENVIRONMENT\nAWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_PROFILE, AWS_REGION, "
        "AWS_DEFAULT_REGION, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, AWS_CA_BUNDLE, "
        "AWS_SHARED_CREDENTIALS_FILE, AWS_CONFIG_FILE; http_proxy, https_proxy, all_proxy, no_proxy.\n"
        "Precedence: command line, config file, environment, profile.\n.SH FILES\n"
        "~/.aws/credentials, ~/.aws/config\n.SH EXIT STATUS\n0: done, or stopped by the first SIGINT or SIGTERM (the second one ends the program at once, with 1). 2: refused "
        "before any network use (an unknown or bad option, a malformed position). 1: everything else; the last line on standard "
        "error says what failed, on what, why, and what to do.\n.SH EXAMPLES\n.EX\n"
        "s3c source \\-\\-bucket photos \\-\\-region eu\\-central\\-1 \\-\\-position\\-file photos.pos >> photos.jsonl\n"
        "s3c pipe \\-\\-source.bucket a \\-\\-destination.bucket b \\-\\-destination.format json \\-\\-position\\-file a.pos\n.EE");
}

/* Vertical bars end a cell. */
static void cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            (void)putchar('\\');
        (void)putchar(*text);
    }
}

static void options_table(void)
{
    const struct s3c_option *o;
    size_t n;

    o = s3c_options(&n);
    (void)puts("| option | side | type, default | meaning |\n| --- | --- | --- | --- |");
    for (size_t i = 0; i < n; i++) {
        (void)printf("| `%s`", o[i].name);
        if (o[i].alias)
            (void)printf(", `%s`", o[i].alias);
        (void)printf(" | %s | %s%s", sides(&o[i]), s3c_option_type_name(o[i].type),
                     o[i].required ? ", required" : "");
        if (o[i].def && *o[i].def)
            (void)printf(", `%s`", o[i].def);
        (void)fputs(" | ", stdout);
        cell(o[i].description);
        if (o[i].allowed) {
            (void)fputs(" Allowed: ", stdout);
            cell(o[i].allowed);
            (void)putchar('.');
        }
        (void)puts(" |");
    }
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "man") == 0) {
        man();
    } else if (argc == 2 && strcmp(argv[1], "options") == 0) {
        options_table();
    } else {
        (void)fputs("usage: docgen man|options\n", stderr);
        return 2;
    }
    return fflush(stdout) == 0 ? 0 : 1;
}
