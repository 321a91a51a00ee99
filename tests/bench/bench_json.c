/* SPDX-License-Identifier: Apache-2.0 */
/* JSON writer into a null sink: bench_json RECORDS PAYLOAD_BYTES METADATA_ENTRIES. Files of 1,000 records, as by default. */
#include "bench.h"

#include <stdlib.h>

#include "bench_records.h"
#include "format/json.h"

enum { PER_FILE = 1000 };

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: bench_json RECORDS PAYLOAD_BYTES METADATA_ENTRIES\n");
        return 2;
    }
    uint64_t total = strtoull(argv[1], NULL, 10), bytes = 0;
    struct s3c_record *records =
        bench_records_new(PER_FILE, strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    struct s3c_writer *w = NULL;
    struct s3c_error err;

    bench_check(s3c_json_writer_new(&w, &err), &err, "writer");
    bench_start();
    struct bench_usage before = bench_now();
    for (uint64_t done = 0; done < total; done += PER_FILE) {
        struct s3c_buf file;

        for (size_t i = 0; i < PER_FILE; i++)
            bench_check(w->ops->add(w, &records[i], &err), &err, "add");
        bench_check(w->ops->finish(w, &file, &err), &err, "finish");
        bytes += file.len;
        s3c_buf_done(&file);
    }
    bench_print("json", total, bytes, bench_since(before, bench_now()), 0);
    w->ops->release(w);
    return 0;
}
