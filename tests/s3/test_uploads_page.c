/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of ListMultipartUploads against tests/vectors/uploads: page.xml in; `expected` has a line for each upload, and "end", "more" or the error. */
#include "check.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/view.h"
#include "s3/uploads_page.h"

static void print_page(struct s3c_buf *out, const struct s3c_uploads_page *p)
{
    for (size_t i = 0; i < p->count; i++) {
        CHECK_OK(s3c_percent_encode(out, p->entries[i].key, true), NULL);
        CHECK_OK(s3c_buf_addf(out, " %.*s\n", (int)p->entries[i].upload_id.len,
                              p->entries[i].upload_id.ptr),
                 NULL);
    }
    CHECK_OK(s3c_buf_add_str(out, p->truncated ? "more\n" : "end\n"), NULL);
}

static void check_vector(const struct check_vector *v)
{
    _cleanup_(s3c_buf_done) struct s3c_buf got = S3C_BUF_INIT(1u << 20);
    struct s3c_uploads_page page = S3C_UPLOADS_PAGE_INIT;
    struct s3c_error err = {0};
    size_t len;
    char *body = check_vector_read(v, "page.xml", &len), *expected;
    struct check_guard g = check_guard_new(body, len);

    if (s3c_uploads_page_parse(&page, g.ptr, g.len, &err) == 0)
        print_page(&got, &page);
    else
        CHECK_OK(s3c_buf_addf(&got, "error %s\n", err.message), NULL);
    expected = check_vector_read(v, "expected", &len);
    assert_non_null(expected);
    CHECK_VIEW(s3c_buf_view(&got), expected);
    s3c_uploads_page_done(&page);
    check_guard_free(&g);
    free(expected);
    free(body);
}

static void gives_what_each_vector_expects(void **state)
{
    (void)state;
    check_each_vector("uploads", check_vector);
}

static const char two[] =
    "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated><Upload><Key>a</Key><UploadId>1</UploadId></Upload>"
    "<Upload><UploadId>2</UploadId><Key>b</Key><Owner><ID>x</ID></Owner></Upload></ListMultipartUploadsResult>";

static void parse_prefix(void *ctx, char *p, size_t n)
{
    struct s3c_uploads_page page = S3C_UPLOADS_PAGE_INIT;
    int r = s3c_uploads_page_parse(&page, p, n, NULL);

    CHECK_CODE(r, n == sizeof(two) - 1 ? 0 : S3C_E_PROTOCOL);
    s3c_uploads_page_done(&page);
    *(size_t *)ctx += 1;
}

static void refuses_every_beginning_of_a_page(void **state)
{
    size_t prefixes = 0;

    (void)state;
    check_each_prefix(s3c_view_str(two), parse_prefix, &prefixes);
    assert_int_equal(prefixes, sizeof(two));
}

static void can_be_used_again(void **state)
{
    struct s3c_uploads_page page = S3C_UPLOADS_PAGE_INIT;
    char body[sizeof(two)], none[] = "<ListMultipartUploadsResult/>";

    (void)state;
    memcpy(body, two, sizeof(two));
    CHECK_OK(s3c_uploads_page_parse(&page, body, sizeof(two) - 1, NULL), NULL);
    assert_int_equal(page.count, 2);
    assert_true(page.truncated);
    CHECK_OK(s3c_uploads_page_parse(&page, none, sizeof(none) - 1, NULL), NULL);
    assert_int_equal(page.count, 0);
    assert_false(page.truncated);
    s3c_uploads_page_done(&page);
    s3c_uploads_page_done(&page);
}

static void survives_every_allocation_failure(void **state)
{
    (void)state;
    FOR_EACH_ALLOC_FAILURE
    {
        struct s3c_uploads_page page = S3C_UPLOADS_PAGE_INIT;
        char body[sizeof(two)];

        memcpy(body, two, sizeof(two));
        CHECK_CODE(s3c_uploads_page_parse(&page, body, sizeof(two) - 1, NULL),
                   check_alloc_failed() ? S3C_E_NOMEM : 0);
        s3c_uploads_page_done(&page);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHECK_TEST(gives_what_each_vector_expects),
        CHECK_TEST(refuses_every_beginning_of_a_page),
        CHECK_TEST(can_be_used_again),
        CHECK_TEST(survives_every_allocation_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
