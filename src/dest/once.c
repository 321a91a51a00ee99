/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a file:
 *
 *     blocked -> queued -> with the sink -> stored
 *                  ^            | 412
 *                  |          look: somebody else's, or another replay's: the next name ("-1", "-2", ...)
 *                  |            | ours, and its last record is among these: those up to it are stored, the rest is made into a file again
 *                  +------------+ ours, with more records than these: held, until the file behind it in its line has told
 *
 * A file that is held keeps its records, but not its body, which can be made again: should the replay turn out to be another one, it is put under the next
 * name. And the open file behind it does not end before the file that is there would: many small ones would take more memory than their records. Records are acknowledged
 * when the hold has lasted long enough, for a host that waits for acknowledgements before it sends more would wait for ever.
 */
#include "dest/once.h"

#include <stdio.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"
#include "dest/name.h"
#include "dest/partition.h"
#include "dest/pipeline_private.h"

#define FURTHER_MAX 1000u /* names that others have taken; beyond it something is wrong */

struct s3c_once {
    struct s3c_once_options options;
    struct s3c_hasher *hasher;
};

int s3c_once_new(struct s3c_once **ret, const struct s3c_once_options *o, struct s3c_error *err)
{
    struct s3c_once *once = s3c_zalloc(sizeof(*once));
    int r;

    if (!once)
        return s3c_error_nomem(err);
    once->options = *o;
    r = s3c_hasher_new(&once->hasher, err);
    if (r < 0) {
        s3c_free(once);
        return r;
    }
    *ret = once;
    return 0;
}

void s3c_once_free(struct s3c_once *o)
{
    if (!o)
        return;
    s3c_hasher_free(o->hasher);
    s3c_free(o);
}

int s3c_once_begin(struct s3c_file *f)
{
    f->once = s3c_zalloc(sizeof(*f->once));
    if (!f->once)
        return S3C_E_NOMEM;
    s3c_link_init(&f->once->turn);
    return 0;
}

void s3c_file_once_free(struct s3c_file_once *f)
{
    if (!f)
        return;
    s3c_link_remove(&f->turn);
    s3c_retained_done(&f->retained);
    s3c_free(f->text);
    s3c_free(f);
}

size_t s3c_once_file_bytes(const struct s3c_file_once *f)
{
    return sizeof(*f) + s3c_retained_bytes(&f->retained) + (f->text ? sizeof(*f->text) : 0);
}

/* Positions of the records that are not known to be stored: those of the body, once it is made. */
static struct s3c_view open_positions(const struct s3c_file *f)
{
    return s3c_view_skip(s3c_buf_view(&f->positions), f->once->offset);
}

/* ---- names, bodies ---- */

static int name_file(struct s3c_once *o, struct s3c_file *f, struct s3c_error *err)
{
    char text[S3C_TEMPLATE_NAME_MAX], extension[S3C_TEMPLATE_EXTENSION_MAX + 1];
    struct s3c_buf name = {text, 0, sizeof(text), sizeof(text)};
    struct s3c_template_file parts = {
        .partition = s3c_partition_values(f->partition),
        .extension = o->options.format->ops->extension,
        .shard = o->options.shard,
    };
    size_t cursor = 0;
    int r;

    if (f->once->further > 0 && !o->options.named) {
        (void)snprintf(extension, sizeof(extension), "%u.%s", f->once->further,
                       o->options.format->ops->extension);
        parts.extension = extension;
    }

    (void)s3c_positions_next(open_positions(f), &cursor, &parts.position);
    r = s3c_name_of_position(o->hasher, parts.position, f->once->further, &name);
    parts.name = s3c_buf_view(&name);
    s3c_buf_clear(&f->key);
    if (r == 0)
        r = s3c_template_render(o->options.template, &parts, &f->key);
    return r < 0 ? s3c_error_set(err, r, "cannot name a file by its first position: %s",
                                 s3c_code_text(r))
                 : 0;
}

/* Adds the records that are not stored yet. */
static int fill(struct s3c_file *f, struct s3c_writer *w, struct s3c_error *err)
{
    struct s3c_retained *t = &f->once->retained;
    struct s3c_record record;
    size_t cursor = 0, n = 0;
    int r;

    while ((r = s3c_retained_read(t, &cursor, &record)) > 0) {
        r = n++ < f->stored ? 0 : w->ops->add(w, &record, err);
        if (r < 0)
            return r;
    }
    return r < 0 ? s3c_error_nomem(err) : 0;
}

