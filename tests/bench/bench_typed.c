/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Typed Parquet, from records as they arrive to finished bytes: bench_typed RECORDS none|gzip|zstd|snappy avro|json [FILE]. Payloads of 20 fields of all
 * kinds, as Avro data or as JSON texts, made a batch at a time between the measurements.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "avro/to_json.h"
#include "base/view.h"
#include "format/parquet_typed.h"

enum { GROUP_BYTES = 16 << 20, BATCH = 200, DATUM_MAX = 400, TEXT_MAX = 1200, ENTRIES = 3 };

static const struct {
    const char *name, *type;
} fields[20] = {
    {"id", "\"long\""},
    {"customer", "\"long\""},
    {"name", "\"string\""},
    {"email", "\"string\""},
    {"country", "\"string\""},
    {"status", "{\"type\":\"enum\",\"name\":\"Status\",\"symbols\":[\"new\",\"paid\",\"packed\","
               "\"shipped\",\"delivered\",\"returned\"]}"},
    {"amount", "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":12,\"scale\":2}"},
    {"tax", "\"double\""},
    {"discount", "[\"null\",\"double\"]"},
    {"weight", "\"float\""},
    {"quantity", "\"int\""},
    {"priority", "[\"null\",\"int\"]"},
    {"paid", "\"boolean\""},
    {"gift", "[\"null\",\"boolean\"]"},
    {"created", "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"},
    {"updated", "[\"null\",{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}]"},
    {"day", "{\"type\":\"int\",\"logicalType\":\"date\"}"},
    {"session", "{\"type\":\"string\",\"logicalType\":\"uuid\"}"},
    {"token", "\"bytes\""},
    {"note", "[\"null\",\"string\"]"},
};
static const char *const words[16] = {"alpha",  "order",  "river",  "stone",  "blue",   "queue",
                                      "kernel", "market", "window", "yellow", "garden", "signal",
                                      "copper", "forest", "orange", "silver"};
static const char *const countries[8] = {"DE", "FR", "IT", "ES", "PL", "NL", "AT", "DK"};

