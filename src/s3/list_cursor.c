/* SPDX-License-Identifier: Apache-2.0 */
#include "s3/list_cursor.h"

#include "base/error.h"
#include "base/mem.h"
#include "base/view.h"

#define KEY_MAX_       (64u << 10) /* S3's limit is 1,024; servers and tokens may have longer ones */
#define IDLE_PAGES_MAX 100u

int s3c_list_cursor_init(struct s3c_list_cursor *c, bool versions, struct s3c_view start_after,
                         struct s3c_error *err)
{
    *c = (struct s3c_list_cursor){
        .versions = versions,
        .key = S3C_BUF_INIT(KEY_MAX_),
        .version_id = S3C_BUF_INIT(KEY_MAX_),
        .token = S3C_BUF_INIT(KEY_MAX_),
        .key_closed = true,
    };
    if (start_after.len > KEY_MAX_)
        return s3c_error_set(err, S3C_E_INVALID, "the key to start after is longer than %u bytes",
                             KEY_MAX_);
    return s3c_buf_add_view(&c->key, start_after) < 0 ? s3c_error_nomem(err) : 0;
}

void s3c_list_cursor_done(struct s3c_list_cursor *c)
{
    s3c_buf_done(&c->key);
    s3c_buf_done(&c->version_id);
    s3c_buf_done(&c->token);
    s3c_freep(&c->seen);
    c->seen_count = c->seen_cap = 0;
}

/* ---- versions of the last key that were given ---- */

static int hash_cmp(const void *pa, const void *pb)
{
    const struct s3c_hash128 *a = pa, *b = pb;

    if (a->hi != b->hi)
        return a->hi < b->hi ? -1 : 1;
    return (a->lo > b->lo) - (a->lo < b->lo);
}

static struct s3c_hash128 version_hash(const struct s3c_list_entry *e)
{
    return s3c_hash128(e->version_id.ptr, e->version_id.len, 0);
}

static bool given_before(const struct s3c_list_cursor *c, const struct s3c_list_entry *e,
                         int cmp_to_last)
{
    struct s3c_hash128 h;

    if (cmp_to_last < 0 || c->key_closed || !c->versions)
        return true;
    h = version_hash(e);
    return c->seen_count && bsearch(&h, c->seen, c->seen_count, sizeof h, hash_cmp);
}

/* Entries up to the last key can only be at the front: a page is in order. */
static size_t drop_given(struct s3c_list_cursor *c, struct s3c_list_page *page)
{
    struct s3c_list_entry *e = page->entries;
    struct s3c_view last = s3c_buf_view(&c->key);
    size_t i, kept = 0;

    if (!last.len)
        return 0;
    for (i = 0; i < page->count; i++) {
        int d = s3c_view_cmp(e[i].key, last);

        if (d > 0)
            break;
        if (!given_before(c, &e[i], d))
            e[kept++] = e[i];
    }
    if (kept != i)
        memmove(e + kept, e + i, (page->count - i) * sizeof *e);
    page->count -= i - kept;
    return kept; /* entries of the last key that are new */
}

/* The entries of the page's last key. */
static size_t tail_run(const struct s3c_list_page *page)
{
    size_t i = page->count - 1;

    while (i > 0 && s3c_view_eq(page->entries[i - 1].key, page->entries[page->count - 1].key))
        i--;
    return page->count - i;
}

static void remember(struct s3c_list_cursor *c, const struct s3c_list_page *page, size_t run,
                     bool same_key)
{
    if (!same_key)
        c->seen_count = 0;
    for (size_t i = page->count - run; i < page->count; i++)
        c->seen[c->seen_count++] = version_hash(&page->entries[i]);
    if (c->seen_count > 1)
        qsort(c->seen, c->seen_count, sizeof *c->seen, hash_cmp);
}

/* ---- moving on ---- */

static int stuck(struct s3c_error *err, const char *why)
{
    return s3c_error_set(err, S3C_E_PROTOCOL,
                         "the listing does not move on: %s; the server's paging is broken", why);
}

/* Replaces the text; what was there stays when memory is out. */
static int set_text(struct s3c_buf *b, struct s3c_view v)
{
    if (v.len > b->len) {
        int r = s3c_buf_reserve(b, v.len - b->len);

        if (r < 0)
            return r;
    }
    s3c_buf_clear(b);
    return s3c_buf_add_view(b, v);
}

