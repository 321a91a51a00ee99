/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parquet writer, from records as they arrive to finished bytes: bench_parquet RECORDS none|gzip|zstd|snappy [FILE]. The records are
 * those of bench_orders.h, made a batch at a time between the measurements, so that the process holds what a destination would.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "bench_orders.h"
#include "format/parquet.h"

enum { GROUP_BYTES = 16 << 20, BATCH = 1000 };

static enum s3c_codec codec_of(const char *name)
{
    static const char *const names[] = {"none", "gzip", "zstd", "snappy"};

    for (size_t i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum s3c_codec)i;
    fprintf(stderr, "%s: none, gzip, zstd or snappy\n", name);
    exit(2);
}

static void save(FILE *to, struct s3c_buf *part, uint64_t *size)
{
    if (to && fwrite(part->ptr, 1, part->len, to) != part->len) {
        perror("write");
        exit(1);
    }
    *size += part->len;
    s3c_buf_done(part);
}

/* As the destination does with a file that it streams: what is finished leaves. */
static void write_records(struct s3c_writer *w, const struct s3c_record *records, size_t n,
                          FILE *to, uint64_t *size)
{
    struct s3c_error err;
    struct s3c_buf part;

    for (size_t i = 0; i < n; i++)
        bench_check(w->ops->add(w, &records[i], &err), &err, "add");
    if (w->ops->ready(w) == 0)
        return;
    bench_check(w->ops->take(w, &part, &err), &err, "take");
    save(to, &part, size);
}

static void finish(struct s3c_writer *w, FILE *to, uint64_t *size)
{
    struct s3c_error err;
    struct s3c_buf rest;

    bench_check(w->ops->finish(w, &rest, &err), &err, "finish");
    save(to, &rest, size);
    if (to && fclose(to) != 0) {
        perror("close");
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: bench_parquet RECORDS none|gzip|zstd|snappy [FILE]\n");
        return 2;
    }
    size_t total = strtoull(argv[1], NULL, 10), left = total;
    struct s3c_parquet_options o = {codec_of(argv[2]), GROUP_BYTES};
    struct bench_orders *orders = bench_orders_new(BATCH);
    const struct s3c_record *records = bench_orders_next(orders);
    struct bench_usage used = {0}, before;
    FILE *to = argc == 4 ? fopen(argv[3], "wb") : NULL;
    struct s3c_format *f = NULL;
    struct s3c_writer *w = NULL;
    struct s3c_error err;
    uint64_t size = 0;

    bench_check(s3c_parquet_format_new(&f, &o, &err), &err, "format");
    bench_check(f->ops->open(f, records, &w, &err), &err, "writer");
    bench_start();
    for (; left > BATCH; left -= BATCH) {
        before = bench_now();
        write_records(w, records, BATCH, to, &size);
        used = bench_sum(used, bench_since(before, bench_now()));
        records = bench_orders_next(orders);
    }
    before = bench_now();
    write_records(w, records, left, to, &size);
    finish(w, to, &size);
    bench_print("parquet", total, size, bench_sum(used, bench_since(before, bench_now())), 0);
    w->ops->release(w);
    f->ops->release(f);
    return 0;
}
