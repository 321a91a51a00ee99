/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over each file of a corpus folder, as an ordinary test. */
#include "fuzz.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

static int run_file(const char *path, size_t size)
{
    uint8_t *data = malloc(size ? size : 1);
    FILE *f = fopen(path, "rb");
    int ok = data && f && fread(data, 1, size, f) == size;

    if (f)
        fclose(f);
    if (ok) {
        printf("%s\n", path);
        fflush(stdout);
        LLVMFuzzerTestOneInput(data, size);
    } else {
        fprintf(stderr, "cannot read %s\n", path);
    }
    free(data);
    return ok ? 0 : -1;
}

int main(int argc, char **argv)
{
    DIR *dir = argc == 2 ? opendir(argv[1]) : NULL;
    const struct dirent *entry;
    int files = 0;

    if (!dir) {
        fprintf(stderr, "usage: replay CORPUS-FOLDER\n");
        return 2;
    }
    while ((entry = readdir(dir))) {
        char path[PATH_MAX];
        struct stat st;

        snprintf(path, sizeof(path), "%s/%s", argv[1], entry->d_name);
        if (stat(path, &st) < 0 || !S_ISREG(st.st_mode))
            continue;
        if (run_file(path, (size_t)st.st_size) < 0)
            return 1;
        files++;
    }
    closedir(dir);
    printf("%d files\n", files);
    return files ? 0 : 1;
}
