/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ListObjects, ListObjectsV2 and ListObjectVersions. An entry is written straight into a buffer that was made large enough for it
 * before: a page of 1,000 entries costs less than the system call that sends it.
 */
#include "base/digest.h"
#include "server.h"
#include "text.h"

#define PAGE_MAX   1000
#define ENTRY_SIZE 640 /* of an entry without its key */

struct listing {
    const struct s3d_call *call;
    struct s3c_view prefix, delimiter;
    size_t max, n;
    enum s3d_key_text how;
    bool url, owner, truncated;
    struct s3c_view last;                   /* key or common prefix of the last entry */
    const struct s3d_version *last_version; /* ListObjectVersions; NULL: a common prefix */
    struct s3c_buf *out, *prefixes;
};

#define W(p, lit) ((char *)memcpy((p), lit, sizeof(lit) - 1) + sizeof(lit) - 1)

static bool parse_listing(const struct s3d_call *c, struct listing *l)
{
    struct s3c_view max = s3d_param(c->q, "max-keys");
    uint64_t n = PAGE_MAX;

    *l = (struct listing){.call = c,
                          .prefix = s3d_param(c->q, "prefix"),
                          .delimiter = s3d_param(c->q, "delimiter"),
                          .out = &c->s->entries,
                          .prefixes = &c->s->late_entries};
    if (max.len && s3c_view_u64(max, &n) < 0) {
        s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument",
                           "Provided max-keys not an integer or within integer range");
        return false;
    }
    l->max = n < PAGE_MAX ? (size_t)n : PAGE_MAX;
    l->url = s3c_view_eq_str(s3d_param(c->q, "encoding-type"), "url") &&
             !s3d_quirk(c->s, S3D_QUIRK_NO_ENCODING_TYPE);
    l->how = !l->url                                    ? S3D_KEY_XML
             : s3d_quirk(c->s, S3D_QUIRK_PERCENT_SPACE) ? S3D_KEY_PERCENT
                                                        : S3D_KEY_URL;
    l->out->max = l->prefixes->max = SIZE_MAX / 2;
    s3c_buf_clear(l->out);
    s3c_buf_clear(l->prefixes);
    return true;
}

static char *write_owner(char *p)
{
    return W(p, "<Owner><ID>s3d</ID><DisplayName>s3d</DisplayName></Owner>");
}

static char *write_facts(const struct listing *l, char *p, const struct s3d_version *v)
{
    p = W(p, "<ETag>&quot;");
    p = s3d_write_etag(p, &v->etag);
    p = W(p, "&quot;</ETag><Size>");
    p = s3d_write_u64(p, v->blob->len);
    p = W(p, "</Size>");
    if (l->owner)
        p = write_owner(p);
    p = W(p, "<StorageClass>");
    p = stpcpy(p, s3d_storage_class(v->storage_class));
    return W(p, "</StorageClass>");
}

static char *write_modified(const struct listing *l, char *p, const struct s3d_version *v)
{
    p = W(p, "<LastModified>");
    s3d_clock_write_list(&l->call->s->clock, p, v->modified_ns, l->call->s->opt.granularity);
    return W(p + S3D_LIST_TIME_LEN, "</LastModified>");
}

static char *begin_entry(struct s3c_buf *out, struct s3c_view key)
{
    s3d_must(s3c_buf_reserve(out, key.len * S3D_KEY_GROWTH + ENTRY_SIZE));
    return out->ptr + out->len;
}

static void put_contents(struct listing *l, const struct s3d_object *o)
{
    char *p = begin_entry(l->out, s3d_object_key(o));

    p = W(p, "<Contents><Key>");
    p = s3d_write_key(p, s3d_object_key(o), l->how);
    p = W(p, "</Key>");
    p = write_modified(l, p, o->newest);
    p = write_facts(l, p, o->newest);
    p = W(p, "</Contents>");
    l->out->len = (size_t)(p - l->out->ptr);
}

