/* SPDX-License-Identifier: Apache-2.0 */
/* Lines NAME=VALUE as the environment that a host gives its plugin: refused with one line of text, or limits and ports that can be used. */
#include "fuzz.h"

#include <string.h>

#include "plugin/process.h"

struct lines {
    char *text; /* NUL after each line, one more at the end */
    size_t len;
};

static const char *find(void *ctx, const char *name)
{
    const struct lines *l = ctx;
    size_t n = strlen(name);

    for (const char *p = l->text; p < l->text + l->len; p += strlen(p) + 1)
        if (strncmp(p, name, n) == 0 && p[n] == '=')
            return p + n + 1;
    return NULL;
}

static void require_usable(const struct process_env *e)
{
    require(e->utilities_target && e->token && e->connector_id && e->log_level);
    require(e->socket_dir && *e->socket_dir && e->socket_group);
    require(e->max_receive > 0 && e->max_receive <= INT32_MAX);
    require(e->min_port > 0 && e->min_port <= UINT16_MAX);
    require(e->max_port > 0 && e->max_port <= UINT16_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lines l = {.text = malloc(size + 1), .len = size};
    struct process p;
    struct s3c_error err;
    int r;

    require(l.text != NULL);
    memcpy(l.text, data, size);
    l.text[size] = '\0';
    for (char *at = l.text; (at = memchr(at, '\n', (size_t)(l.text + size - at))) != NULL;)
        *at = '\0';
    r = process_init(&p, find, &l, &err);
    require(r == 0 || r == S3C_E_INVALID);
    if (r == 0) {
        require_usable(&p.env);
        process_done(&p);
    } else {
        require(*err.message && strlen(err.message) < sizeof(err.message));
    }
    free(l.text);
    return 0;
}
