/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/commands.h"

#include <s3c/config.h>

#include "base/view.h"

#define EVERY (CLI_SOURCE | CLI_DESTINATION | CLI_PIPE | CLI_CHECK | CLI_SPEC)
#define WORK  (CLI_SOURCE | CLI_DESTINATION | CLI_PIPE | CLI_CHECK)
#define BOTH  (S3C_SOURCE | S3C_DESTINATION)

static const struct cli_command commands[] = {
    {CLI_SOURCE, "source", "--bucket NAME [options]",
     "Objects, then changes of a bucket as records on standard output.", S3C_SOURCE, false, false},
    {CLI_DESTINATION, "destination", "--bucket NAME --format json [options]",
     "Records on standard input become files in a bucket.", S3C_DESTINATION, false, false},
    {CLI_PIPE, "pipe", "--source.NAME VALUE --destination.NAME VALUE",
     "Source to destination in one process that survives any kill.", BOTH, true, false},
    {CLI_CHECK, "check", "source|destination --bucket NAME [options]",
     "Settings, credentials, bucket, permissions: what works?", BOTH, false, true},
    {CLI_SPEC, "spec", "[--json]", "The specification and the option table.", 0, false, false},
};

static const struct cli_flag flags[] = {
    {CLI_FLAG_POSITION, "position", "TEXT", CLI_SOURCE, "go on after this position (raw text)"},
    {CLI_FLAG_POSITION_BASE64, "position-base64", "B", CLI_SOURCE,
     "the same in base64, as the lines print it"},
    {CLI_FLAG_POSITION_FILE, "position-file", "FILE", CLI_SOURCE | CLI_PIPE,
     "go on after what it holds, and keep it up to date"},
    {CLI_FLAG_LIMIT, "limit", "N", CLI_SOURCE | CLI_PIPE, "end after N records"},
    {CLI_FLAG_SNAPSHOT_ONLY, "snapshot-only", NULL, CLI_SOURCE | CLI_PIPE,
     "end after the snapshot, with what was written meanwhile"},
    {CLI_FLAG_RAW, "raw", "text", CLI_SOURCE, "keys and payloads as text, for people"},
    {CLI_FLAG_ACKS, "acks", NULL, CLI_DESTINATION,
     "print each position once it is in S3, in base64"},
    {CLI_FLAG_JSON, "json", NULL, CLI_SPEC, "as JSON"},
    {CLI_FLAG_PROGRESS, "progress", NULL, CLI_SOURCE | CLI_DESTINATION | CLI_PIPE,
     "or --no-progress; progress is the default on a terminal"},
    {CLI_FLAG_NO_PROGRESS, "no-progress", NULL, CLI_SOURCE | CLI_DESTINATION | CLI_PIPE, NULL},
    {CLI_FLAG_CONFIG, "config", "FILE", WORK, "options as lines of the form name = value"},
    {CLI_FLAG_LOG_LEVEL, "log-level", "LEVEL", WORK, "error, warn, info or debug [info]"},
    {CLI_FLAG_QUIET, "quiet", NULL, WORK, "errors only, no summary"},
    {CLI_FLAG_HELP, "help", NULL, EVERY, "this page; --help all describes every option"},
};

const struct cli_command *cli_commands(size_t *ret_count)
{
    *ret_count = sizeof(commands) / sizeof(commands[0]);
    return commands;
}

const struct cli_command *cli_command_find(struct s3c_view name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (s3c_view_eq_str(name, commands[i].name))
            return &commands[i];
    return NULL;
}

const struct cli_flag *cli_flags(size_t *ret_count)
{
    *ret_count = sizeof(flags) / sizeof(flags[0]);
    return flags;
}

const struct cli_flag *cli_flag_find(struct s3c_view name, enum cli_command_id command)
{
    for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
        if ((flags[i].commands & (unsigned)command) && s3c_view_eq_str(name, flags[i].name))
            return &flags[i];
    return NULL;
}
