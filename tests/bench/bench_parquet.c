/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parquet writer, from records as they arrive to finished bytes: bench_parquet RECORDS none|gzip|zstd|snappy [FILE]. The records are
 * those of bench_orders.h.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "bench_orders.h"
#include "format/parquet.h"

enum { GROUP_BYTES = 16 << 20 };

static enum s3c_codec codec_of(const char *name)
{
    static const char *const names[] = {"none", "gzip", "zstd", "snappy"};

    for (size_t i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return (enum s3c_codec)i;
    fprintf(stderr, "%s: none, gzip, zstd or snappy\n", name);
    exit(2);
}

static void save(const char *path, const struct s3c_buf *file)
{
    FILE *f = fopen(path, "wb");

    if (!f || fwrite(file->ptr, 1, file->len, f) != file->len || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4) {
        fprintf(stderr, "usage: bench_parquet RECORDS none|gzip|zstd|snappy [FILE]\n");
        return 2;
    }
    size_t total = strtoull(argv[1], NULL, 10);
    struct s3c_parquet_options o = {codec_of(argv[2]), GROUP_BYTES};
    struct s3c_record *records = bench_orders_new(total);
    struct s3c_writer *w = NULL;
    struct s3c_error err;
    struct s3c_buf file;

    bench_check(s3c_parquet_writer_new(&w, &o, &err), &err, "writer");
    bench_start();
    struct bench_usage before = bench_now();
    for (size_t i = 0; i < total; i++)
        bench_check(w->ops->add(w, &records[i], &err), &err, "add");
    bench_check(w->ops->finish(w, &file, &err), &err, "finish");
    bench_print("parquet", total, file.len, bench_since(before, bench_now()), 0);
    if (argc == 4)
        save(argv[3], &file);
    s3c_buf_done(&file);
    w->ops->release(w);
    return 0;
}
