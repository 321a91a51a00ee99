/* SPDX-License-Identifier: Apache-2.0 */
#include "bench_orders.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/view.h"

enum { ORDER_BYTES = 320, ENTRIES = 3 };

struct bench_orders {
    size_t batch, made;
    uint64_t random;
    struct s3c_record *records;
    struct s3c_metadata *metadata;
    char *text;
};

static const char *const words[32] = {
    "alpha",  "order",  "river",  "stone",  "blue",   "queue",  "kernel", "packet",
    "market", "window", "yellow", "garden", "signal", "copper", "forest", "orange",
    "silver", "planet", "button", "mirror", "rocket", "bridge", "castle", "dragon",
    "engine", "falcon", "guitar", "hammer", "island", "jacket", "kitten", "ladder"};
static const char *const states[6] = {"new", "paid", "packed", "shipped", "delivered", "returned"};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static struct s3c_view put_position(char *dst, size_t i)
{
    int n = snprintf(dst, 64, "{\"lsn\":%012zu,\"off\":%07zu,\"p\":%04u}", 1000000000 + i * 137,
                     i % 10000000, (unsigned)(i % 16));

    return (struct s3c_view){dst, (size_t)n};
}

static struct s3c_view put_payload(char *dst, size_t i, uint64_t *state)
{
    uint64_t z = next_random(state);
    int n = snprintf(
        dst, 200,
        "{\"id\":%zu,\"name\":\"%s %s\",\"email\":\"%s%u@example.com\",\"amount\":%u.%02u,"
        "\"status\":\"%s\",\"at\":\"2026-%02u-%02uT%02u:%02u:%02u.%03uZ\",\"note\":\"",
        i, words[z & 31], words[z >> 5 & 31], words[z >> 10 & 31], (unsigned)(z >> 15 & 0xffff),
        (unsigned)((z >> 31) % 9000), (unsigned)((z >> 45) % 100), states[(z >> 52) % 6],
        (unsigned)(1 + z % 12), (unsigned)(1 + (z >> 4) % 28), (unsigned)((z >> 8) % 24),
        (unsigned)((z >> 13) % 60), (unsigned)((z >> 19) % 60), (unsigned)((z >> 25) % 1000));

    while (n < 198)
        n += snprintf(dst + n, (size_t)(199 - n), "%s ", words[next_random(state) & 31]);
    if (n > 198)
        n = 198;
    dst[n++] = '"';
    dst[n++] = '}';
    return (struct s3c_view){dst, (size_t)n};
}

static enum s3c_operation pick_operation(uint64_t *state)
{
    uint64_t o = next_random(state) % 20;

    return o < 10   ? S3C_OP_CREATE
           : o < 17 ? S3C_OP_UPDATE
           : o < 18 ? S3C_OP_DELETE
                    : S3C_OP_SNAPSHOT;
}

static void fill(struct s3c_record *r, struct s3c_metadata *m, char *text, size_t i,
                 uint64_t *state)
{
    uint64_t a = next_random(state), b = next_random(state);

    m[0] = (struct s3c_metadata){S3C_VIEW("opencdc.collection"), S3C_VIEW("public.orders")};
    (void)snprintf(text, 32, "%llu", 1767225600000000000ull + i * 1000003ull + (a & 0xfff));
    m[1] = (struct s3c_metadata){S3C_VIEW("opencdc.createdAt"), {text, 19}};
    m[2] = (struct s3c_metadata){S3C_VIEW("opencdc.version"), S3C_VIEW("v1")};
    (void)snprintf(text + 20, 33, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
    *r = (struct s3c_record){.operation = pick_operation(state),
                             .position = put_position(text + 56, i),
                             .metadata = m,
                             .metadata_count = ENTRIES,
                             .key = {S3C_DATA_RAW, {text + 20, 32}},
                             .after = {S3C_DATA_RAW, put_payload(text + 120, i, state)}};
}

struct bench_orders *bench_orders_new(size_t batch)
{
    struct bench_orders *o = calloc(1, sizeof *o);

    if (!o)
        exit(1);
    *o = (struct bench_orders){
        .batch = batch,
        .random = 88172645463325252ull,
        .records = calloc(batch + 1, sizeof *o->records),
        .metadata = calloc(batch + 1, ENTRIES * sizeof *o->metadata),
        .text = malloc((batch + 1) * ORDER_BYTES),
    };
    if (!o->records || !o->metadata || !o->text)
        exit(1);
    return o;
}

const struct s3c_record *bench_orders_next(struct bench_orders *o)
{
    for (size_t i = 0; i < o->batch; i++)
        fill(&o->records[i], o->metadata + i * ENTRIES, o->text + i * ORDER_BYTES, o->made++,
             &o->random);
    return o->records;
}
