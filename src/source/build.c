/* SPDX-License-Identifier: Apache-2.0 */
#include "source/build.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/view.h"
#include "record/position.h"

#define FIXED_FIELDS 13
#define USER_HEADER  "x-amz-meta-"

/* Metadata under construction; a failure is kept until the end, so that the list of fields reads as one. */
struct fields {
    struct s3c_build *b;
    struct s3c_metadata *at;
    size_t count, user_count;
    int r;
};

void s3c_build_done(struct s3c_build *b)
{
    s3c_buf_done(&b->scratch);
}

static struct s3c_view keep(struct fields *f, struct s3c_view v)
{
    struct s3c_view copy = s3c_arena_copy(f->b->arena, v);

    if (!copy.ptr)
        f->r = S3C_E_NOMEM;
    return copy;
}

static void put(struct fields *f, struct s3c_view name, struct s3c_view value)
{
    f->at[f->count++] = (struct s3c_metadata){name, value};
}

/* For text from a server: what is not UTF-8 is percent-encoded as a whole. */
static struct s3c_view readable(struct fields *f, struct s3c_view v)
{
    int r;

    if (s3c_utf8_valid(v))
        return v.ptr ? v : S3C_VIEW("");
    s3c_buf_clear(&f->b->scratch);
    r = s3c_percent_encode(&f->b->scratch, v, true);
    if (r < 0) {
        f->r = r;
        return S3C_VIEW("");
    }
    return keep(f, s3c_buf_view(&f->b->scratch));
}

static struct s3c_view number(struct fields *f, uint64_t v)
{
    char text[24];
    char *p = text + sizeof(text);

    do
        *--p = (char)('0' + v % 10);
    while ((v /= 10) > 0);
    return keep(f, (struct s3c_view){p, (size_t)(text + sizeof(text) - p)});
}

static struct s3c_view instant(struct fields *f, int64_t ns)
{
    return number(f,
                  ns > 0 ? (uint64_t)ns : 0); /* a time before 1970 does not fit Conduit's field */
}

static int compare_names(const void *a, const void *b)
{
    const struct s3c_metadata *x = a, *y = b;

    return s3c_view_cmp(x->name, y->name);
}

static struct s3c_view user_name(struct fields *f, struct s3c_view header)
{
    struct s3c_view tail = readable(f, s3c_view_skip(header, sizeof(USER_HEADER) - 1));
    size_t n = sizeof(S3C_META_PREFIX) - 1;
    char *p = s3c_arena_bytes(f->b->arena, n + tail.len);