static int move_behind_last(struct s3c_list_cursor *c, const struct s3c_list_page *page,
                            bool had_of_last_key)
{
    const struct s3c_list_entry *last = &page->entries[page->count - 1];
    bool same_key = had_of_last_key && s3c_view_eq(last->key, s3c_buf_view(&c->key));
    size_t run = c->versions ? tail_run(page) : 0;
    int r;

    r = s3c_grow(&c->seen, &c->seen_cap, run + (same_key ? c->seen_count : 0), sizeof(*c->seen));
    if (r == 0)
        r = s3c_buf_reserve(&c->version_id, last->version_id.len);
    if (r == 0)
        r = set_text(&c->key, last->key);
    if (r == 0)
        r = set_text(&c->version_id, last->version_id);
    if (r < 0)
        return r;
    remember(c, page, run, same_key);
    c->key_closed = false;
    return 0;
}

/*
 * A truncated page of versions without any entry: only the server's marker is left. Whether it is encoded nobody says, so take
 * the smaller reading of the two that moves on: it can only repeat entries, never skip one.
 */
static int move_by_marker(struct s3c_list_cursor *c, const struct s3c_list_page *page,
                          struct s3c_error *err)
{
    struct s3c_view raw = page->next_key_marker, best = {NULL, 0}, decoded;
    _cleanup_(s3c_freep) char *text = s3c_alloc(raw.len + 1);

    if (!text)
        return s3c_error_nomem(err);
    decoded = raw.len ? (struct s3c_view){text, s3c_percent_decode(text, raw, true)} : raw;
    if (s3c_view_cmp(raw, s3c_buf_view(&c->key)) > 0)
        best = raw;
    if (page->url_encoded && s3c_view_cmp(decoded, s3c_buf_view(&c->key)) > 0 &&
        (!best.ptr || s3c_view_cmp(decoded, best) < 0))
        best = decoded;
    if (!best.ptr || best.len > KEY_MAX_)
        return stuck(
            err,
            "a page is truncated, has no entries, and its marker is not behind the one before");
    if (set_text(&c->key, best) < 0)
        return s3c_error_nomem(err);
    s3c_buf_clear(&c->version_id);
    c->seen_count = 0;
    c->key_closed = false;
    return 0;
}

static int idle_page(struct s3c_list_cursor *c, const struct s3c_list_page *page, bool had_entries,
                     struct s3c_error *err)
{
    if (had_entries)
        return stuck(err, "a page holds only entries of the pages before");
    if (++c->idle_pages > IDLE_PAGES_MAX)
        return stuck(err, "too many truncated pages without entries in a row");
    if (c->versions)
        return move_by_marker(c, page, err);
    if (!page->continuation.len || s3c_view_eq(page->continuation, s3c_buf_view(&c->token)))
        return stuck(
            err, "a page is truncated, has no entries, and its token is missing or the one before");
    return 0;
}

int s3c_list_cursor_take(struct s3c_list_cursor *c, struct s3c_list_page *page,
                         struct s3c_error *err)
{
    bool had_entries = page->count > 0;
    size_t of_last_key = drop_given(c, page);
    int r;

    if (page->truncated && page->continuation.len > KEY_MAX_)
        return stuck(err, "its continuation token is too long");
    if (!c->versions && s3c_buf_reserve(&c->token, page->continuation.len) < 0)
        return s3c_error_nomem(err);
    if (page->count) {
        r = move_behind_last(c, page, of_last_key > 0);
        if (r == S3C_E_TOO_LARGE)
            return s3c_error_set(err, S3C_E_PROTOCOL,
                                 "a key or version id of the listing is longer than %u bytes",
                                 KEY_MAX_);
        if (r < 0)
            return s3c_error_nomem(err);
        c->idle_pages = 0;
    } else if (page->truncated) {
        r = idle_page(c, page, had_entries, err);
        if (r < 0)
            return r;
    }
    c->end = !page->truncated;
    if (c->versions || !page->truncated)
        return 0;
    return set_text(&c->token, page->continuation) < 0 ? s3c_error_nomem(err) : 0;
}
