/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "store.h"
#include "text.h"
#include "upload.h"

struct fixture {
    struct s3d_clock clock;
    struct s3d_store store;
    struct s3d_bucket *bucket;
};

static void set_up(struct fixture *f, enum s3d_versioning versioning)
{
    s3d_clock_init(&f->clock, true);
    s3d_store_init(&f->store, &f->clock);
    f->bucket = s3d_store_add_bucket(&f->store, S3C_VIEW("bucket"));
    f->bucket->versioning = versioning;
}

static struct s3d_version *put(struct fixture *f, const char *key, const char *text)
{
    struct s3c_buf b = S3C_BUF_INIT(100);
    struct s3d_version *v;

    s3d_put_str(&b, text);
    v = s3d_version_new(&f->store, s3d_blob_steal(&b), NULL);
    s3d_store_add(f->bucket, s3c_view_str(key), v);
    return v;
}

/* "body body - body": newest first, '-' is a delete marker, '0' behind it a null version. */
static const char *versions(struct fixture *f, const char *key, char *dst, size_t size)
{
    size_t n = 0;

    dst[0] = 0;
    for (struct s3d_version *v = s3d_store_newest(f->bucket, s3c_view_str(key)); v; v = v->older)
        n += (size_t)snprintf(dst + n, size - n, "%s%.*s%s", n ? " " : "",
                              v->blob ? (int)v->blob->len : 1, v->blob ? v->blob->data : "-",
                              v->is_null ? "0" : "");
    return dst;
}

static void keys_stay_sorted(void **state)
{
    enum { N = 5000 };
    struct fixture f;
    struct s3d_cursor c;
    char key[16], last[16] = "";
    unsigned seen = 0;

    (void)state;
    set_up(&f, S3D_UNVERSIONED);
    for (unsigned i = 0; i < N; i++) {
        snprintf(key, sizeof key, "%05u",
                 i * 7919 % N); /* 7919 is prime: every number once, in no order */
        put(&f, key, "x");
    }
    assert_int_equal(f.bucket->keys.count, N);
    for (unsigned i = 0; i < N; i += 2) {
        snprintf(key, sizeof key, "%05u", i);
        assert_null(s3d_store_delete(&f.store, f.bucket, s3c_view_str(key)));
    }
    c = s3d_keymap_seek(&f.bucket->keys, S3C_VIEW(""), false);
    for (struct s3d_object *o; (o = s3d_cursor_get(&c)) != NULL; s3d_cursor_next(&c), seen++) {
        snprintf(key, sizeof key, "%.*s", (int)o->len, o->key);
        assert_true(strcmp(key, last) > 0);
        assert_int_equal(strtoul(key, NULL, 10) % 2, 1);
        snprintf(last, sizeof last, "%s", key);
    }
    assert_int_equal(seen, N / 2);
    s3d_store_clear(&f.store);
}

static void seeks_find_the_place(void **state)
{
    struct fixture f;
    struct s3d_cursor c;

    (void)state;
    set_up(&f, S3D_UNVERSIONED);
    put(&f, "a", "");
    put(&f, "a/1", "");
    put(&f, "a/2", "");
    put(&f, "b", "");
    c = s3d_keymap_seek(&f.bucket->keys, S3C_VIEW("a"), true);
    CHECK_VIEW(s3d_object_key(s3d_cursor_get(&c)), "a/1");
    c = s3d_keymap_seek(&f.bucket->keys, S3C_VIEW("a/11"), false);
    CHECK_VIEW(s3d_object_key(s3d_cursor_get(&c)), "a/2");
    c = s3d_keymap_seek_past(&f.bucket->keys, S3C_VIEW("a/"));
    CHECK_VIEW(s3d_object_key(s3d_cursor_get(&c)), "b");
    c = s3d_keymap_seek_past(&f.bucket->keys, S3C_VIEW("\xff\xff"));
    assert_null(s3d_cursor_get(&c));
    c = s3d_keymap_seek(&f.bucket->keys, S3C_VIEW("b"), true);
    assert_null(s3d_cursor_get(&c));
    s3d_store_clear(&f.store);
}

