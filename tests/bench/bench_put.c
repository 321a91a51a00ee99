/* SPDX-License-Identifier: Apache-2.0 */
/* The S3 work of a destination alone, hashing and sending finished files: bench_put FILES BYTES NAME=VALUE ... */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include "dest/upload.h"
#include "session/session.h"

enum { AT_ONCE = 4 }; /* as many as a destination has under way when records keep coming */

struct file {
    struct s3c_delivery delivery; /* first: the sink gives it back */
    char key[32];
    char *body;
};

static void put(struct s3c_sink *sink, struct file *f, uint64_t number, size_t bytes)
{
    struct s3c_error err;

    (void)snprintf(f->key, sizeof(f->key), "put/%06llu", (unsigned long long)number);
    f->delivery = (struct s3c_delivery){.key = {f->key, strlen(f->key)},
                                        .body = {f->body, bytes},
                                        .content_type = "application/json"};
    bench_check(sink->ops->put(sink, &f->delivery, &err), &err, "put");
}

static void put_all(struct s3c_sink *sink, uint64_t files, size_t bytes)
{
    struct file slots[AT_ONCE];
    uint64_t begun = 0, done = 0;

    for (; begun < AT_ONCE && begun < files; begun++) {
        slots[begun].body = malloc(bytes);
        if (!slots[begun].body)
            exit(1);
        memset(slots[begun].body, 'x', bytes);
        put(sink, &slots[begun], begun, bytes);
    }
    while (done < files) {
        struct s3c_delivery *d = sink->ops->take(sink, -1, NULL), *next;

        for (; d; d = next, done++) {
            next = d->next;
            bench_check(d->result, &d->error, "put");
            if (begun < files)
                put(sink, (struct file *)d, begun++, bytes);
        }
    }
    for (size_t i = 0; i < AT_ONCE && i < files; i++)
        free(slots[i].body);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: bench_put FILES BYTES NAME=VALUE ...\n");
        return 2;
    }
    uint64_t files = strtoull(argv[1], NULL, 10);
    size_t bytes = strtoull(argv[2], NULL, 10);
    struct s3c_config *c = bench_config(S3C_DESTINATION, argc - 3, argv + 3);
    struct s3c_session session = {0};
    struct s3c_sink *sink = NULL;
    struct s3c_error err;

    bench_check(s3c_session_init(&session, c, NULL, &err), &err, "session");
    bench_check(s3c_session_check_bucket(&session, &err), &err, "bucket");
    struct s3c_upload_options o = {session.client, session.clock, S3C_PUT_MAX, S3C_PUT_MAX};
    bench_check(s3c_upload_sink_new(&sink, &o, &err), &err, "sink");
    bench_start();
    struct bench_usage before = bench_now();
    put_all(sink, files, bytes);
    bench_print("put", files, files * bytes, bench_since(before, bench_now()), 0);
    sink->ops->release(sink);
    s3c_session_done(&session);
    s3c_config_free(c);
    return 0;
}
