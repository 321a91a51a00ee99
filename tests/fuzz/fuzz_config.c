/* SPDX-License-Identifier: Apache-2.0 */
/* Any config file ends in settings within their ranges, or in problems that are plain text. The first byte picks the side. */
#include "fuzz.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/view.h"
#include "config/config.h"

static const char *no_environment(void *ctx, const char *name)
{
    (void)ctx;
    (void)name;
    return NULL;
}

static void check_settings(const struct s3c_config *c)
{
    const struct s3c_settings *s = s3c_config_settings(c);

    require(s->bucket && s->region && s->prefix);
    require(s->memory_limit >= 1 << 20 && s->max_connections >= 1 && s->max_connections <= 4096);
    require(!s->access_key_id == !s->secret_access_key);
    if (c->side == S3C_SOURCE)
        require(s->polling_period_ns > 0 && s->settle_sec >= 1 && s->object_max_bytes >= 1);
    else
        require(s->buffer_size >= 1 && s->buffer_size <= 100000 && s->part_size >= 5 << 20 &&
                s->file_max_age_ns >= 0);
}

static void check_problems(const struct s3c_config *c)
{
    for (size_t i = 0; i < s3c_config_problem_count(c); i++) {
        const char *text = s3c_config_problem(c, i);
        require(*text != '\0');
        for (; *text; text++)
            require((unsigned char)*text >= 0x20);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct s3c_config *c = NULL;
    struct s3c_error err;
    char path[40];
    int fd, r;

    if (size == 0 || s3c_config_new(&c, (data[0] & 1) ? S3C_DESTINATION : S3C_SOURCE, &err) < 0)
        return 0;
    s3c_config_set_env(c, no_environment, NULL);
    fd = memfd_create("config", MFD_CLOEXEC);
    require(fd >= 0 && write(fd, data + 1, size - 1) == (ssize_t)(size - 1));
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = s3c_config_read_file(c, path, &err);
    require(r == 0 || r == S3C_E_INVALID || r == S3C_E_TOO_LARGE);
    r = s3c_config_finish(c, &err);
    require((r == 0) == (s3c_config_problem_count(c) == 0));
    if (r == 0)
        check_settings(c);
    check_problems(c);
    (void)close(fd);
    s3c_config_free(c);
    return 0;
}