static void put_version(struct listing *l, const struct s3d_object *o, const struct s3d_version *v)
{
    bool late = v->blob && s3d_quirk(l->call->s, S3D_QUIRK_SPLIT_RUNS);
    struct s3c_buf *out = late ? l->prefixes : l->out;
    char *p = begin_entry(out, s3d_object_key(o));

    p = v->blob ? W(p, "<Version><Key>") : W(p, "<DeleteMarker><Key>");
    p = s3d_write_key(p, s3d_object_key(o), l->how);
    p = W(p, "</Key><VersionId>");
    p = s3d_write_version_id(p, v);
    p = v == o->newest ? W(p, "</VersionId><IsLatest>true</IsLatest>")
                       : W(p, "</VersionId><IsLatest>false</IsLatest>");
    p = write_modified(l, p, v);
    if (v->blob)
        p = W(write_facts(l, p, v), "</Version>");
    else
        p = W(write_owner(p), "</DeleteMarker>");
    out->len = (size_t)(p - out->ptr);
}

/* The common prefix that key belongs to; false: none. */
static bool common_prefix(const struct listing *l, struct s3c_view key, struct s3c_view *ret)
{
    const char *at;

    if (!l->delimiter.len)
        return false;
    at = memmem(key.ptr + l->prefix.len, key.len - l->prefix.len, l->delimiter.ptr,
                l->delimiter.len);
    if (!at)
        return false;
    *ret = s3c_view_first(key, (size_t)(at - key.ptr) + l->delimiter.len);
    return true;
}

/* Room for one more? If not the page is truncated. */
static bool room(struct listing *l)
{
    if (l->n < l->max)
        return true;
    l->truncated = l->max > 0;
    return false;
}

static void put_prefix(struct listing *l, struct s3c_view prefix)
{
    S3D_PUT(l->prefixes, "<CommonPrefixes><Prefix>");
    s3d_put_key(l->prefixes, prefix, l->how);
    S3D_PUT(l->prefixes, "</Prefix></CommonPrefixes>");
    l->last = prefix;
    l->last_version = NULL;
    l->n++;
}

static void list_keys(struct listing *l, struct s3d_cursor at)
{
    for (struct s3d_object *o; (o = s3d_cursor_get(&at)) != NULL;) {
        struct s3c_view key = s3d_object_key(o), prefix;

        if (!s3c_view_starts(key, l->prefix))
            return;
        if (!o->newest->blob) {
            s3d_cursor_next(&at);
            continue;
        }
        if (!room(l))
            return;
        if (common_prefix(l, key, &prefix)) {
            put_prefix(l, prefix);
            at = s3d_keymap_seek_past(at.map, prefix);
            continue;
        }
        put_contents(l, o);
        l->last = key;
        l->n++;
        s3d_cursor_next(&at);
    }
}

static struct s3d_cursor start_after(const struct listing *l, struct s3c_view marker, bool after)
{
    const struct s3d_keymap *keys = &l->call->bucket->keys;

    if (l->call->lie == S3D_LIE_REPEAT || s3c_view_cmp(marker, l->prefix) < 0)
        return s3d_keymap_seek(keys, l->prefix, false);
    if (after && l->delimiter.len && s3c_view_ends(marker, l->delimiter) &&
        marker.len > l->prefix.len)
        return s3d_keymap_seek_past(keys, marker);
    return s3d_keymap_seek(keys, marker, after);
}

static void put_encoded(const struct listing *l, struct s3c_buf *b, const char *name,
                        struct s3c_view text)
{
    s3d_putf(b, "<%s>", name);
    s3d_put_key(b, text, l->how);
    s3d_putf(b, "</%s>", name);
}

static void put_common(const struct listing *l, struct s3c_buf *b)
{
    s3d_put_element(b, "Name", s3c_view_str(l->call->bucket->name));
    put_encoded(l, b, "Prefix", l->prefix.ptr ? l->prefix : S3C_VIEW(""));
    if (l->delimiter.len)
        put_encoded(l, b, "Delimiter", l->delimiter);
    s3d_putf(b, "<MaxKeys>%zu</MaxKeys>", l->max);
    if (l->url)
        S3D_PUT(b, "<EncodingType>url</EncodingType>");
    s3d_putf(b, "<IsTruncated>%s</IsTruncated>", l->truncated ? "true" : "false");
}

static void put_entries(const struct listing *l, struct s3c_buf *b, const char *end)
{
    s3d_put_view(b, s3c_buf_view(l->out));
    s3d_put_view(b, s3c_buf_view(l->prefixes));
    s3d_put_str(b, end);
}

/* Next markers are left out when the server is told to lie so, and where there is nothing more. */
static bool wants_markers(const struct listing *l)
{
    return l->truncated && l->call->lie != S3D_LIE_MISSING &&
           !s3d_quirk(l->call->s, S3D_QUIRK_NO_NEXT_MARKERS);
}

