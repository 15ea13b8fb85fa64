// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A main() for the fuzz targets where libFuzzer is not linked: it gives every
 * file named on the command line, and every file in the directories named
 * there, to the target once.  `make check` replays the seeds this way, with
 * any compiler and with the sanitizers of the build; a crash that a fuzzer
 * found is replayed with `tests/fuzz/fuzz_NAME FILE`.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t replayed;

/* The input is copied into a block of its exact size, so that a sanitizer
 * sees a read of even one byte too many. */
static int replay_bytes(FILE *in, size_t size)
{
    uint8_t *data = malloc(size > 0 ? size : 1);

    if (data == NULL)
        return -1;
    if (fread(data, 1, size, in) != size) {
        free(data);
        return -1;
    }
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

static int replay_file(const char *path, const struct stat *st)
{
    FILE *in = fopen(path, "rb");

    if (in == NULL)
        return -1;
    int result = replay_bytes(in, (size_t)st->st_size);
    fclose(in);
    return result;
}

static int replay(const char *path);

static int replay_directory(const char *path)
{
    DIR *dir = opendir(path);
    int result = 0;
    struct dirent *entry;

    if (dir == NULL) {
        perror(path);
        return -1;
    }
    while (result == 0 && (entry = readdir(dir)) != NULL) {
        char *name;

        if (entry->d_name[0] == '.')
            continue;
        if (asprintf(&name, "%s/%s", path, entry->d_name) < 0) {
            perror(path);
            result = -1;
            break;
        }
        result = replay(name);
        free(name);
    }
    closedir(dir);
    return result;
}

static int replay(const char *path)
{
    struct stat st;

    if (stat(path, &st) == 0) {
        if (S_ISDIR(st.st_mode))
            return replay_directory(path);
        if (replay_file(path, &st) == 0)
            return 0;
    }
    perror(path);
    return -1;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (replay(argv[i]) < 0)
            return 1;
    }
    printf("replayed %zu inputs\n", replayed);
    return 0;
}