static int first_open_record(struct s3c_file *f, struct s3c_record *ret)
{
    size_t cursor = 0;
    int r = 1;

    for (size_t n = 0; n <= f->stored && r > 0; n++)
        r = s3c_retained_read(&f->once->retained, &cursor, ret);
    return r;
}

static int rebuild(struct s3c_once *o, struct s3c_file *f, struct s3c_error *err)
{
    struct s3c_format *format = o->options.format;
    struct s3c_writer *w = NULL;
    struct s3c_record first;
    struct s3c_buf body = S3C_BUF_INIT(SIZE_MAX);
    int r = first_open_record(f, &first) > 0 ? format->ops->open(format, &first, &w, err)
                                             : s3c_error_nomem(err);

    if (r == 0)
        r = fill(f, w, err);
    if (r == 0)
        r = w->ops->finish(w, &body, err);
    if (w)
        w->ops->release(w);
    if (r < 0)
        return r;
    s3c_buf_done(&f->body);
    f->body = body;
    f->size = body.len;
    f->once->rebuild = false;
    return 0;
}

static int describe(struct s3c_file *f)
{
    struct s3c_mark mark = {0};
    struct s3c_view position = {NULL, 0};
    size_t cursor = 0;

    if (!f->once->text)
        f->once->text = s3c_alloc(sizeof(*f->once->text));
    if (!f->once->text)
        return S3C_E_NOMEM;
    while (s3c_positions_next(open_positions(f), &cursor, &position))
        s3c_mark_add(&mark, position);
    f->delivery.meta_count = s3c_mark_format(&mark, position, f->once->text, f->delivery.meta);
    return 0;
}

int s3c_once_prepare(struct s3c_pipeline *p, struct s3c_file *f, struct s3c_error *err)
{
    struct s3c_once *o = p->once;
    int r = f->once->rebuild ? rebuild(o, f, err) : 0;

    if (r == 0 && f->key.len == 0)
        r = name_file(o, f, err);
    if (r == 0 && !f->once->looking && describe(f) < 0)
        r = s3c_error_nomem(err);
    s3c_pipeline_recount(p, f);
    f->delivery.look = f->once->looking;
    f->delivery.once = o->options.honoured && !f->once->looking;
    return r;
}

/* ---- going on ---- */

/* It has its turn: before all that was never sent, because acknowledgements wait for the oldest. */
static void go(struct s3c_pipeline *p, struct s3c_file *f)
{
    s3c_pipeline_move(p->queued.next, f, S3C_FILE_QUEUED);
}

static void start(struct s3c_pipeline *p, struct s3c_file *f)
{
    f->once->looking = !p->once->options.honoured;
    s3c_buf_clear(&f->key);
    go(p, f);
}

/* All its records are in S3, in a file that was there. */
static void found(struct s3c_pipeline *p, struct s3c_file *f)
{
    f->once->found = true;
    s3c_pipeline_finish(p, f, NULL);
}

static struct s3c_file *in_line(struct s3c_link *l)
{
    struct s3c_file_once *once = S3C_LINK_OF(l, struct s3c_file_once, turn);

    return once->file;
}

/* The first of the line that is not held; NULL: there is none. */
static struct s3c_file *active(const struct s3c_partition *part)
{
    for (struct s3c_link *l = part->line.next; l != &part->line; l = l->next) {
        if (!in_line(l)->once->held)
            return in_line(l);
    }
    return NULL;
}

/* Acknowledges what is held of a partition: the beginning of what is in S3. */
static void release(struct s3c_pipeline *p, struct s3c_partition *part)
{
    while (!s3c_link_alone(&part->line) && in_line(part->line.next)->once->held) {
        p->waiting++; /* for one moment again */
        in_line(part->line.next)->cut = part->expecting && p->ending && p->expect_more;
        found(p, in_line(part->line.next));
    }
}

/* ---- replays ---- */

/* It may be a while: what can be made again goes. The first one's key tells which file is meant (other). */
static void shrink(struct s3c_pipeline *p, struct s3c_file *f)
{
    s3c_buf_done(&f->body);
    f->once->rebuild = true;
    if (f->partition->line.next == &f->once->turn)
        s3c_buf_trim(&f->key);
    else
        s3c_buf_done(&f->key);
    s3c_free(f->once->text);
    f->once->text = NULL;
    s3c_retained_trim(&f->once->retained);
    s3c_file_trim(f);
    s3c_pipeline_recount(p, f);
}

static void hold(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_partition *part = f->partition;

    shrink(p, f);

    part->held_ns = p->once_now_ns;
    f->once->held = true;
    p->waiting--; /* it need not be sent */
    s3c_pipeline_move(&p->held, f, S3C_FILE_QUEUED);
}