static void put_marker(const struct listing *l, struct s3c_buf *b, const char *name,
                       struct s3c_view text)
{
    if (s3d_quirk(l->call->s, S3D_QUIRK_RAW_MARKERS))
        s3d_put_element(b, name, text);
    else
        put_encoded(l, b, name, text);
}

static void list_v1(const struct s3d_call *c)
{
    struct s3c_view marker = s3d_param(c->q, "marker");
    struct listing l;
    struct s3c_buf *b;

    if (!parse_listing(c, &l))
        return;
    l.owner = true;
    list_keys(&l, start_after(&l, marker, true));
    l.truncated |= c->lie == S3D_LIE_SAME || c->lie == S3D_LIE_MISSING;
    b = s3d_reply_xml(c->r);
    S3D_PUT(b, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    put_common(&l, b);
    put_encoded(&l, b, "Marker", marker.ptr ? marker : S3C_VIEW(""));
    if (wants_markers(&l) && l.delimiter.len) /* AWS gives NextMarker only with a delimiter */
        put_marker(&l, b, "NextMarker", c->lie == S3D_LIE_SAME ? marker : l.last);
    put_entries(&l, b, "</ListBucketResult>");
}

/* A continuation token is the last entry in hex behind a letter: opaque enough for clients, readable in a trace. */
static void put_token(struct s3c_buf *b, struct s3c_view last)
{
    s3d_must(s3c_buf_reserve(b, 2 * last.len + 1));
    b->ptr[b->len++] = '+';
    s3c_hex(b->ptr + b->len, (const uint8_t *)last.ptr, last.len);
    b->len += 2 * last.len;
}

static bool read_token(const struct s3d_call *c, struct s3c_view token, struct s3c_view *ret)
{
    char *p;

    if (token.len % 2 == 0 || token.ptr[0] != '+')
        return false;
    p = s3d_arena(c->q->arena, 3 * (token.len / 2) + 1);
    ret->ptr = p;
    for (size_t i = 1; i < token.len; i += 2) {
        *p++ = '%';
        *p++ = token.ptr[i];
        *p++ = token.ptr[i + 1];
    }
    ret->len = s3c_percent_decode((char *)(uintptr_t)ret->ptr,
                                  (struct s3c_view){ret->ptr, (size_t)(p - ret->ptr)}, false);
    return ret->len == token.len / 2;
}

static void list_v2(const struct s3d_call *c)
{
    struct s3c_view token = s3d_param(c->q, "continuation-token"),
                    after = s3d_param(c->q, "start-after"), from = after;
    struct listing l;
    struct s3c_buf *b;

    if (!parse_listing(c, &l))
        return;
    if (token.ptr && !read_token(c, token, &from)) {
        s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument",
                           "The continuation token provided is incorrect");
        return;
    }
    l.owner = s3c_view_eq_str(s3d_param(c->q, "fetch-owner"), "true");
    list_keys(&l, start_after(&l, from, true));
    l.truncated |= c->lie == S3D_LIE_SAME || c->lie == S3D_LIE_MISSING;
    b = s3d_reply_xml(c->r);
    S3D_PUT(b, "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    put_common(&l, b);
    if (token.ptr)
        s3d_put_element(b, "ContinuationToken", token);
    if (after.ptr)
        put_encoded(&l, b, "StartAfter", after);
    if (wants_markers(&l)) {
        S3D_PUT(b, "<NextContinuationToken>");
        put_token(b, c->lie == S3D_LIE_SAME ? from : l.last);
        S3D_PUT(b, "</NextContinuationToken>");
    }
    s3d_putf(b, "<KeyCount>%zu</KeyCount>", l.n);
    put_entries(&l, b, "</ListBucketResult>");
}

/* Lists one key's versions from v on. False: the page is full. */
static bool list_versions_of(struct listing *l, const struct s3d_object *o,
                             const struct s3d_version *v)
{
    for (; v; v = v->older) {
        if (!room(l))
            return false;
        put_version(l, o, v);
        l->last = s3d_object_key(o);
        l->last_version = v;
        l->n++;
    }
    return true;
}

static void list_version_keys(struct listing *l, struct s3d_cursor at)
{
    for (struct s3d_object *o; (o = s3d_cursor_get(&at)) != NULL;) {
        struct s3c_view key = s3d_object_key(o), prefix;

        if (!s3c_view_starts(key, l->prefix))
            return;
        if (common_prefix(l, key, &prefix)) {
            if (!room(l))
                return;
            put_prefix(l, prefix);
            at = s3d_keymap_seek_past(at.map, prefix);
            continue;
        }
        if (!list_versions_of(l, o, o->newest))
            return;
        s3d_cursor_next(&at);
    }
}

/* The versions of the marker's key that are older than the marker; a marker whose version is gone still has its place. */
static bool list_rest_of_key(struct listing *l, struct s3c_view key, struct s3c_view id)
{
    const struct s3d_object *o = s3d_keymap_find(&l->call->bucket->keys, key);
    const struct s3d_version *v = o ? o->newest : NULL;
    uint64_t order = 0;

    if (!s3c_view_starts(key, l->prefix))
        return true;
    if (s3d_quirk(l->call->s, S3D_QUIRK_GONE_MARKER_SKIPS) &&
        !s3d_store_find(l->call->bucket, key, id))
        return true;
    if (s3d_version_id_order(id, &order)) {
        while (v && v->order >= order)
            v = v->older;
    } else {
        while (v && !v->is_null)
            v = v->older;
        v = v ? v->older : NULL;
    }
    return list_versions_of(l, o, v);
}

static bool version_markers_ok(const struct s3d_call *c, struct s3c_view key, struct s3c_view id)
{
    uint64_t order;

    if (!id.len)
        return true;
    if (!key.len && s3d_quirk(c->s, S3D_QUIRK_LONE_ID_MARKER))
        return true;
    if (!key.len) {
        s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument",
                           "A version-id marker cannot be specified without a key marker.");
        return false;
    }
    if (s3c_view_eq_str(id, "null") || s3d_version_id_order(id, &order))
        return true;
    s3d_reply_error_as(c->r, c->q, 400, "InvalidArgument", "Invalid version id specified");
    return false;
}

