/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings that a host sends: any bytes end in settings, in problems that can travel as a status text and hold no secret, or in what is no
 * protobuf. The first byte picks the side.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/view.h"
#include "grpc/pb.h"
#include "plugin/params.h"

#define SECRET_MIN 12 /* shorter ones are found in other texts by chance */

static size_t occurrences(struct s3c_view text, struct s3c_view part)
{
    size_t n = 0;

    for (const char *p = text.ptr; text.len >= part.len; p++, text.len--)
        n += memcmp(p, part.ptr, part.len) == 0;
    return n;
}

/* The value of an entry that is a secret; {NULL, 0}: it is none. */
static struct s3c_view secret_of(struct s3c_view entry)
{
    struct s3c_view half[2] = {{"", 0}, {"", 0}};
    struct pb_reader r;

    pb_read(&r, entry);
    while (pb_next(&r) > 0)
        if (r.wire == PB_BYTES && (r.field == 1 || r.field == 2))
            half[r.field - 1] = r.bytes;
    half[0] = s3c_view_trim(half[0]);
    if (s3c_view_eq_str(half[0], "aws.secret-access-key") ||
        s3c_view_eq_str(half[0], "aws.session-token"))
        return s3c_view_trim(half[1]);
    return (struct s3c_view){NULL, 0};
}

static void require_no_secret(struct s3c_view message, struct s3c_view text)
{
    struct pb_reader r;

    pb_read(&r, message);
    while (pb_next(&r) > 0) {
        struct s3c_view secret = r.wire == PB_BYTES ? secret_of(r.bytes) : (struct s3c_view){0};

        if (secret.len >= SECRET_MIN && occurrences(message, secret) == 1)
            require(occurrences(text, secret) == 0);
    }
}

static void require_problems(struct s3c_view message, const struct s3c_buf *problems)
{
    struct s3c_view text = s3c_buf_view(problems);

    require(strlen(problems->ptr) == text.len && text.len < PARAMS_PROBLEMS_MAX);
    require(s3c_view_starts(text, S3C_VIEW("failed to parse configuration: config invalid: ")));
    require(s3c_utf8_valid(text));
    for (size_t i = 0; i < text.len; i++)
        require((unsigned char)text.ptr[i] >= 0x20 || text.ptr[i] == '\n');
    require_no_secret(message, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_buf problems = S3C_BUF_INIT(PARAMS_PROBLEMS_MAX);
    struct s3c_config *c = NULL;
    struct s3c_view message;
    struct s3c_error err;
    char *copy;
    int r;

    if (size == 0)
        return 0;
    copy = malloc(size); /* of exactly this size, less the first */
    require(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    copy = realloc(copy, size > 1 ? size - 1 : 1);
    message = (struct s3c_view){copy, size - 1};
    r = params_parse(&c, (data[0] & 1) ? S3C_DESTINATION : S3C_SOURCE, message, &problems, &err);
    require(r == 0 || r == S3C_E_PROTOCOL || r == S3C_E_INVALID);
    require((r == 0) == (c != NULL));
    if (r == S3C_E_INVALID)
        require_problems(message, &problems);
    s3c_config_free(c);
    s3c_buf_done(&problems);
    free(copy);
    return 0;
}
