/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON writer into a null sink: bench_json RECORDS orders|PAYLOAD_BYTES METADATA_ENTRIES [none|gzip|zstd [RECORDS_PER_FILE]]. Files of
 * 1,000 records, as by default. `bytes` is the size of the files, `text` that of the JSON before it was compressed.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "bench_orders.h"
#include "bench_records.h"
#include "format/json.h"
#include "format/json_compressed.h"

enum { PER_FILE = 1000 };

static struct s3c_format *new_format(const char *codec)
{
    struct s3c_format *f = NULL;
    struct s3c_error err;
    int r = S3C_E_INVALID;

    if (strcmp(codec, "none") == 0)
        r = s3c_json_format_new(&f, &err);
    else if (strcmp(codec, "gzip") == 0)
        r = s3c_json_compressed_format_new(&f, S3C_CODEC_GZIP, &err);
    else if (strcmp(codec, "zstd") == 0)
        r = s3c_json_compressed_format_new(&f, S3C_CODEC_ZSTD, &err);
    else
        (void)snprintf(err.message, sizeof(err.message), "%s: none, gzip or zstd", codec);
    bench_check(r, &err, "format");
    return f;
}

/* The file's size. */
static size_t write_file(struct s3c_writer *w, const struct s3c_record *records, size_t count)
{
    struct s3c_error err;
    struct s3c_buf file;
    size_t n;

    for (size_t i = 0; i < count; i++)
        bench_check(w->ops->add(w, &records[i], &err), &err, "add");
    bench_check(w->ops->finish(w, &file, &err), &err, "finish");
    n = file.len;
    s3c_buf_done(&file);
    return n;
}

static size_t text_size(const struct s3c_record *records, size_t count)
{
    struct s3c_writer *w = NULL;
    struct s3c_format *f = new_format("none");
    struct s3c_error err;
    size_t n;

    bench_check(f->ops->open(f, records, &w, &err), &err, "writer");
    n = write_file(w, records, count);
    w->ops->release(w);
    f->ops->release(f);
    return n;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 6) {
        fprintf(stderr, "usage: bench_json RECORDS orders|PAYLOAD_BYTES METADATA_ENTRIES "
                        "[none|gzip|zstd [RECORDS_PER_FILE]]\n");
        return 2;
    }
    uint64_t total = strtoull(argv[1], NULL, 10), bytes = 0, done = 0;
    size_t per_file = argc > 5 ? strtoull(argv[5], NULL, 10) : PER_FILE;
    const struct s3c_record *records =
        strcmp(argv[2], "orders") == 0
            ? bench_orders_next(bench_orders_new(per_file))
            : bench_records_new(per_file, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    size_t text = text_size(records, per_file);
    struct s3c_format *f = new_format(argc > 4 ? argv[4] : "none");
    struct s3c_writer *w = NULL;
    struct s3c_error err;

    bench_check(f->ops->open(f, records, &w, &err), &err, "writer");
    bench_start();
    struct bench_usage before = bench_now();
    for (; done < total; done += per_file)
        bytes += write_file(w, records, per_file);
    struct bench_usage used = bench_since(before, bench_now());
    w->ops->release(w);
    f->ops->release(f);
    printf("{\"what\":\"json\",\"units\":%llu,\"bytes\":%llu,\"text\":%llu,\"cpu_sec\":%.6f}\n",
           (unsigned long long)done, (unsigned long long)bytes,
           (unsigned long long)(text * (done / per_file)), used.cpu_sec);
    return 0;
}