    if (!p) {
        f->r = S3C_E_NOMEM;
        return S3C_VIEW("");
    }
    memcpy(p, S3C_META_PREFIX, n);
    for (size_t i = 0; i < tail.len; i++) {
        char c = tail.ptr[i];

        p[n + i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    return (struct s3c_view){p, n + tail.len};
}

static bool is_user_header(struct s3c_view name)
{
    size_t n = sizeof(USER_HEADER) - 1;

    return name.len > n && s3c_view_eq_nocase(s3c_view_first(name, n), S3C_VIEW(USER_HEADER));
}

static size_t count_user(const struct s3c_call *call)
{
    struct s3c_view name, value;
    size_t cursor = 0, n = 0;

    while (s3c_call_next_header(call, &cursor, &name, &value))
        n += is_user_header(name);
    return n;
}

/* A field sent twice means both values (RFC 9110 5.3). */
static void join_repeated(struct fields *f, size_t first)
{
    size_t n = first;

    for (size_t i = first; i < f->count; i++) {
        struct s3c_metadata *last = n > first ? &f->at[n - 1] : NULL;

        if (!last || !s3c_view_eq(last->name, f->at[i].name)) {
            f->at[n++] = f->at[i];
            continue;
        }
        s3c_buf_clear(&f->b->scratch);
        if (s3c_buf_add_view(&f->b->scratch, last->value) < 0 ||
            s3c_buf_add_char(&f->b->scratch, ',') < 0 ||
            s3c_buf_add_view(&f->b->scratch, f->at[i].value) < 0)
            f->r = S3C_E_NOMEM;
        last->value = keep(f, s3c_buf_view(&f->b->scratch));
    }
    f->count = n;
}

static void put_user(struct fields *f, const struct s3c_call *call)
{
    struct s3c_view name, value;
    size_t cursor = 0, first = f->count;

    if (f->user_count == 0)
        return;
    while (s3c_call_next_header(call, &cursor, &name, &value))
        if (is_user_header(name))
            put(f, user_name(f, name), readable(f, value));
    if (f->count - first < 2)
        return;
    qsort(f->at + first, f->count - first, sizeof(*f->at), compare_names);
    join_repeated(f, first);
}

/* In byte order of name, as the record's contract wants it. */
static void put_all(struct fields *f, const struct s3c_event *e, const struct s3c_call *call,
                    int64_t read_at_ns)
{
    int64_t changed_ns = e->listed ? e->last_modified_ns : e->second * S3C_NS_PER_SEC;
    char text[S3C_TIME_TEXT_SIZE];
    struct s3c_view type;

    if (e->op == S3C_OP_DELETE)
        put(f, S3C_VIEW("action"), S3C_VIEW("delete"));
    put(f, S3C_VIEW("opencdc.collection"), f->b->bucket);
    put(f, S3C_VIEW("opencdc.createdAt"), instant(f, changed_ns));
    put(f, S3C_VIEW("opencdc.readAt"), instant(f, read_at_ns));
    put(f, S3C_VIEW("opencdc.version"), S3C_VIEW("v1"));
    put(f, S3C_VIEW("s3.bucket"), f->b->bucket);
    if (call) {
        put(f, S3C_VIEW("s3.etag"), readable(f, e->etag));
        type = s3c_call_header(call, "content-type");
        if (type.ptr)
            put(f, S3C_VIEW("s3.header.contentType"), readable(f, type));
    }
    if (!e->listed)
        return;
    put(f, S3C_VIEW("s3.isLatest"), e->is_latest ? S3C_VIEW("true") : S3C_VIEW("false"));
    put(f, S3C_VIEW("s3.lastModified"),
        keep(f, (struct s3c_view){text, s3c_time_format_rfc3339(text, e->last_modified_ns)}));
    if (call) {
        put_user(f, call);
        put(f, S3C_VIEW("s3.size"), number(f, call->reply.len));
    }
    if (e->versioned)
        put(f, S3C_VIEW("s3.versionId"), readable(f, e->version_id));
}

static struct s3c_view position(struct fields *f, const struct s3c_event *e, bool last_of_snapshot)
{
    struct s3c_position p = {
        .phase = e->op == S3C_OP_SNAPSHOT && !last_of_snapshot ? S3C_PHASE_SNAPSHOT : S3C_PHASE_CDC,
        .key = e->key,
        .second = e->second,
        .following = e->following};
    int r;

    s3c_buf_clear(&f->b->scratch);
    r = s3c_position_format(&f->b->scratch, &p);
    if (r < 0)
        f->r = r;
    return keep(f, s3c_buf_view(&f->b->scratch));
}

int s3c_build_record(struct s3c_build *b, const struct s3c_event *e, const struct s3c_call *call,
                     int64_t read_at_ns, bool last_of_snapshot, struct s3c_record *ret,
                     struct s3c_error *err)
{
    struct fields f = {.b = b, .user_count = call ? count_user(call) : 0};
    struct s3c_record record = {.operation = e->op};

    f.at = s3c_arena_alloc(b->arena, (FIXED_FIELDS + f.user_count) * sizeof(*f.at));
    if (!f.at)
        return s3c_error_nomem(err);
    put_all(&f, e, call, read_at_ns);
    record.position = position(&f, e, last_of_snapshot);
    if (f.r < 0)
        return s3c_error_set(err, f.r, "record of object \"%.*s\": %s", (int)e->key.len, e->key.ptr,
                             s3c_code_text(f.r));
    record.metadata = f.at;
    record.metadata_count = f.count;
    record.key = (struct s3c_data){S3C_DATA_RAW, e->key};
    if (call)
        record.after = (struct s3c_data){S3C_DATA_RAW, s3c_buf_view(&call->reply)};
    *ret = record;
    return 0;
}