/* The file that was expected is not the beginning of this replay: what is held goes under names of its own, in its turn. */
static void let_go(struct s3c_pipeline *p, struct s3c_partition *part)
{
    bool first = true;

    part->expecting = false;
    for (struct s3c_link *l = part->line.next; l != &part->line; l = l->next) {
        struct s3c_file *f = in_line(l);

        if (f->once->held) {
            p->waiting++;
            s3c_pipeline_move(&p->blocked, f, S3C_FILE_QUEUED);
        }
        f->once->held = false;
        f->once->further += first;
        first = false;
    }
    p->once_moved = true;
}

static void other(struct s3c_pipeline *p, struct s3c_file *f)
{
    const struct s3c_file *named = in_line(f->partition->line.next);

    s3c_logf(
        p->log, S3C_LOG_WARN,
        "the file of an earlier run%s%.*s has other records after the same first one: these are written beside it, and "
        "some may be there twice",
        named->key.len > 0 ? ", " : "", (int)named->key.len, s3c_buf_view(&named->key).ptr);
    if (!f->once->held)
        s3c_pipeline_move(&p->blocked, f, S3C_FILE_QUEUED);
    let_go(p, f->partition);
}

static void keep_rest(struct s3c_pipeline *p, struct s3c_file *f, size_t stored)
{
    struct s3c_view position;
    size_t cursor = 0;

    for (size_t i = 0; i < stored; i++)
        (void)s3c_positions_next(open_positions(f), &cursor, &position);
    f->once->offset += cursor;
    f->stored += stored;
    f->settled = f->stored;
    if (f->stored == f->records) {
        found(p, f);
        return;
    }
    f->once->rebuild = true;
    f->once->further = 0;
    start(p, f);
}

/* The file that is there has records of all of these: no replay may begin between them. */
static void join(struct s3c_partition *part, struct s3c_file *last)
{
    for (struct s3c_link *l = part->line.next; in_line(l) != last; l = l->next)
        in_line(l)->goes_on = in_line(l->next)->begun_before = true;
}

/* Its partition expects the rest of a file that is in S3. */
static void compare(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_partition *part = f->partition;
    size_t stored;

    switch (s3c_expected_compare(&part->expected, open_positions(f), &stored)) {
    case S3C_REPLAY_STORED:
        part->expecting = false;
        join(part, f);
        keep_rest(p, f, stored);
        break;
    case S3C_REPLAY_HOLD:
        hold(p, f);
        break;
    case S3C_REPLAY_OTHER:
        other(p, f);
        break;
    }
    p->once_moved = true;
}

/* ---- answers ---- */

static void take_next_name(struct s3c_pipeline *p, struct s3c_file *f, const char *why)
{
    struct s3c_error err;

    s3c_logf(p->log, S3C_LOG_WARN, "%.*s is there %s: it stays as it is, another name is taken",
             (int)f->key.len, f->key.ptr, why);
    if (++f->once->further > FURTHER_MAX) {
        (void)s3c_error_set(&err, S3C_E_CHANGED,
                            "%.*s and %u names behind it are taken; is the prefix the right one?",
                            (int)f->key.len, f->key.ptr, FURTHER_MAX);
        s3c_pipeline_finish(p, f, &err);
        return;
    }
    start(p, f);
}

static void looked(struct s3c_pipeline *p, struct s3c_file *f)
{
    struct s3c_partition *part = f->partition;
    struct s3c_mark mark;
    bool ours = s3c_mark_parse(s3c_buf_view(&f->delivery.found), &mark);

    s3c_buf_done(&f->delivery.found);
    f->once->looking = false;
    if (!ours) {
        take_next_name(p, f, "and was not written by write.once");
        return;
    }
    part->expected = (struct s3c_expected){.whole = mark};
    part->expecting = true;
    compare(p, f);
}

/* Nothing is there: the put that was refused before, or that was not tried yet. */
static void not_there(struct s3c_pipeline *p, struct s3c_file *f)
{
    bool refused = p->once->options.honoured;

    f->once->looking = false;
    f->delivery.error.retryable = true;
    if (refused) /* it has just been deleted, or nobody may see it: not again at once */
        s3c_pipeline_send_later(p, f, p->once_now_ns);
    else
        go(p, f);
}