static void versions_follow_the_buckets_state(void **state)
{
    struct fixture f;
    char text[200];

    (void)state;
    set_up(&f, S3D_UNVERSIONED);
    put(&f, "k", "a");
    put(&f, "k", "b");
    assert_string_equal(versions(&f, "k", text, sizeof text), "b0");
    f.bucket->versioning = S3D_ENABLED;
    put(&f, "k", "c");
    assert_non_null(s3d_store_delete(&f.store, f.bucket, S3C_VIEW("k")));
    assert_string_equal(versions(&f, "k", text, sizeof text), "- c b0");
    f.bucket->versioning = S3D_SUSPENDED;
    put(&f, "k", "d");
    assert_string_equal(versions(&f, "k", text, sizeof text), "d0 - c");
    assert_non_null(s3d_store_delete(&f.store, f.bucket, S3C_VIEW("k")));
    assert_string_equal(versions(&f, "k", text, sizeof text), "-0 - c");
    s3d_store_clear(&f.store);
}

static void versions_are_removed_by_id(void **state)
{
    struct fixture f;
    char text[200], id[S3D_VERSION_ID_LEN];
    bool marker = true;

    (void)state;
    set_up(&f, S3D_ENABLED);
    put(&f, "k", "a");
    s3d_write_version_id(id, put(&f, "k", "b"));
    put(&f, "k", "c");
    assert_true(s3d_store_delete_version(f.bucket, S3C_VIEW("k"), (struct s3c_view){id, sizeof id},
                                         &marker));
    assert_false(marker);
    assert_string_equal(versions(&f, "k", text, sizeof text), "c a");
    assert_false(s3d_store_delete_version(f.bucket, S3C_VIEW("k"), (struct s3c_view){id, sizeof id},
                                          &marker));
    assert_false(s3d_store_delete_version(f.bucket, S3C_VIEW("k"), S3C_VIEW("null"), &marker));
    while (s3d_store_newest(f.bucket, S3C_VIEW("k"))) {
        s3d_write_version_id(id, s3d_store_newest(f.bucket, S3C_VIEW("k")));
        assert_true(s3d_store_delete_version(f.bucket, S3C_VIEW("k"),
                                             (struct s3c_view){id, sizeof id}, &marker));
    }
    assert_int_equal(f.bucket->keys.count, 0);
    s3d_store_clear(&f.store);
}

static void version_ids_hold_their_order(void **state)
{
    struct s3d_version v = {.order = 0};
    char id[S3D_VERSION_ID_LEN];
    uint64_t order;

    (void)state;
    for (uint64_t n = 1; n < UINT64_C(1) << 62; n = n * 5 + 1) {
        v.order = n;
        s3d_write_version_id(id, &v);
        assert_true(s3d_version_id_order((struct s3c_view){id, sizeof id}, &order));
        assert_true(order == n);
        id[31] = id[31] == 'A' ? 'B' : 'A';
        assert_false(s3d_version_id_order((struct s3c_view){id, sizeof id}, &order));
    }
    assert_false(s3d_version_id_order(S3C_VIEW("null"), &order));
    assert_false(s3d_version_id_order(S3C_VIEW(""), &order));
}

static void uploads_are_dated_as_told(void **state)
{
    struct fixture f;
    char text[200];

    (void)state;
    for (int at_initiation = 0; at_initiation < 2; at_initiation++) {
        struct s3c_buf part = S3C_BUF_INIT(100);
        struct s3d_upload *u;
        struct s3d_part *parts[1];
        struct s3d_version *v;

        set_up(&f, S3D_ENABLED);
        u = s3d_upload_new(&f.store, f.bucket, S3C_VIEW("k"), NULL);
        S3D_PUT(&part, "upload");
        parts[0] = s3d_upload_put(&f.store, u, 1, s3d_blob_steal(&part));
        f.clock.virtual_ns += S3C_NS_PER_SEC;
        put(&f, "k", "between");
        v = s3d_upload_join(&f.store, u, parts, 1, at_initiation);
        s3d_upload_drop(f.bucket, u);
        s3d_store_add(f.bucket, S3C_VIEW("k"), v);
        assert_string_equal(versions(&f, "k", text, sizeof text),
                            at_initiation ? "between upload" : "upload between");
        assert_int_equal(v->modified_ns - S3D_VIRTUAL_START, at_initiation ? 0 : S3C_NS_PER_SEC);
        s3d_store_clear(&f.store);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(keys_stay_sorted),
        CHECK_TEST(seeks_find_the_place),
        CHECK_TEST(versions_follow_the_buckets_state),
        CHECK_TEST(versions_are_removed_by_id),
        CHECK_TEST(version_ids_hold_their_order),
        CHECK_TEST(uploads_are_dated_as_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
