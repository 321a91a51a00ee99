/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of any bytes: path, query name and value, header name and value, separated by LF. What is signed is what is sent; nothing
 * breaks out of its line; signing again gives the same.
 */
#include "fuzz.h"

#include <string.h>

#include "base/view.h"
#include "s3/sigv4.h"

static struct s3c_view cut(struct s3c_view *rest)
{
    struct s3c_view head;

    if (s3c_view_split(*rest, '\n', &head, rest))
        return head;
    head = *rest;
    *rest = S3C_VIEW("");
    return head;
}

/* Lines 2 and 3 of the canonical request are path and query of the URL. */
static void require_wire(const struct s3c_signer *s, const char *url)
{
    struct s3c_view rest = s3c_signer_canonical(s), path, query, sent_path = s3c_view_str(url),
                    sent_query = S3C_VIEW("");

    (void)cut(&rest);
    path = cut(&rest);
    query = cut(&rest);
    (void)s3c_view_split(sent_path, '?', &sent_path, &sent_query);
    require(s3c_view_eq(path, sent_path) && s3c_view_eq(query, sent_query));
    for (; *url; url++)
        require(*url > ' ' && *url < 0x7f);
}

static void require_headers(const struct s3c_signed *out)
{
    require(out->header_count == 4);
    for (size_t i = 0; i < out->header_count; i++) {
        for (const char *p = out->headers[i]; *p; p++)
            require((unsigned char)*p >= ' ' && *p != 0x7f);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_view rest = {(const char *)data, size};
    const struct s3c_creds creds = {.access_key_id = S3C_VIEW("AK"),
                                    .secret_access_key = S3C_VIEW("SK")};
    struct s3c_buf path = S3C_BUF_INIT(SIZE_MAX), out = S3C_BUF_INIT(SIZE_MAX);
    struct s3c_sign_request r = {.method = S3C_VIEW("GET"),
                                 .host = S3C_VIEW("h"),
                                 .payload_hash = S3C_VIEW(S3C_UNSIGNED_PAYLOAD),
                                 .region = S3C_VIEW("r"),
                                 .creds = &creds,
                                 .time_ns = INT64_C(1700000000000000000)};
    struct s3c_pair query, header;
    struct s3c_signed first, second;
    struct s3c_signer *s;

    require(s3c_signer_new(&s, NULL) == 0);
    require(s3c_buf_add_char(&path, '/') == 0 && s3c_percent_encode(&path, cut(&rest), true) == 0);
    r.path = s3c_buf_view(&path);
    query = (struct s3c_pair){cut(&rest), S3C_VIEW("")};
    query.value = cut(&rest);
    header = (struct s3c_pair){cut(&rest), S3C_VIEW("")};
    header.value = cut(&rest);
    r.query = &query;
    r.query_count = 1;
    r.headers = &header;
    r.header_count = 1;
    if (header.name.len && s3c_sign(s, &r, &out, &first, NULL) == 0 &&
        !s3c_view_eq_nocase(header.name, S3C_VIEW("host"))) {
        char signature[65];

        require_wire(s, first.url);
        require_headers(&first);
        memcpy(signature, first.signature, sizeof signature);
        require(s3c_sign(s, &r, &out, &second, NULL) == 0 && !strcmp(signature, second.signature));
    }
    s3c_signer_free(s);
    s3c_buf_done(&path);
    s3c_buf_done(&out);
    return 0;
}
