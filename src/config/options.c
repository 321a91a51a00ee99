/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The option table: the one place where an option is described. Parsing, ranges, defaults, --help, the specification, the man page and
 * the README read it. A new option is a row here and a field in struct s3c_settings.
 *
 * For S3C_TYPE_ENUM, `allowed` is the list that is parsed; the index of the word is the enum's value (settings.h keeps that order).
 */
#include "config/config.h"

#include "base/nearest.h"
#include "base/view.h"

#define BOTH     (S3C_SOURCE | S3C_DESTINATION)
#define PLUGIN   S3C_PLUGIN
#define BOOLEAN  "true, false"
#define FIELD(f) offsetof(struct s3c_settings, f)
#define KIB      INT64_C(1024)
#define MIB      (1024 * KIB)
#define GIB      (1024 * MIB)
#define EIB      (1024 * 1024 * 1024 * GIB) /* a stop for sums, no promise */

static const struct s3c_option options[] = {
    {"aws.access-key-id", "aws.accessKeyId", S3C_TYPE_STRING, BOTH, NULL, NULL,
     "Access key id. With aws.secret-access-key; without both the environment, then the AWS profile serve.",
     .field = FIELD(access_key_id)},
    {"aws.secret-access-key", "aws.secretAccessKey", S3C_TYPE_STRING, BOTH, NULL, NULL,
     "Secret access key. Never on a command line: config file, environment or AWS profile.",
     .secret = true, .field = FIELD(secret_access_key)},
    {"aws.session-token", "aws.sessionToken", S3C_TYPE_STRING, BOTH, NULL, NULL,
     "Session token of temporary credentials. Never on a command line.", .secret = true,
     .field = FIELD(session_token)},
    {"aws.profile", NULL, S3C_TYPE_STRING, BOTH, NULL, NULL,
     "Profile of the AWS credentials and config files. Default: AWS_PROFILE, then \"default\".",
     .field = FIELD(profile)},
    {"aws.region", NULL, S3C_TYPE_STRING, BOTH, NULL, NULL,
     "Region. Default: AWS_REGION, AWS_DEFAULT_REGION, the profile; us-east-1 with an endpoint; required on AWS.",
     .field = FIELD(region)},
    {"aws.bucket", NULL, S3C_TYPE_STRING, BOTH, NULL, NULL, "Name of the bucket.", .required = true,
     .field = FIELD(bucket)},
    {"aws.endpoint", NULL, S3C_TYPE_URL, BOTH, NULL,
     "http:// or https:// URL, port and path allowed",
     "Any S3-compatible server. Default: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile; else AWS.",
     .field = FIELD(endpoint)},
    {"aws.path-style", "aws.pathStyle", S3C_TYPE_ENUM, BOTH, "auto", "auto, true, false",
     "Bucket in the path instead of the host name; auto: true with an endpoint.",
     .field = FIELD(path_style)},
    {"aws.ca-bundle", "aws.caBundle", S3C_TYPE_PATH, BOTH, NULL, "a file that can be read",
     "PEM file of certificate authorities to trust. Default: AWS_CA_BUNDLE, the profile; else the system's.",
     .field = FIELD(ca_bundle)},
    {"prefix", NULL, S3C_TYPE_STRING, BOTH, "", NULL,
     "Source: only keys that begin with it. Destination: the folder of the files it writes.",
     .field = FIELD(prefix)},
    {"memory.limit", "memoryLimit", S3C_TYPE_SIZE, BOTH, "64MiB", "1MiB or more",
     "Bytes of payloads and buffers under way. A larger object is carried alone.", .min = MIB,
     .max = EIB, .field = FIELD(memory_limit)},
    {"max-connections", "maxConnections", S3C_TYPE_INT, BOTH, "256", "1 to 4096",
     "Requests on the wire at once; connections are opened as needed.", .min = 1, .max = 4096,
     .field = FIELD(max_connections)},

    {"polling-period", "pollingPeriod", S3C_TYPE_DURATION, S3C_SOURCE, "1s",
     "more than 0, like 500ms or 1m", "A pass that looks for changes starts at most this often.",
     .min = 1, .field = FIELD(polling_period_ns)},
    {"settle", NULL, S3C_TYPE_DURATION, S3C_SOURCE, "2s", "whole seconds, 1s or more",
     "How long a second stays open before its changes are read.", .min = S3C_NS_PER_SEC,
     .unit = S3C_NS_PER_SEC, .field = FIELD(settle_sec)},
    {"object.max-bytes", "object.maxBytes", S3C_TYPE_SIZE, S3C_SOURCE, "64MiB", "1 or more",
     "Largest object that becomes a record; see object.too-large.", .min = 1, .max = EIB,
     .field = FIELD(object_max_bytes)},
    {"object.too-large", "object.tooLarge", S3C_TYPE_ENUM, S3C_SOURCE, "fail", "fail, skip",
     "What to do with an object beyond object.max-bytes; skip counts and logs it.",
     .field = FIELD(too_large)},
    {"object.archived", NULL, S3C_TYPE_ENUM, S3C_SOURCE, "fail", "fail, skip",
     "What to do with an object that must be restored from an archive first.",
     .field = FIELD(archived)},
    {"index.max-bytes", "index.maxBytes", S3C_TYPE_SIZE, S3C_SOURCE, "1GiB", "1MiB or more",
     "Largest index of the bucket's keys in memory.", .min = MIB, .max = EIB,
     .field = FIELD(index_max_bytes)},

    {"format", NULL, S3C_TYPE_ENUM, S3C_DESTINATION, NULL, "json, parquet", "Format of the files.",
     .required = true, .field = FIELD(format)},
    {"compression", NULL, S3C_TYPE_ENUM, S3C_DESTINATION, NULL, "none, gzip, zstd, snappy",
     "Compression of the files; snappy with parquet only. Default: none with json, zstd with parquet.",
     .field = FIELD(compression)},
    {"buffer-size", "bufferSize", S3C_TYPE_INT, S3C_DESTINATION, "1000", "1 to 100000",
     "Records in a file at most.", .min = 1, .max = 100000, .field = FIELD(buffer_size)},
    {"file.max-bytes", "file.maxBytes", S3C_TYPE_SIZE, S3C_DESTINATION, "64MiB", "0 (off) or more",
     "A file is closed when it has this many bytes.", .max = EIB, .field = FIELD(file_max_bytes)},
    {"file.max-age", "file.maxAge", S3C_TYPE_DURATION, S3C_DESTINATION, "10s", "0 (off) or more",
     "A file is closed when its oldest record has waited this long.",
     .field = FIELD(file_max_age_ns)},
    {"file.max-idle", "file.maxIdle", S3C_TYPE_DURATION, S3C_DESTINATION, "1s", "0 (off) or more",
     "A file is closed when no record has come for this long.", .field = FIELD(file_max_idle_ns)},
    {"part-size", "partSize", S3C_TYPE_SIZE, S3C_DESTINATION, "8MiB", "5MiB to 5GiB",
     "Size of the parts of a file that goes up while it is still being written.", .min = 5 * MIB,
     .max = 5 * GIB, .field = FIELD(part_size)},
    {"key.template", NULL, S3C_TYPE_STRING, S3C_DESTINATION, "{prefix}{name}",
     "text with fields, like {prefix}dt={record:%Y-%m-%d}/{name}",
     "Names of the files. Fields: {prefix}, {name}, {position}, {shard}, {time:FORMAT}; and {record:FORMAT}, {collection}, "
     "{metadata:NAME}, {payload:PATH}, which divide the records: one file has one value of each.",
     .field = FIELD(key_template)},
    {"write.once", NULL, S3C_TYPE_BOOL, S3C_DESTINATION, "false", BOOLEAN,
     "Name files by their first position and never write one twice: a replay from a file's border repeats nothing.",
     .field = FIELD(write_once)},
    {"parquet.columns", NULL, S3C_TYPE_ENUM, S3C_DESTINATION, "raw", "raw, typed",
     "raw: the payload is a column of bytes; typed: its fields are columns, from the schema of the record or the schema option.",
     .field = FIELD(columns)},
    {"schema", NULL, S3C_TYPE_PATH, S3C_DESTINATION, NULL, "a file that can be read",
     "Avro schema (JSON) of the payloads of records that name none; for parquet.columns typed.",
     .field = FIELD(schema_file)},
    {"shard.index", NULL, S3C_TYPE_INT, S3C_DESTINATION, "0", "0 or more",
     "Number of this instance: {shard} in key.template.", .max = INT32_MAX,
     .field = FIELD(shard_index)},

    {"sdk.batch.size", NULL, S3C_TYPE_INT, BOTH | PLUGIN, "0", "0 (off) or more",
     "Source: records in a message at most. Destination: the same as buffer-size; if both are set, the smaller one counts.",
     .field = FIELD(sdk_batch_size)},
    {"sdk.batch.delay", NULL, S3C_TYPE_DURATION, BOTH | PLUGIN, "0s", "0 (off) or more",
     "Source: a batch is sent when its first record has waited this long. Destination: the same as file.max-age; if both are set, the "
     "smaller one counts.",
     .field = FIELD(sdk_batch_delay_ns)},
    {"sdk.schema.extract.type", NULL, S3C_TYPE_ENUM, S3C_SOURCE | PLUGIN, "avro", "avro",
     "Type of the schemas that are made of structured data. Without effect: the source gives raw data.",
     .field = FIELD(sdk_extract_type)},
    {"sdk.schema.extract.payload.enabled", NULL, S3C_TYPE_BOOL, BOTH | PLUGIN, "true", BOOLEAN,
     "Destination: decode payloads whose schema the metadata names. Source: without effect, it gives raw data.",
     .field = FIELD(sdk_extract_payload)},
    {"sdk.schema.extract.payload.subject", NULL, S3C_TYPE_STRING, S3C_SOURCE | PLUGIN, "payload",
     NULL, "Subject of the payload's schema. Without effect: the source gives raw data.",
     .field = FIELD(sdk_payload_subject)},
    {"sdk.schema.extract.key.enabled", NULL, S3C_TYPE_BOOL, BOTH | PLUGIN, "true", BOOLEAN,
     "Destination: decode keys whose schema the metadata names. Source: without effect, it gives raw data.",
     .field = FIELD(sdk_extract_key)},
    {"sdk.schema.extract.key.subject", NULL, S3C_TYPE_STRING, S3C_SOURCE | PLUGIN, "key", NULL,
     "Subject of the key's schema. Without effect: the source gives raw data.",
     .field = FIELD(sdk_key_subject)},
    {"sdk.schema.context.enabled", NULL, S3C_TYPE_BOOL, S3C_SOURCE | PLUGIN, "true", BOOLEAN,
     "Whether subjects are put into a context. Without effect: the source gives raw data.",
     .field = FIELD(sdk_context)},
    {"sdk.schema.context.name", NULL, S3C_TYPE_STRING, S3C_SOURCE | PLUGIN, NULL, NULL,
     "Name of the subjects' context; the connector's id by default. Without effect: the source gives raw data.",
     .field = FIELD(sdk_context_name)},
    {"sdk.rate.perSecond", NULL, S3C_TYPE_FLOAT, S3C_DESTINATION | PLUGIN, "0", "0 (off) or more",
     "Records that are taken per second at most.", .field = FIELD(sdk_rate_per_second)},
    {"sdk.rate.burst", NULL, S3C_TYPE_INT, S3C_DESTINATION | PLUGIN, "0", "0 or more",
     "Records that may be taken at once when none came for a while; 0: as many as in a second, at least one.",
     .field = FIELD(sdk_rate_burst)},
    {"sdk.record.format", NULL, S3C_TYPE_ENUM, S3C_DESTINATION | PLUGIN, "opencdc/json",
     "opencdc/json, debezium/json, template",
     "Form of a record as one text. Checked, but without effect: format says what the files hold.",
     .field = FIELD(sdk_record_format)},
    {"sdk.record.format.options", NULL, S3C_TYPE_STRING, S3C_DESTINATION | PLUGIN, NULL, NULL,
     "Options of sdk.record.format: a template, or a list like a=b,c=d. Checked, but without effect.",
     .field = FIELD(sdk_record_options)},
};