struct row {
    struct s3c_metadata metadata[ENTRIES];
    char datum[DATUM_MAX], text[160];
    char json[TEXT_MAX];
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* ---- Avro ---- */

static char *put_long(char *p, int64_t v)
{
    uint64_t left = (uint64_t)v << 1 ^ (uint64_t)(v >> 63);

    for (; left >= 0x80; left >>= 7)
        *p++ = (char)(left | 0x80);
    *p++ = (char)left;
    return p;
}

static char *put_bytes(char *p, const void *bytes, size_t n)
{
    p = put_long(p, (int64_t)n);
    memcpy(p, bytes, n);
    return p + n;
}

static char *put_raw(char *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    return p + n;
}

static char *put_text(char *p, const char *text)
{
    return put_bytes(p, text, strlen(text));
}

static char *put_decimal(char *p, uint32_t cents)
{
    const unsigned char be[5] = {0, (unsigned char)(cents >> 24), (unsigned char)(cents >> 16),
                                 (unsigned char)(cents >> 8), (unsigned char)cents};

    return put_bytes(p, be, sizeof(be));
}

/* The first twelve fields. */
static char *put_order(char *p, size_t i, uint64_t z)
{
    char text[64];
    double tax = (double)(z % 2500) / 100, discount = (double)(z % 64) / 4;
    float weight = (float)(z % 40000) / 8;

    p = put_long(p, (int64_t)i);
    p = put_long(p, (int64_t)(z % 100000));
    (void)snprintf(text, sizeof(text), "%s %s", words[z & 15], words[z >> 4 & 15]);
    p = put_text(p, text);
    (void)snprintf(text, sizeof(text), "%s%u@example.com", words[z >> 8 & 15],
                   (unsigned)(z >> 12 & 0xffff));
    p = put_text(p, text);
    p = put_text(p, countries[z >> 28 & 7]);
    p = put_long(p, (int64_t)((z >> 31) % 6));
    p = put_decimal(p, (uint32_t)(z >> 34) % 10000000);
    p = put_raw(p, &tax, sizeof(tax));
    *p++ = z % 4 ? 0 : 2;
    if (z % 4 == 0)
        p = put_raw(p, &discount, sizeof(discount));
    p = put_raw(p, &weight, sizeof(weight));
    p = put_long(p, (int64_t)(1 + (z >> 40) % 20));
    *p++ = z % 5 ? 2 : 0;
    return z % 5 ? put_long(p, (int64_t)((z >> 44) % 10)) : p;
}

static char *put_rest(char *p, size_t i, uint64_t z, uint64_t y)
{
    int64_t at = INT64_C(1767225600000000) + (int64_t)i * 1003 + (int64_t)(z & 0xff);
    char text[80];

    *p++ = (char)(z >> 50 & 1);
    *p++ = z >> 51 & 1 ? 2 : 0;
    if (z >> 51 & 1)
        *p++ = (char)(z >> 52 & 1);
    p = put_long(p, at);
    *p++ = z >> 53 & 1 ? 2 : 0;
    if (z >> 53 & 1)
        p = put_long(p, at / 1000 + (int64_t)(y & 0xffff));
    p = put_long(p, at / 86400000000);
    (void)snprintf(text, sizeof(text), "%08x-%04x-4%03x-8%03x-%012llx", (unsigned)y,
                   (unsigned)(y >> 32 & 0xffff), (unsigned)(y >> 48 & 0xfff), (unsigned)(z & 0xfff),
                   (unsigned long long)(z >> 16));
    p = put_text(p, text);
    p = put_bytes(p, &y, sizeof(y));
    *p++ = y % 3 ? 2 : 0;
    (void)snprintf(text, sizeof(text), "%s %s %s %s", words[y >> 4 & 15], words[y >> 8 & 15],
                   words[y >> 12 & 15], words[y >> 16 & 15]);
    return y % 3 ? put_text(p, text) : p;
}

/* ---- records ---- */

static void fill(struct s3c_record *r, struct row *row, size_t i, uint64_t *state,
                 const struct s3c_schema *schema)
{
    uint64_t z = next_random(state), y = next_random(state);
    char *end = put_rest(put_order(row->datum, i, z), i, z, y);
    int n = snprintf(row->text, 64, "%llu", 1767225600000000000ull + i * 1000003ull);

    row->metadata[0] =
        (struct s3c_metadata){S3C_VIEW("opencdc.collection"), S3C_VIEW("public.orders")};
    row->metadata[1] = (struct s3c_metadata){S3C_VIEW("opencdc.createdAt"), {row->text, (size_t)n}};
    row->metadata[2] = (struct s3c_metadata){S3C_VIEW("opencdc.version"), S3C_VIEW("v1")};
    n = snprintf(row->text + 64, 64, "{\"lsn\":%012zu}", 1000000000 + i * 137);
    (void)snprintf(row->text + 128, 32, "%016llx", (unsigned long long)y);
    *r = (struct s3c_record){.operation = S3C_OP_CREATE,
                             .position = {row->text + 64, (size_t)n},
                             .metadata = row->metadata,
                             .metadata_count = ENTRIES,
                             .key = {S3C_DATA_RAW, {row->text + 128, 16}},
                             .after = {S3C_DATA_AVRO, {row->datum, (size_t)(end - row->datum)}},
                             .schema = schema};
}

static void make_json(struct s3c_record *r, struct row *row, struct json_out *out)
{
    struct s3c_error err;

    json_out_reset(out);
    bench_check(avro_to_json(out, r->schema, r->after.bytes, &err), &err, "to JSON");
    memcpy(row->json, out->text.ptr, out->text.len);
    r->after = (struct s3c_data){S3C_DATA_STRUCTURED, {row->json, out->text.len}};
}

static struct s3c_schema *parse_schema(void)
{
    struct s3c_schema *schema = NULL;
    struct s3c_error err;
    char text[2000];
    int n = snprintf(text, sizeof(text), "{\"type\":\"record\",\"name\":\"Order\",\"fields\":[");

