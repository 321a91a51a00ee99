/* SPDX-License-Identifier: Apache-2.0 */
/* A finished configuration as the engine reads it: typed, validated, defaults applied. Filled by config/config.c from the table. */
#ifndef S3C_CONFIG_SETTINGS_H
#define S3C_CONFIG_SETTINGS_H

#include <s3c/config.h>
#include <s3c/schema.h>

#include "base/clock.h"
#include "record/template.h"

enum s3c_on_trouble { S3C_FAIL, S3C_SKIP };
enum s3c_file_format { S3C_FORMAT_JSON, S3C_FORMAT_PARQUET };
enum s3c_compression {
    S3C_COMPRESSION_NONE,
    S3C_COMPRESSION_GZIP,
    S3C_COMPRESSION_ZSTD,
    S3C_COMPRESSION_SNAPPY, /* parquet only */
};
enum s3c_columns { S3C_COLUMNS_RAW, S3C_COLUMNS_TYPED };
enum s3c_record_format { S3C_RECORD_OPENCDC, S3C_RECORD_DEBEZIUM, S3C_RECORD_TEMPLATE };
enum s3c_addressing { S3C_ADDRESSING_AUTO, S3C_ADDRESSING_PATH, S3C_ADDRESSING_VIRTUAL };

struct s3c_settings { /* strings: owned by the config, NULL when unset */
    const char *access_key_id, *secret_access_key,
        *session_token; /* options only; else the chain */
    const char *profile;
    const char *region, *bucket, *endpoint;
    enum s3c_addressing path_style;
    const char *ca_bundle;
    const char *prefix;   /* never NULL */
    int64_t memory_limit; /* bytes */
    int64_t max_connections;

    /* source */
    int64_t polling_period_ns;
    int64_t settle_sec;
    int64_t object_max_bytes;
    enum s3c_on_trouble too_large, archived;
    int64_t index_max_bytes;

    /* destination */
    enum s3c_file_format format;
    enum s3c_compression compression; /* with the default of the format taken into account */
    int64_t buffer_size;              /* records; with sdk.batch.size taken into account */
    int64_t file_max_bytes;           /* 0 = off */
    int64_t file_max_age_ns,
        file_max_idle_ns; /* 0 = off; age with sdk.batch.delay taken into account */
    int64_t part_size;
    const char *key_template; /* never NULL */
    const struct s3c_template *
        names; /* it, parsed with prefix and write_once (record/template.h); owned by the config, NULL in a source's */
    int write_once;                  /* 0 or 1 */
    enum s3c_columns columns;        /* parquet only */
    const char *schema_file;         /* NULL: none */
    const struct s3c_schema *schema; /* what is in it; the config's reference */
    int64_t shard_index;

    /* Conduit plugin: what the Go SDK's middleware has. Both sides first, then the source's, then the destination's. */
    int64_t sdk_batch_size, sdk_batch_delay_ns; /* 0 = off */
    int sdk_extract_payload, sdk_extract_key;   /* 0 or 1 */
    int sdk_extract_type;
    const char *sdk_payload_subject, *sdk_key_subject;
    int sdk_context;
    const char *sdk_context_name;
    double sdk_rate_per_second; /* 0 = off */
    int64_t sdk_rate_burst;
    enum s3c_record_format sdk_record_format;
    const char *sdk_record_options;
};

/* Appends a key like those of the destination's files, for people: "lake/dt=2026-11-23/<metadata:region>/<time>-<writer>-<number>.json.gz".
 * 0, S3C_E_NOMEM, S3C_E_TOO_LARGE. */
S3C_MUST_USE int s3c_settings_key_example(const struct s3c_settings *s, int64_t wall_ns,
                                          struct s3c_buf *out);

const struct s3c_settings *s3c_config_settings(const struct s3c_config *c);

#endif