bool s3c_once_answered(struct s3c_pipeline *p, struct s3c_file *f)
{
    const struct s3c_delivery *d = &f->delivery;
    bool looking = f->once->looking;

    if (p->cancelled && (looking || d->result != 0)) {
        s3c_pipeline_fail_late(p, f);
        return true;
    }
    if (looking && d->result == 0)
        looked(p, f);
    else if (looking && d->result == S3C_E_NOT_FOUND)
        not_there(p, f);
    else if (!looking && d->result == S3C_E_CHANGED) {
        f->once->looking = true;
        go(p, f);
    } else {
        /* A put whose answer was lost may have stored it. */
        f->once->looking = looking || !p->once->options.honoured;
        return false;
    }
    return true;
}

/* ---- lines ---- */

void s3c_once_line_up(struct s3c_pipeline *p, struct s3c_file *f)
{
    f->once->file = f;
    s3c_link_insert(&f->partition->line, &f->once->turn);
    s3c_pipeline_move(&p->blocked, f, S3C_FILE_QUEUED);
    p->once_moved = true;
}

void s3c_once_leave(struct s3c_pipeline *p, struct s3c_file *f)
{
    s3c_link_remove(&f->once->turn);
    s3c_retained_done(&f->once->retained);
    s3c_free(f->once->text);
    f->once->text = NULL;
    s3c_buf_done(&f->delivery.found);
    p->once_moved = true;
    /* Not before: a position between them and its rest would be in the middle of a file. */
    if (!f->once->held && !f->partition->expecting)
        release(p, f->partition);
}

static void turn(struct s3c_pipeline *p, struct s3c_file *f)
{
    if (active(f->partition) != f)
        return;
    if (f->partition->expecting)
        compare(p, f);
    else
        start(p, f);
}

/*
 * Not while records come, of whichever partition: the rest of a replay is on its way. A host that waits for acknowledgements sends none. And not while
 * more of it is being written: that file is compared when it is closed.
 */
static int64_t due_of(const struct s3c_pipeline *p, const struct s3c_partition *part)
{
    int64_t quiet_ns = p->record_ns > part->held_ns ? p->record_ns : part->held_ns;

    if (!part->expecting || part->open || active(part) || (p->expect_more && !p->ending))
        return INT64_MAX;
    return quiet_ns + p->once->options.hold_ns;
}

/* Whether it stands for its partition among the held ones: one look at each line is enough. */
static bool is_first(const struct s3c_file *f)
{
    return f->partition->line.next == &f->once->turn;
}

static void release_due(struct s3c_pipeline *p, int64_t now_ns)
{
    struct s3c_link *l = p->held.next;

    while (l != &p->held) {
        struct s3c_file *f = S3C_LINK_OF(l, struct s3c_file, link);
        int64_t due_ns = is_first(f) ? due_of(p, f->partition) : INT64_MAX;

        l = l->next;
        if (due_ns == INT64_MAX || (due_ns > now_ns && !p->ending))
            continue;
        release(p, f->partition);
        l = p->held.next; /* it took others of its line with it */
    }
}

void s3c_once_step(struct s3c_pipeline *p, int64_t now_ns)
{
    p->once_now_ns = now_ns;
    while (p->once_moved) {
        struct s3c_link *l = p->blocked.next;

        p->once_moved = false;
        while (l != &p->blocked) {
            struct s3c_file *f = S3C_LINK_OF(l, struct s3c_file, link);

            l = l->next;
            turn(p, f);
        }
    }
    release_due(p, now_ns);
}

int64_t s3c_once_due_ns(const struct s3c_pipeline *p)
{
    int64_t due_ns = INT64_MAX;

    if (p->cancelled)
        return INT64_MAX;
    if (p->once_moved)
        return INT64_MIN;
    for (struct s3c_link *l = p->held.next; l != &p->held; l = l->next) {
        const struct s3c_file *f = S3C_LINK_OF(l, struct s3c_file, link);
        int64_t its_ns = is_first(f) ? due_of(p, f->partition) : INT64_MAX;

        due_ns = its_ns < due_ns ? its_ns : due_ns;
    }
    return due_ns;
}

void s3c_once_release_all(struct s3c_pipeline *p)
{
    while (!s3c_link_alone(&p->held))
        release(p, S3C_LINK_OF(p->held.next, struct s3c_file, link)->partition);
}

bool s3c_once_may_grow(const struct s3c_file *f)
{
    const struct s3c_partition *part = f->partition;

    return f->once && part->expecting && !active(part) &&
           part->expected.seen.count + f->records < part->expected.whole.count;
}

void s3c_once_make_room(struct s3c_pipeline *p)
{
    if (s3c_link_alone(&p->held))
        return;
    s3c_logf(
        p->log, S3C_LOG_WARN,
        "memory.limit is too small for the beginning of a file of an earlier run: some records may be there twice");
    s3c_once_release_all(p);
}
