/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A page of any bytes: entries lie inside it and in order. And any bytes as the inside of an entry, three times: the fast path gives what
 * the XML parser gives (which gets every entry when white space stands at its start).
 */
#include "fuzz.h"

#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "s3/list_cursor.h"

static bool inside(struct s3c_view v, const char *body, size_t len)
{
    return !v.len || (v.ptr >= body && v.ptr + v.len <= body + len);
}

static void take_page(const uint8_t *data, size_t size, bool versions)
{
    struct s3c_list_page page = S3C_LIST_PAGE_INIT;
    struct s3c_list_cursor cursor;
    char *body = malloc(size + 1);

    require(body);
    memcpy(body, data, size);
    require(s3c_list_cursor_init(&cursor, versions, S3C_VIEW("c"), NULL) == 0);
    if (s3c_list_page_parse(&page, body, size, versions, NULL) == 0) {
        for (size_t i = 0; i < page.count; i++) {
            require(inside(page.entries[i].key, body, size) &&
                    inside(page.entries[i].etag, body, size));
            require(i == 0 || s3c_view_cmp(page.entries[i - 1].key, page.entries[i].key) <= 0);
        }
        if (s3c_list_cursor_take(&cursor, &page, NULL) == 0 && page.count)
            require(s3c_view_cmp(s3c_buf_view(&cursor.key), S3C_VIEW("c")) > 0);
    }
    s3c_list_cursor_done(&cursor);
    s3c_list_page_done(&page);
    free(body);
}

static int parse_thrice(struct s3c_list_page *page, struct s3c_buf *body, struct s3c_view entry,
                        const char *gap)
{
    require(s3c_buf_add_str(body, "<ListVersionsResult>") == 0);
    for (int i = 0; i < 3; i++) {
        require(s3c_buf_addf(body, "<Version>%s", gap) == 0);
        require(s3c_buf_add_view(body, entry) == 0);
        require(
            s3c_buf_addf(
                body,
                "<Key>k</Key><VersionId>%d</VersionId><LastModified>2026-01-02T03:04:05.000Z</LastModified></Version>",
                i) == 0);
    }
    require(s3c_buf_add_str(body, "</ListVersionsResult>") == 0);
    return s3c_list_page_parse(page, body->ptr, body->len, true, NULL);
}

static bool same(const struct s3c_list_entry *a, const struct s3c_list_entry *b)
{
    return s3c_view_eq(a->key, b->key) && s3c_view_eq(a->version_id, b->version_id) &&
           s3c_view_eq(a->etag, b->etag) && a->size == b->size &&
           a->last_modified_ns == b->last_modified_ns && a->is_marker == b->is_marker &&
           a->is_latest == b->is_latest;
}

static void compare_paths(struct s3c_view entry)
{
    struct s3c_list_page fast = S3C_LIST_PAGE_INIT, slow = S3C_LIST_PAGE_INIT;
    struct s3c_buf fast_body = S3C_BUF_INIT(SIZE_MAX), slow_body = S3C_BUF_INIT(SIZE_MAX);
    int r = parse_thrice(&fast, &fast_body, entry, "");

    require(parse_thrice(&slow, &slow_body, entry, " ") == r);
    if (r == 0) {
        require(fast.count == slow.count);
        for (size_t i = 0; i < fast.count; i++)
            require(same(&fast.entries[i], &slow.entries[i]));
    }
    s3c_list_page_done(&fast);
    s3c_list_page_done(&slow);
    s3c_buf_done(&fast_body);
    s3c_buf_done(&slow_body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    take_page(data, size, false);
    take_page(data, size, true);
    compare_paths((struct s3c_view){(const char *)data, size});
    return 0;
}
