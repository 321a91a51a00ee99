/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as keys: a folder has `template`; `value` (metadata v), `payload` and `position` where the record has them; and `key`, the
 * key of its file, or `error`, a part of the reason why it has none.
 */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "record/template.h"
#include "vectors.h"

static struct s3c_view text_of(const struct check_vector *v, const char *file)
{
    size_t n = 0;
    char *p = check_vector_read(v, file, &n);

    return (struct s3c_view){p, n};
}

static void check_record(const struct check_vector *v, const struct s3c_template *t,
                         const struct s3c_record *r)
{
    struct s3c_view key = text_of(v, "key"), error = text_of(v, "error");
    struct s3c_buf partition = S3C_BUF_INIT(4096), out = S3C_BUF_INIT(S3C_KEY_MAX);
    struct s3c_template_file f = {
        .name = S3C_VIEW("NAME"), .position = r->position, .extension = "json"};
    struct s3c_error err;
    int rc = s3c_template_partition(t, r, 0, &partition, &err);

    if (error.ptr) {
        CHECK_CODE(rc, S3C_E_RECORD);
        CHECK_HAS(err.message, error.ptr);
    } else {
        CHECK_OK(rc, &err);
        f.partition = s3c_buf_view(&partition);
        CHECK_OK(s3c_template_render(t, &f, &out), NULL);
        CHECK_VIEW(s3c_buf_view(&out), key.ptr);
    }
    s3c_buf_done(&partition);
    s3c_buf_done(&out);
    free((char *)key.ptr);
    free((char *)error.ptr);
}

static void check_vector(const struct check_vector *v)
{
    struct s3c_view text = text_of(v, "template"), value = text_of(v, "value"),
                    payload = text_of(v, "payload"), position = text_of(v, "position");
    struct check_guard guard = check_guard_new(payload.ptr, payload.len);
    struct s3c_metadata metadata = {S3C_VIEW("v"), value};
    struct s3c_record r = {
        .position = position, .metadata = &metadata, .metadata_count = value.ptr ? 1 : 0};
    struct s3c_template *t = NULL;
    struct s3c_error err;

    if (payload.ptr)
        r.after = (struct s3c_data){S3C_DATA_RAW, {guard.ptr, guard.len}};
    CHECK_OK(s3c_template_parse(&t, text, s3c_view_str(""), false, &err), &err);
    check_record(v, t, &r);
    if (payload.len)
        assert_memory_equal(guard.ptr, payload.ptr, payload.len); /* it is only read */
    s3c_template_free(t);
    check_guard_free(&guard);
    free((char *)text.ptr);
    free((char *)value.ptr);
    free((char *)payload.ptr);
    free((char *)position.ptr);
}

static void values_become_keys(void **state)
{
    (void)state;
    check_each_vector("template", check_vector);
}

int main(void)
{
    const struct CMUnitTest tests[] = {CHECK_TEST(values_become_keys)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
