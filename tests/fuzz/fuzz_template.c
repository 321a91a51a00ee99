/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any template that is accepted gives, for any record, a key or a reason; and whatever the record holds, the key has the folders of the template and
 * nothing that a tool could trip over. Input: flags, the lengths of template, value and position, these three, and the payload.
 */
#include "fuzz.h"

#include <string.h>

#include "base/view.h"
#include "record/template.h"

#define PREFIX    "p/q"
#define EXTENSION "json.gz"

struct input {
    struct s3c_view rest;
    bool write_once;
    struct s3c_view text, value, position, payload;
};

static struct s3c_view cut(struct s3c_view *rest, size_t n)
{
    struct s3c_view v = s3c_view_first(*rest, n < rest->len ? n : rest->len);

    *rest = s3c_view_skip(*rest, v.len);
    return v;
}

static void require_plain_folders(struct s3c_view key)
{
    struct s3c_view folder, rest = key;
    bool more = true;

    require(key.len > 0 && key.len <= S3C_KEY_MAX && s3c_utf8_valid(key));
    for (size_t i = 0; i < key.len; i++)
        require((unsigned char)key.ptr[i] >= 0x20 && key.ptr[i] != 0x7f);
    while (more) {
        more = s3c_view_split(rest, '/', &folder, &rest);
        if (!more)
            folder = rest;
        require(folder.len > 0);
        require(!s3c_view_eq_str(folder, ".") && !s3c_view_eq_str(folder, ".."));
    }
}

static size_t slashes(struct s3c_view key)
{
    size_t n = 0;

    for (size_t i = 0; i < key.len; i++)
        n += key.ptr[i] == '/';
    return n;
}

/* False: the record's values are too long. */
static bool name_file(const struct s3c_template *t, const struct s3c_record *r,
                      struct s3c_buf *partition, struct s3c_buf *key)
{
    struct s3c_template_file f = {.name = S3C_VIEW("20261123T140001.5Z-0a1b2c3d-000001"),
                                  .position = r->position,
                                  .extension = EXTENSION,
                                  .wall_ns = 1795442401123456789,
                                  .shard = 12};
    struct s3c_error err;
    int rc = s3c_template_partition(t, r, -1, partition, &err);

    require(rc == 0 || (rc == S3C_E_RECORD && partition->len == 0));
    require(s3c_template_divides(t) || partition->len == 0);
    if (rc < 0)
        return false;
    f.partition = s3c_buf_view(partition);
    require(s3c_template_render(t, &f, key) == 0);
    require_plain_folders(s3c_buf_view(key));
    require(s3c_view_starts(s3c_buf_view(key), s3c_template_start(t)));
    return true;
}

static void check_records(const struct s3c_template *t, const struct input *in)
{
    const struct s3c_metadata metadata[] = {{S3C_VIEW("opencdc.createdAt"), in->value},
                                            {S3C_VIEW("v"), in->value}};
    struct s3c_record bare = {0}, full = {.position = in->position,
                                          .metadata = metadata,
                                          .metadata_count = 2,
                                          .after = {S3C_DATA_RAW, in->payload}};
    struct s3c_buf partition = S3C_BUF_INIT(1 << 20), again = S3C_BUF_INIT(1 << 20),
                   key = S3C_BUF_INIT(1 << 20), plain = S3C_BUF_INIT(1 << 20);

    require(name_file(t, &bare, &partition, &plain));
    s3c_buf_clear(&partition);
    if (name_file(t, &full, &partition, &key)) {
        size_t begin = (key.len - sizeof(EXTENSION)) * (in->value.len % 8) / 7;

        require(s3c_template_may_begin(t, s3c_view_first(s3c_buf_view(&key), begin)));
        require(in->write_once || slashes(s3c_buf_view(&key)) == slashes(s3c_buf_view(&plain)));
        require(s3c_template_partition(t, &full, -1, &again, NULL) == 0);
        require(s3c_view_eq(s3c_buf_view(&again), s3c_buf_view(&partition)));
    }
    s3c_buf_done(&partition);
    s3c_buf_done(&again);
    s3c_buf_done(&key);
    s3c_buf_done(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {.rest = {(const char *)data + 4, size - 4}};
    struct s3c_template *t = NULL;
    struct s3c_error err;
    char *payload;
    int rc;

    if (size < 4)
        return 0;
    in.write_once = data[0] & 1;
    in.text = cut(&in.rest, data[1]);
    in.value = cut(&in.rest, data[2]);
    in.position = cut(&in.rest, data[3]);
    payload = malloc(in.rest.len ? in.rest.len : 1); /* of exactly its size */
    require(payload != NULL);
    if (in.rest.len)
        memcpy(payload, in.rest.ptr, in.rest.len);
    in.payload = (struct s3c_view){payload, in.rest.len};
    rc = s3c_template_parse(&t, in.text, S3C_VIEW(PREFIX), in.write_once, &err);
    require(rc == 0 || rc == S3C_E_INVALID);
    if (rc == 0)
        check_records(t, &in);
    s3c_template_free(t);
    free(payload);
    return 0;
}
