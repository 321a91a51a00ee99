/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/schema.h"

#include <inttypes.h>

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"

struct entry {
    struct job job; /* the fetch; first, so that a job is an entry */
    struct schemas *owner;
    struct entry *next;
    char *subject;
    int32_t version;
    bool fetching;
    int64_t until_ns;        /* kept so long, when it is not being fetched */
    struct s3c_schema *avro; /* NULL: there is none, because of: */
    struct s3c_error error;
};

struct schemas {
    struct schemas_options options;
    struct entry *entries; /* latest used first */
    size_t count;
};

int schemas_new(struct schemas **ret, const struct schemas_options *o, struct s3c_error *err)
{
    struct schemas *s = s3c_zalloc(sizeof(*s));

    if (!s)
        return s3c_error_nomem(err);
    s->options = *o;
    *ret = s;
    return 0;
}

static void free_entry(struct entry *e)
{
    s3c_schema_unref(e->avro);
    s3c_free(e->subject);
    s3c_free(e);
}

void schemas_free(struct schemas *s)
{
    if (!s)
        return;
    while (s->entries) {
        struct entry *e = s->entries;
        s->entries = e->next;
        free_entry(e);
    }
    s3c_free(s);
}

/* On the worker; the entry is not touched by the loop meanwhile, except its place in the list. */
static int run_fetch(struct job *j, struct s3c_error *err)
{
    struct entry *e = (struct entry *)j;
    _cleanup_(s3c_buf_done) struct s3c_buf text = S3C_BUF_INIT(SCHEMA_TEXT_MAX);
    int r;

    r = e->owner->options.fetch(e->owner->options.fetch_ctx, s3c_view_str(e->subject), e->version,
                                &text, err);
    if (r == 0)
        r = s3c_schema_parse(&e->avro, s3c_buf_view(&text), err);
    if (r < 0)
        return s3c_error_wrap(err, r, "failed to get schema for %s:%" PRId32, e->subject,
                              e->version);
    return 0;
}

static void fetched(struct job *j, int r, const struct s3c_error *err)
{
    struct entry *e = (struct entry *)j;
    struct schemas *s = e->owner;

    e->fetching = false;
    if (r < 0)
        e->error = *err;
    e->until_ns = s3c_mono_ns(s->options.clock) + (r < 0 ? SCHEMA_KEEP_ERROR_NS : SCHEMA_KEEP_NS);
    if (r != S3C_E_CANCELLED)
        s->options.ready(s->options.ready_ctx);
}

static void fetch(struct schemas *s, struct entry *e)
{
    s3c_schema_unref(S3C_TAKE(e->avro));
    e->fetching = true;
    e->job.run = run_fetch;
    e->job.done = fetched;
    jobs_submit(s->options.jobs, &e->job);
}

/* Moves it to the front. */
static struct entry *find(struct schemas *s, struct s3c_view subject, int32_t version)
{
    for (struct entry **p = &s->entries; *p; p = &(*p)->next) {
        struct entry *e = *p;
        if (e->version != version || !s3c_view_eq_str(subject, e->subject))
            continue;
        *p = e->next;
        e->next = s->entries;
        s->entries = e;
        return e;
    }
    return NULL;
}

/* The one that was not used for longest makes room, unless it is being fetched. */
static void evict(struct schemas *s)
{
    struct entry **victim = NULL;

    for (struct entry **p = &s->entries; *p; p = &(*p)->next)
        if (!(*p)->fetching)
            victim = p;
    if (victim) {
        struct entry *e = *victim;
        *victim = e->next;
        s->count--;
        free_entry(e);
    }
}

static struct entry *add(struct schemas *s, struct s3c_view subject, int32_t version)
{
    struct entry *e = s3c_zalloc(sizeof(*e));

    if (e)
        e->subject = s3c_viewdup(subject);
    if (!e || !e->subject) {
        s3c_free(e);
        return NULL;
    }
    if (s->count == SCHEMAS_MAX)
        evict(s);
    e->owner = s;
    e->version = version;
    e->next = s->entries;
    s->entries = e;
    s->count++;
    return e;
}

int schemas_get(struct schemas *s, struct s3c_view subject, int32_t version,
                const struct s3c_schema **ret, struct s3c_error *err)
{
    struct entry *e = find(s, subject, version);

    if (!e) {
        e = add(s, subject, version);
        if (!e)
            return s3c_error_nomem(err);
        fetch(s, e);
    } else if (!e->fetching && s3c_mono_ns(s->options.clock) >= e->until_ns) {
        fetch(s, e);
    }
    if (e->fetching)
        return S3C_AGAIN;
    if (!e->avro) {
        if (err)
            *err = e->error;
        return e->error.code;
    }
    *ret = e->avro;
    return 0;
}
