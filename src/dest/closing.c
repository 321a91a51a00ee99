/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How files leave the open ones. What makes them: too many records or bytes (their own affair), age and idleness (time's), a stop, and memory.
 *
 * Under memory pressure the largest file goes, because it frees most for one request and is nearest to the size it should have. One exception
 * keeps things moving: where closed files hold more memory than the largest open one, only because their acknowledgements
 * wait for an older record in a file that is still open, that file goes.
 */
#include "base/error.h"
#include "dest/engine_private.h"

#define UPLOAD_SHARE \
    8 /* of the memory: so much is sent at once under pressure, else uploads would go one by one */

#define MANY_FILES 64
#define SMALL_FILE 4 /* times what it takes without records */

/* ---- names ---- */

/* There is room since the file was opened, and the template has promised that no key is longer. */
static int name_file(struct s3c_destination *d, struct s3c_file *f, struct s3c_error *err)
{
    char text[S3C_TEMPLATE_NAME_MAX];
    struct s3c_buf name = {text, 0, sizeof(text), sizeof(text)};
    struct s3c_template_file parts = {
        .partition = s3c_partition_values(f->partition),
        .position = s3c_file_first_position(f),
        .extension = d->parts.format->ops->extension,
        .shard = d->parts.settings->shard_index,
    };
    struct s3c_buf *room = &d->open.key_room;
    int r = s3c_namer_name(&d->namer, s3c_wall_ns(d->parts.clock), &name);

    parts.name = s3c_buf_view(&name);
    parts.wall_ns = d->namer.last_ns; /* as in the name */
    s3c_buf_clear(room);
    if (r == 0)
        r = s3c_template_render(d->template, &parts, room);
    if (r == 0 && s3c_buf_add_view(&f->key, s3c_buf_view(room)) < 0) {
        s3c_buf_done(&f->key);
        f->key = *room;
        *room = (struct s3c_buf)S3C_BUF_INIT(SIZE_MAX);
    }
    if (r < 0)
        return s3c_error_set(err, r, "cannot name a file by key.template \"%s\": %s",
                             d->parts.settings->key_template, s3c_code_text(r));
    return 0;
}

/* ---- closing ---- */

static void close_stream(struct s3c_destination *d, struct s3c_file *f)
{
    s3c_pipeline_end_stream(&d->pipeline, f);
    if (!f->abandoned)
        s3c_open_files_keep_writer(&d->open, f);
    s3c_pipeline_recount(&d->pipeline, f);
}

static void close_whole(struct s3c_destination *d, struct s3c_file *f, bool tight)
{
    struct s3c_error err;
    int r = s3c_file_finish_body(f, &err);

    if (tight)
        s3c_file_trim(f);
    s3c_open_files_keep_writer(&d->open, f);
    if (r == 0 && !f->once) /* else it is named when its turn comes */
        r = name_file(d, f, &err);
    if (r == 0)
        s3c_pipeline_push(&d->pipeline, f);
    else
        s3c_pipeline_push_failed(&d->pipeline, f, &err);
}

static void close_file(struct s3c_destination *d, struct s3c_file *f, enum s3c_close_reason reason)
{
    /* Else not: pages that go back to the system have to be fetched again for the next file. */
    bool tight = s3c_destination_memory(d) > d->memory_limit / 2;

    d->stats.files[reason]++;
    s3c_open_files_remove(&d->open, f);
    if (f->streamed)
        close_stream(d, f);
    else
        close_whole(d, f, tight);
}

void s3c_destination_close_all(struct s3c_destination *d, enum s3c_close_reason reason)
{
    struct s3c_file *f;

    while ((f = s3c_open_files_oldest(&d->open)))
        close_file(d, f, reason);
}

/*
 * With write.once all files go together where it is not a file's own affair: acknowledgements wait for a place in the stream where no file is open,
 * and among many partitions there would be none otherwise.
 */
static void close_or_all(struct s3c_destination *d, struct s3c_file *f,
                         enum s3c_close_reason reason)
{
    if (d->once)
        s3c_destination_close_all(d, reason);
    else
        close_file(d, f, reason);
}

void s3c_destination_close_due(struct s3c_destination *d, int64_t now_ns)
{
    const struct s3c_file_limits *l = &d->limits;
    struct s3c_file *f;

    while (l->age_ns > 0 && (f = s3c_open_files_oldest(&d->open)) &&
           now_ns - f->first_ns >= l->age_ns)
        close_or_all(d, f, S3C_CLOSE_AGE);
    if (l->idle_ns > 0 && now_ns - d->last_ns >= l->idle_ns)
        s3c_destination_close_all(d, S3C_CLOSE_IDLE);
}

int64_t s3c_destination_close_due_ns(const struct s3c_destination *d)
{
    const struct s3c_file *f = s3c_open_files_oldest(&d->open);
    int64_t age, idle;

    if (!f)
        return INT64_MAX;
    age = d->limits.age_ns > 0 ? f->first_ns + d->limits.age_ns : INT64_MAX;
    idle = d->limits.idle_ns > 0 ? d->last_ns + d->limits.idle_ns : INT64_MAX;
    return age < idle ? age : idle;
}

/* ---- streaming ---- */

static void give_up_stream(struct s3c_destination *d, struct s3c_file *f,
                           const struct s3c_error *err)
{
    s3c_open_files_remove(&d->open, f);
    s3c_file_drop_writer(f);
    s3c_pipeline_abandon_stream(&d->pipeline, f, err);
}

/* Begins the stream where it has not begun. Where memory is out the file stays as it is, until it has grown some more. */
static void stream(struct s3c_destination *d, struct s3c_file *f)
{
    struct s3c_error err;
    int r = 0;

    if (!f->streamed) {
        r = name_file(d, f, &err);
        if (r == 0)
            r = s3c_pipeline_begin_stream(&d->pipeline, f, &err);
        if (r < 0) {
            s3c_buf_clear(&f->key);
            return;
        }
    }
    r = s3c_pipeline_feed_stream(&d->pipeline, f, &err);
    if (r < 0)
        give_up_stream(d, f, &err);
    else
        s3c_open_files_recount(&d->open, f);
}

/*
 * It is part of a file that is there, and will not be stored: limits are for those that will. Its memory is bounded all the same, and its time: a host that
 * waits for acknowledgements may send no more.
 */
static bool waits_for_the_rest(const struct s3c_destination *d, const struct s3c_file *f)
{
    bool ends = d->limits.age_ns > 0 || d->limits.idle_ns > 0;

    return ends && s3c_once_may_grow(f) && f->counted < d->memory_limit / UPLOAD_SHARE;
}

void s3c_destination_file_grew(struct s3c_destination *d, struct s3c_file *f)
{
    enum s3c_close_reason reason;

    if (s3c_file_is_full(f, &d->limits, &reason) && !waits_for_the_rest(d, f)) {
        close_file(d, f, reason);
        return;
    }
    s3c_open_files_recount(&d->open, f);
    if (d->stream_bytes < SIZE_MAX &&
        f->writer->ops->ready(f->writer) >= (f->streamed ? d->part_size : d->stream_bytes))
        stream(d, f);
}

static void ask_for_unsent(struct s3c_destination *d, struct s3c_file *f)
{
    f->unsent = d->parts.sink->ops->unsent(d->parts.sink, &f->delivery);
    if (f->state == S3C_FILE_OPEN)
        s3c_open_files_recount(&d->open, f);
    else
        s3c_pipeline_recount(&d->pipeline, f);
}

void s3c_destination_look_at_streams(struct s3c_destination *d)
{
    struct s3c_file *f;

    while ((f = s3c_pipeline_next_broken(&d->pipeline))) {
        s3c_open_files_remove(&d->open, f);
        s3c_file_drop_writer(f);
        s3c_pipeline_push_failed(&d->pipeline, f, &f->delivery.error);
    }
    for (struct s3c_link *l = d->pipeline.streams.next; l != &d->pipeline.streams; l = l->next)
        ask_for_unsent(d, S3C_LINK_OF(l, struct s3c_file, stream));
}

/* ---- memory ---- */

size_t s3c_destination_memory(const struct s3c_destination *d)
{
    return s3c_open_files_bytes(&d->open) + d->pipeline.bytes + d->order.bytes;
}

static struct s3c_file *worth_closing(const struct s3c_destination *d)
{
    struct s3c_file *largest = s3c_open_files_largest(&d->open);
    size_t count;
    struct s3c_file *first = s3c_order_first(&d->order, &count);

    if (largest && first->state == S3C_FILE_OPEN && d->pipeline.done_bytes > largest->counted)
        return first;
    return largest;
}

static bool can_send_a_part(const struct s3c_destination *d, const struct s3c_file *f)
{
    return d->stream_bytes < SIZE_MAX && f->writer->ops->ready(f->writer) >= d->part_size;
}

/* Even the largest file is hardly more than what a file takes without records. */
static void warn_of_small_files(struct s3c_destination *d, const struct s3c_file *largest)
{
    if (d->warned || d->open.count < MANY_FILES ||
        largest->counted > SMALL_FILE * s3c_open_files_fresh_bytes(&d->open))
        return;
    d->warned = true;
    s3c_logf(
        d->parts.log, S3C_LOG_WARN,
        "memory.limit is small for %zu open files: they are closed with few records in each, which makes many objects; raise "
        "memory.limit, or divide records into fewer partitions with key.template",
        d->open.count);
}

/* Sends what it can of a file that may stream; where that does not help, because memory is out, it is closed. */
static void make_smaller(struct s3c_destination *d, struct s3c_file *f)
{
    if (can_send_a_part(d, f)) {
        stream(d, f);
        if (f->state != S3C_FILE_OPEN || !can_send_a_part(d, f))
            return;
    }
    warn_of_small_files(d, f);
    close_or_all(d, f, S3C_CLOSE_MEMORY);
}

void s3c_destination_relieve(struct s3c_destination *d, size_t need)
{
    size_t count, enough = d->memory_limit / UPLOAD_SHARE;
    struct s3c_file *f;

    if (s3c_destination_has_acks(d, &count))
        return; /* acknowledgements are there to be taken, which frees memory too */
    if (s3c_pipeline_on_its_way(&d->pipeline, d->part_size) >= need)
        return;
    s3c_open_files_drop_spare(&d->open);
    enough = enough > need ? enough : need;
    while (s3c_pipeline_on_its_way(&d->pipeline, d->part_size) < enough && (f = worth_closing(d)))
        make_smaller(d, f);
    if (s3c_pipeline_on_its_way(&d->pipeline, d->part_size) == 0)
        s3c_once_make_room(&d->pipeline);
}
