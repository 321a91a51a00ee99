/* SPDX-License-Identifier: Apache-2.0 */
/* The engine with a counting sink: bench_source NAME=VALUE ... reads a snapshot and says what it cost. */
#include "bench.h"

#include <s3c/source.h>

enum { BATCH = 256 };

int main(int argc, char **argv)
{
    struct s3c_config *c = bench_config(S3C_SOURCE, argc - 1, argv + 1);
    struct s3c_source_options o = {.snapshot_only = true};
    struct s3c_source *s = NULL;
    struct s3c_record records[BATCH];
    struct s3c_error err;
    uint64_t units = 0, bytes = 0;
    double first_ms = 0;

    bench_start();
    bench_check(s3c_source_open(&s, c, &o, &err), &err, "open");
    for (;;) {
        size_t n = 0;
        int r = s3c_source_read(s, records, BATCH, &n, -1, &err);

        bench_check(r, &err, "read");
        if (r == S3C_END)
            break;
        if (units == 0 && n > 0)
            first_ms = bench_now().wall_sec * 1e3;
        units += n;
        for (size_t i = 0; i < n; i++)
            bytes += records[i].after.bytes.len;
    }
    struct s3c_source_stats stats;
    s3c_source_get_stats(s, &stats);
    fprintf(stderr, "index_bytes=%llu requests=%llu\n", (unsigned long long)stats.index_bytes,
            (unsigned long long)stats.requests);
    s3c_source_close(s);
    s3c_config_free(c);
    bench_print("source", units, bytes, bench_now(), first_ms);
    return 0;
}
