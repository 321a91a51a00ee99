/* SPDX-License-Identifier: Apache-2.0 */
/* Listing alone: bench_list versions|objects NAME=VALUE ... walks the whole bucket and says what a key cost. */
#include "bench.h"

#include <string.h>

#include "s3/list.h"
#include "session/session.h"

/* The next entry, after waiting for its page where it has not come yet. */
static int next_entry(struct s3c_lister *l, struct s3c_inbox *inbox, struct s3c_list_entry *ret,
                      struct s3c_error *err)
{
    int r;

    while ((r = s3c_lister_next(l, ret, err)) == S3C_AGAIN)
        for (struct s3c_call *c = s3c_inbox_take(inbox, -1, NULL), *next; c; c = next) {
            next = c->next;
            s3c_lister_feed(l, c);
        }
    return r;
}

int main(int argc, char **argv)
{
    struct s3c_session session = {0};
    struct s3c_list_entry e;
    struct s3c_lister *l = NULL;
    struct s3c_inbox *inbox = NULL;
    struct s3c_error err;
    uint64_t units = 0, key_bytes = 0;

    if (argc < 2) {
        fprintf(stderr, "usage: bench_list versions|objects NAME=VALUE ...\n");
        return 2;
    }
    struct s3c_config *c = bench_config(S3C_SOURCE, argc - 2, argv + 2);
    bench_start();
    bench_check(s3c_session_init(&session, c, NULL, &err), &err, "session");
    bench_check(s3c_inbox_new(&inbox, &err), &err, "inbox");
    struct s3c_lister_options o = {.versions = strcmp(argv[1], "versions") == 0, .inbox = inbox};
    bench_check(s3c_lister_new(&l, session.client, &o, &err), &err, "lister");
    for (;;) {
        int r = next_entry(l, inbox, &e, &err);

        bench_check(r, &err, "list");
        if (r == S3C_END)
            break;
        units++;
        key_bytes += e.key.len;
    }
    struct bench_usage u = bench_now();
    s3c_lister_free(l);
    s3c_session_done(&session);
    s3c_inbox_free(inbox);
    s3c_config_free(c);
    bench_print("list", units, key_bytes, u, 0);
    return 0;
}
