/* SPDX-License-Identifier: Apache-2.0 */
/* The destination with its PUTs: bench_dest RECORDS PAYLOAD_BYTES METADATA_ENTRIES NAME=VALUE ... */
#include "bench.h"

#include <stdlib.h>

#include "bench_records.h"
#include <s3c/destination.h>

enum { PER_FILE = 1000, ACKS = 1024 };

static uint64_t take_acks(struct s3c_destination *d, int timeout_ms, int *ret_code)
{
    struct s3c_ack acks[ACKS];
    struct s3c_error err;
    uint64_t taken = 0;
    size_t n = 0;

    while ((*ret_code = s3c_destination_acks(d, acks, ACKS, &n, timeout_ms, &err)) == 0) {
        for (size_t i = 0; i < n; i++)
            bench_check(acks[i].error ? acks[i].error->code : 0, acks[i].error, "ack");
        taken += n;
        timeout_ms = 0;
    }
    bench_check(*ret_code, &err, "acks");
    return taken;
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr,
                "usage: bench_dest RECORDS PAYLOAD_BYTES METADATA_ENTRIES NAME=VALUE ...\n");
        return 2;
    }
    uint64_t total = strtoull(argv[1], NULL, 10), payload = strtoull(argv[2], NULL, 10), acked = 0;
    struct s3c_record *records = bench_records_new(PER_FILE, payload, strtoull(argv[3], NULL, 10));
    struct s3c_config *c = bench_config(S3C_DESTINATION, argc - 4, argv + 4);
    struct s3c_destination *d = NULL;
    struct s3c_error err;
    int code = 0;

    bench_check(s3c_destination_open(&d, c, NULL, &err), &err, "open");
    bench_start();
    struct bench_usage before = bench_now();
    for (uint64_t done = 0; done < total;) {
        size_t at = done % PER_FILE, taken = 0, want = PER_FILE - at;
        int r = s3c_destination_write(d, records + at, want, &taken, &err);

        bench_check(r, &err, "write");
        done += taken;
        acked += take_acks(d, r == S3C_AGAIN ? -1 : 0, &code);
    }
    bench_check(s3c_destination_stop(d, -1, &err), &err, "stop");
    while (code != S3C_END)
        acked += take_acks(d, -1, &code);
    bench_print("dest", acked, acked * payload, bench_since(before, bench_now()), 0);
    s3c_destination_close(d);
    s3c_config_free(c);
    return 0;
}
