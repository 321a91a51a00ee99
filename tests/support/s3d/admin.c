/* SPDX-License-Identifier: Apache-2.0 */
/* Administration: "/_s3d/...", unsigned, form text in (body or query), JSON out. README.md describes each command. */
#include "server.h"
#include "text.h"

#include <sys/resource.h>

struct admin {
    struct s3d *s;
    struct s3d_reply *r;
    struct s3d_pair *pair;
    unsigned n;
};

static struct s3c_view value(const struct admin *a, const char *name)
{
    for (unsigned i = 0; i < a->n; i++) {
        if (s3c_view_eq_str(a->pair[i].name, name))
            return a->pair[i].value;
    }
    return (struct s3c_view){NULL, 0};
}

static void refuse(struct admin *a, const char *problem, struct s3c_view name)
{
    a->r->status = 400;
    s3c_buf_clear(&a->r->body);
    S3D_PUT(&a->r->body, "{\"error\":");
    s3d_put_json(&a->r->body, s3c_view_str(problem));
    S3D_PUT(&a->r->body, ",\"name\":");
    s3d_put_json(&a->r->body, name);
    S3D_PUT(&a->r->body, "}\n");
}

static void add_fault(struct admin *a)
{
    const char *problem;
    struct s3c_view name;
    unsigned id = s3d_faults_add(&a->s->faults, a->pair, a->n, &problem, &name);

    if (id)
        s3d_putf(&a->r->body, "{\"id\":%u}\n", id);
    else
        refuse(a, problem, name);
}

static void list_faults(struct admin *a)
{
    s3d_faults_json(&a->s->faults, &a->r->body);
}

static void clear_faults(struct admin *a)
{
    s3d_faults_clear(&a->s->faults);
    S3D_PUT(&a->r->body, "{}\n");
}

static void get_clock(struct admin *a)
{
    s3d_putf(&a->r->body, "{\"virtual\":%s,\"now_ns\":%lld}\n",
             a->s->clock.is_virtual ? "true" : "false", (long long)s3d_clock_now(&a->s->clock));
}

/* set-ns=N, or advance=DURATION (negative: back). */
static void set_clock(struct admin *a)
{
    struct s3c_view set = value(a, "set-ns"), advance = value(a, "advance");
    int64_t ns = 0, by = 0;

    if (!a->s->clock.is_virtual) {
        refuse(a, "the clock is real: start s3d with --clock virtual", S3C_VIEW("clock"));
        return;
    }
    ns = a->s->clock.virtual_ns;
    if ((set.ptr && s3c_view_i64(set, &ns) < 0) ||
        (advance.ptr && s3c_duration_parse(advance, &by) < 0)) {
        refuse(a, "not a number of ns, or not a duration", set.ptr ? set : advance);
        return;
    }
    a->s->clock.virtual_ns = ns + by;
    get_clock(a);
}

static void get_stats(struct admin *a)
{
    const struct s3d_stats *t = &a->s->stats;
    struct s3c_buf *b = &a->r->body;
    struct rusage use;
    uint64_t all = 0;

    (void)getrusage(RUSAGE_SELF, &use);
    S3D_PUT(b, "{\"requests\":{");
    for (unsigned op = 0; op < S3D_OP_COUNT; op++) {
        s3d_putf(b, "%s\"%s\":%llu", op ? "," : "", s3d_op_name((enum s3d_op)op),
                 (unsigned long long)t->requests[op]);
        all += t->requests[op];
    }
    s3d_putf(
        b,
        "},\"total\":%llu,\"faults\":%llu,\"bytes_in\":%llu,\"bytes_out\":%llu,\"connections\":%llu,",
        (unsigned long long)all, (unsigned long long)t->faults, (unsigned long long)t->bytes_in,
        (unsigned long long)t->bytes_out, (unsigned long long)t->connections);
    s3d_putf(b, "\"cpu_user_us\":%llu,\"cpu_system_us\":%llu,\"max_rss_kib\":%ld}\n",
             (unsigned long long)use.ru_utime.tv_sec * 1000000 +
                 (unsigned long long)use.ru_utime.tv_usec,
             (unsigned long long)use.ru_stime.tv_sec * 1000000 +
                 (unsigned long long)use.ru_stime.tv_usec,
             use.ru_maxrss);
}

static void clear_stats(struct admin *a)
{
    a->s->stats = (struct s3d_stats){.connections = 0};
    S3D_PUT(&a->r->body, "{}\n");
}

static void set_latency(struct admin *a)
{
    struct s3c_view text = value(a, "latency");

    if (s3d_latency_parse(text, &a->s->opt.latency))
        S3D_PUT(&a->r->body, "{}\n");
    else
        refuse(a, "not P50 or P50,P99", text);
}

/* name=..., on=0 or 1 (default). */
static void set_quirk(struct admin *a)
{
    enum s3d_quirk q = s3d_quirk_by_name(value(a, "name"));

    if (q == S3D_QUIRK_COUNT) {
        refuse(a, "no such quirk", value(a, "name"));
        return;
    }
    a->s->opt.quirks &= ~(1u << q);
    if (!s3c_view_eq_str(value(a, "on"), "0"))
        a->s->opt.quirks |= 1u << q;
    S3D_PUT(&a->r->body, "{}\n");
}

/* Faults, latency and quirks as after the start; buckets, clock and counts stay. */
static void be_good(struct admin *a)
{
    a->s->opt.latency = a->s->initial.latency;
    a->s->opt.quirks = a->s->initial.quirks;
    clear_faults(a);
}

/* Everything as after the start but the clock. */
static void reset(struct admin *a)
{
    a->s->stats = (struct s3d_stats){.connections = 0};
    s3d_store_clear(&a->s->store);
    s3d_fill_synth(a->s);
    be_good(a);
}

static const struct command {
    enum s3d_method method;
    const char *name;
    void (*run)(struct admin *a);
} commands[] = {
    {S3D_POST, "fault", add_fault},       {S3D_GET, "faults", list_faults},
    {S3D_DELETE, "faults", clear_faults}, {S3D_GET, "clock", get_clock},
    {S3D_POST, "clock", set_clock},       {S3D_GET, "stats", get_stats},
    {S3D_DELETE, "stats", clear_stats},   {S3D_POST, "latency", set_latency},
    {S3D_POST, "quirk", set_quirk},       {S3D_POST, "be-good", be_good},
    {S3D_POST, "reset", reset},
};

void s3d_admin(struct s3d *s, struct s3d_request *q, struct s3d_reply *r)
{
    struct s3d_pair pairs[S3D_PARAMS_MAX];
    struct admin a = {.s = s, .r = r, .pair = pairs};

    s3d_reply_field(r, "Content-Type", S3C_VIEW("application/json"));
    if (q->body->len ? !s3d_parse_form(q->arena, s3c_buf_view(q->body), pairs, S3D_PARAMS_MAX, &a.n)
                     : q->nparams > 0) {
        a.pair = q->param; /* an empty body: the query says it */
        a.n = q->nparams;
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (commands[i].method == q->method && s3c_view_eq_str(q->key, commands[i].name)) {
            commands[i].run(&a);
            return;
        }
    }
    refuse(&a, "no such command; see tests/support/s3d/README.md", q->key);
}
