/* SPDX-License-Identifier: Apache-2.0 */
#include "scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
    if (ok)
        return;
    perror(what);
    abort();
}

void scratch_begin(struct scratch *s, const char *name)
{
    (void)snprintf(s->folder, sizeof(s->folder), "/tmp/s3c-test-XXXXXX");
    must(mkdtemp(s->folder) != NULL, "mkdtemp");
    (void)snprintf(s->path, sizeof(s->path), "%s/%s", s->folder, name);
}

static int each(const char *folder, int remove_it)
{
    DIR *d = opendir(folder);
    char path[512];
    int n = 0;

    for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        n++;
        (void)snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (remove_it)
            (void)unlink(path);
    }
    if (d)
        (void)closedir(d);
    return n;
}

void scratch_end(struct scratch *s)
{
    (void)each(s->folder, 1);
    (void)rmdir(s->folder);
}

int scratch_count(const char *folder)
{
    return each(folder, 0);
}

void scratch_write(const char *path, const void *p, size_t n)
{
    FILE *f = fopen(path, "w");

    must(f != NULL, path);
    must(fwrite(p, 1, n, f) == n && fclose(f) == 0, path);
}

size_t scratch_read(const char *path, char *dst, size_t size)
{
    FILE *f = fopen(path, "r");
    size_t n;

    must(f != NULL, path);
    n = fread(dst, 1, size - 1, f);
    dst[n] = '\0';
    (void)fclose(f);
    return n;
}
