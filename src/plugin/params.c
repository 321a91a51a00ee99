/* SPDX-License-Identifier: Apache-2.0 */
#include "plugin/params.h"

#include "base/banned.h"
#include "base/error.h"
#include "base/view.h"
#include "grpc/pb.h"

#define MORE "\n(and more)"

/* An entry of the map; either half may be missing, which means that it is empty. */
static int set_entry(struct s3c_config *c, struct s3c_view entry, struct s3c_error *err)
{
    struct s3c_view half[2] = {{"", 0}, {"", 0}};
    struct pb_reader r;
    int n;

    pb_read(&r, entry);
    while ((n = pb_next(&r)) > 0)
        if (r.wire == PB_BYTES && (r.field == 1 || r.field == 2))
            half[r.field - 1] = r.bytes;
    if (n < 0)
        return n;
    return s3c_config_set(c, s3c_view_trim(half[0]), s3c_view_trim(half[1]), S3C_FROM_HOST, err);
}

static int set_all(struct s3c_config *c, struct s3c_view message, struct s3c_error *err)
{
    struct pb_reader r;
    int n;

    pb_read(&r, message);
    while ((n = pb_next(&r)) > 0) {
        if (r.field != 1 || r.wire != PB_BYTES)
            continue;
        n = set_entry(c, r.bytes, err);
        if (n < 0)
            break;
    }
    return n;
}

static int list_problems(struct s3c_buf *out, const struct s3c_config *c)
{
    size_t n = s3c_config_problem_count(c);
    int r = s3c_buf_add_str(out, "failed to parse configuration: config invalid: ");

    for (size_t i = 0; i < n && r == 0; i++) {
        const char *line = s3c_config_problem(c, i);
        if (out->len + strlen(line) + 1 + sizeof(MORE) > PARAMS_PROBLEMS_MAX) {
            r = s3c_buf_add_str(out, MORE);
            break;
        }
        if (i > 0)
            r = s3c_buf_add_char(out, '\n');
        if (r == 0)
            r = s3c_buf_add_str(out, line);
    }
    return r < 0 ? r : s3c_buf_terminate(out);
}

int params_parse(struct s3c_config **ret, enum s3c_side side, struct s3c_view message,
                 struct s3c_buf *problems, struct s3c_error *err)
{
    struct s3c_config *c;
    int r = s3c_config_new(&c, (unsigned)side | S3C_PLUGIN, err);

    if (r < 0)
        return r;
    r = set_all(c, message, err);
    if (r == 0)
        r = s3c_config_finish(c, err);
    if (r == S3C_E_INVALID && list_problems(problems, c) < 0)
        r = s3c_error_nomem(err);
    if (r < 0) {
        s3c_config_free(c);
        return r;
    }
    *ret = c;
    return 0;
}
