/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct s3c_view text(const char *s)
{
    return (struct s3c_view){s, strlen(s)};
}

/* What a record of a real stream carries: the first FEW are what any Conduit source sends, all of them what this source sends. */
static const char *const metadata_text[BENCH_METADATA_MAX][2] = {
    {"opencdc.collection", "orders"},
    {"opencdc.createdAt", "1795442400000000000"},
    {"opencdc.readAt", "1795442401234567890"},
    {"opencdc.version", "v1"},
    {"s3.bucket", "orders"},
    {"s3.etag", "9b2cf535f27731c974343645a3985328"},
    {"s3.header.contentType", "application/json"},
    {"s3.isLatest", "true"},
    {"s3.lastModified", "2026-11-23T10:00:00Z"},
    {"s3.size", "1024"},
    {"s3.versionId", "3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY"},
};

/* JSON text, as the published workloads use: every line has quotes to escape. */
static void fill_payload(char *dst, size_t size, unsigned i)
{
    size_t n = (size_t)snprintf(
        dst, size, "{\"id\":1%07u,\"name\":\"user-%06u\",\"email\":\"u%u@example.com\",\"note\":\"",
        i, i, i);

    if (n >= size - 2)
        n = size - 3;
    memset(dst + n, 'x', size - n);
    dst[size - 2] = '"';
    dst[size - 1] = '}';
}

struct s3c_record *bench_records_new(size_t count, size_t payload_size, size_t metadata_count)
{
    struct s3c_metadata *metadata = calloc(BENCH_METADATA_MAX, sizeof *metadata);
    struct s3c_record *records = calloc(count, sizeof *records);
    char *payloads = malloc(count * payload_size);
    char(*keys)[40] = calloc(count, sizeof *keys);

    if (!metadata || !records || !payloads || !keys)
        exit(1);
    for (size_t i = 0; i < BENCH_METADATA_MAX; i++) {
        metadata[i].name = text(metadata_text[i][0]);
        metadata[i].value = text(metadata_text[i][1]);
    }
    for (size_t i = 0; i < count; i++) {
        fill_payload(payloads + i * payload_size, payload_size, (unsigned)i);
        snprintf(keys[i], sizeof keys[i], "key/%08zu_c1795442400", i);
        records[i] = (struct s3c_record){
            .operation = S3C_OP_CREATE,
            .position = text(keys[i]),
            .metadata = metadata,
            .metadata_count = metadata_count,
            .key = {S3C_DATA_RAW, {keys[i], 12}},
            .after = {S3C_DATA_RAW, {payloads + i * payload_size, payload_size}},
        };
    }
    return records;
}