static void put_version_markers(const struct listing *l, struct s3c_buf *b, struct s3c_view key,
                                struct s3c_view id)
{
    char text[S3D_VERSION_ID_LEN];

    if (l->call->lie != S3D_LIE_SAME) {
        key = l->last;
        id = S3C_VIEW("");
        if (l->last_version)
            id = (struct s3c_view){text,
                                   (size_t)(s3d_write_version_id(text, l->last_version) - text)};
    }
    put_marker(l, b, "NextKeyMarker", key);
    if (id.len)
        s3d_put_element(b, "NextVersionIdMarker", id);
}

static void list_versions(const struct s3d_call *c)
{
    struct s3c_view key = s3d_param(c->q, "key-marker"), id = s3d_param(c->q, "version-id-marker");
    bool inclusive = s3d_quirk(c->s, S3D_QUIRK_KEY_MARKER_INCLUSIVE) && key.len && !id.len;
    struct listing l;
    struct s3c_buf *b;

    if (s3d_quirk(c->s, S3D_QUIRK_NO_VERSIONS)) {
        s3d_fail(c, "NotImplemented");
        return;
    }
    if (!parse_listing(c, &l) || !version_markers_ok(c, key, id))
        return;
    l.owner = true;
    if (!id.len || !key.len || c->lie == S3D_LIE_REPEAT || list_rest_of_key(&l, key, id))
        list_version_keys(&l, start_after(&l, key, !inclusive));
    l.truncated |= c->lie == S3D_LIE_SAME || c->lie == S3D_LIE_MISSING;
    b = s3d_reply_xml(c->r);
    S3D_PUT(b, "<ListVersionsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    put_common(&l, b);
    put_encoded(&l, b, "KeyMarker", key.ptr ? key : S3C_VIEW(""));
    s3d_put_element(b, "VersionIdMarker", id.ptr ? id : S3C_VIEW(""));
    if (wants_markers(&l))
        put_version_markers(&l, b, key, id);
    put_entries(&l, b, "</ListVersionsResult>");
}

void s3d_list_ops(const struct s3d_call *c)
{
    if (c->op == S3D_OP_ListObjectVersions)
        list_versions(c);
    else if (c->op == S3D_OP_ListObjectsV2)
        list_v2(c);
    else
        list_v1(c);
}