    for (size_t i = 0; i < 20; i++)
        n += snprintf(text + n, sizeof(text) - (size_t)n, "%s{\"name\":\"%s\",\"type\":%s}",
                      i > 0 ? "," : "", fields[i].name, fields[i].type);
    n += snprintf(text + n, sizeof(text) - (size_t)n, "]}");
    bench_check(s3c_schema_parse(&schema, (struct s3c_view){text, (size_t)n}, &err), &err,
                "schema");
    return schema;
}

struct rows {
    struct row *rows;
    struct s3c_record *records;
    const struct s3c_schema *schema;
    struct json_out *json; /* NULL: Avro */
    uint64_t random;
    size_t made;
};

static void make_batch(struct rows *b)
{
    for (size_t i = 0; i < BATCH; i++) {
        fill(&b->records[i], &b->rows[i], b->made++, &b->random, b->schema);
        if (b->json)
            make_json(&b->records[i], &b->rows[i], b->json);
    }
}

/* ---- the file ---- */

static enum s3c_codec codec_of(const char *name)
{
    static const char *const names[] = {"none", "gzip", "zstd", "snappy"};

    for (size_t i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum s3c_codec)i;
    fprintf(stderr, "%s: none, gzip, zstd or snappy\n", name);
    exit(2);
}

static uint64_t save(FILE *to, struct s3c_buf *part)
{
    uint64_t n = part->len;

    if (to && fwrite(part->ptr, 1, part->len, to) != part->len) {
        perror("write");
        exit(1);
    }
    s3c_buf_done(part);
    return n;
}

static uint64_t write_records(struct s3c_writer *w, const struct s3c_record *records, size_t n,
                              FILE *to)
{
    struct s3c_error err;
    struct s3c_buf part;

    for (size_t i = 0; i < n; i++)
        bench_check(w->ops->add(w, &records[i], &err), &err, "add");
    if (w->ops->ready(w) == 0)
        return 0;
    bench_check(w->ops->take(w, &part, &err), &err, "take");
    return save(to, &part);
}

int main(int argc, char **argv)
{
    if (argc != 4 && argc != 5) {
        fprintf(stderr, "usage: bench_typed RECORDS none|gzip|zstd|snappy avro|json [FILE]\n");
        return 2;
    }
    size_t total = strtoull(argv[1], NULL, 10), left = total;
    struct s3c_parquet_options o = {codec_of(argv[2]), GROUP_BYTES};
    struct json_out json = JSON_OUT_INIT(TEXT_MAX);
    struct rows b = {.rows = calloc(BATCH, sizeof(*b.rows)),
                     .records = calloc(BATCH, sizeof(*b.records)),
                     .json = strcmp(argv[3], "json") == 0 ? &json : NULL,
                     .random = 88172645463325252ull};
    struct bench_usage used = {0}, before;
    FILE *to = argc == 5 ? fopen(argv[4], "wb") : NULL;
    struct s3c_schema *schema = parse_schema();
    struct s3c_format *f = NULL;
    struct s3c_writer *w = NULL;
    struct s3c_buf rest;
    struct s3c_error err;
    uint64_t size = 0;

    b.schema = schema;
    bench_check(s3c_parquet_typed_format_new(&f, &o, schema, &err), &err, "format");
    make_batch(&b);
    bench_check(f->ops->open(f, b.records, &w, &err), &err, "writer");
    bench_start();
    for (size_t n; left > 0; left -= n) {
        n = left < BATCH ? left : BATCH;
        before = bench_now();
        size += write_records(w, b.records, n, to);
        used = bench_sum(used, bench_since(before, bench_now()));
        make_batch(&b);
    }
    before = bench_now();
    bench_check(w->ops->finish(w, &rest, &err), &err, "finish");
    size += save(to, &rest);
    bench_print("typed", total, size, bench_sum(used, bench_since(before, bench_now())), 0);
    if (to && fclose(to) != 0) {
        perror("close");
        return 1;
    }
    w->ops->release(w);
    f->ops->release(f);
    s3c_schema_unref(schema);
    return 0;
}
