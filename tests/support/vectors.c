/* SPDX-License-Identifier: Apache-2.0 */
#include "vectors.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static int no_dot_files(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

void check_each_vector(const char *suite, void (*fn)(const struct check_vector *v))
{
    char root[512];
    struct dirent **entries;
    int n;

    (void)snprintf(root, sizeof(root), "%s/%s", CHECK_VECTORS, suite);
    n = scandir(root, &entries, no_dot_files, alphasort);
    if (n <= 0)
        fail_msg("no test vectors in %s", root);
    for (int i = 0; i < n; i++) {
        struct check_vector v = {.name = entries[i]->d_name};

        (void)snprintf(v.dir, sizeof(v.dir), "%s/%s", root, v.name);
        print_message("    %s/%s\n", suite, v.name);
        fn(&v);
        free(entries[i]);
    }
    free(entries);
}

char *check_vector_read(const struct check_vector *v, const char *file, size_t *ret_len)
{
    char path[1280];
    FILE *f;
    char *text;
    long len;

    (void)snprintf(path, sizeof(path), "%s/%s", v->dir, file);
    f = fopen(path, "rb");
    if (!f)
        return NULL;
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    len = ftell(f);
    rewind(f);
    text = malloc((size_t)len + 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)len, f), (size_t)len);
    text[len] = '\0';
    (void)fclose(f);
    *ret_len = (size_t)len;
    return text;
}