#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

const struct s3c_option *s3c_options(size_t *ret_count)
{
    *ret_count = OPTION_COUNT;
    return options;
}

bool s3c_option_is_for(const struct s3c_option *o, unsigned sides)
{
    return (o->sides & sides & BOTH) != 0 && (!(o->sides & S3C_PLUGIN) || (sides & S3C_PLUGIN));
}

static bool is_called(const struct s3c_option *o, struct s3c_view name)
{
    static const size_t aws = sizeof("aws.") - 1;
    bool has_aws = s3c_view_starts(s3c_view_str(o->name), S3C_VIEW("aws."));

    if (s3c_view_eq_str(name, o->name) || (o->alias && s3c_view_eq_str(name, o->alias)))
        return true;
    return has_aws && (s3c_view_eq_str(name, o->name + aws) ||
                       (o->alias && s3c_view_eq_str(name, o->alias + aws)));
}

const struct s3c_option *s3c_option_find(struct s3c_view name, unsigned sides)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (s3c_option_is_for(&options[i], sides) && is_called(&options[i], name))
            return &options[i];
    return NULL;
}

static bool has_upper_case(struct s3c_view name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] >= 'A' && name.ptr[i] <= 'Z')
            return true;
    return false;
}

const char *s3c_option_nearest(struct s3c_view name, unsigned sides)
{
    bool camel = has_upper_case(name);
    struct s3c_nearest near;

    s3c_nearest_init(&near, name);
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const char *spelling = camel && options[i].alias ? options[i].alias : options[i].name;
        if (!s3c_option_is_for(&options[i], sides))
            continue;
        s3c_nearest_offer(&near, spelling);
        s3c_nearest_offer(&near, strncmp(spelling, "aws.", 4) == 0 ? spelling + 4 : NULL);
    }
    return near.best;
}

const char *s3c_option_type_name(enum s3c_option_type type)
{
    static const char *const names[] = {
        [S3C_TYPE_STRING] = "string",     [S3C_TYPE_INT] = "int",   [S3C_TYPE_BOOL] = "bool",
        [S3C_TYPE_DURATION] = "duration", [S3C_TYPE_SIZE] = "size", [S3C_TYPE_ENUM] = "enum",
        [S3C_TYPE_PATH] = "path",         [S3C_TYPE_URL] = "URL",   [S3C_TYPE_FLOAT] = "float",
    };
    return names[type];
}
