/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What churn keeps in mind, and how it chooses: it remembers nothing of the
 * tree, but looks at the sorted entries of a random path each time.
 */
#ifndef CHURN_H
#define CHURN_H

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUF_SIZE (256 * 1024)
#define SMALL_MAX (64 * 1024) /* a version in one write */
#define DEPTH_MAX 8
#define LOGS 4 /* files that stay open for a long time */

struct churn {
    const char *root, *outside;
    uint64_t rng, version, serial, n_ops, entries, entries_max;
    unsigned char *buf;
    int logs[LOGS];
    bool is_root, links;
};

static inline void die(const char *what, const char *path)
{
    fprintf(stderr, "churn: %s %s: %s\n", what, path, strerror(errno));
    exit(2);
}

/* What happens when one's choice was not possible; anything else is the end. */
static inline void maybe(int rc, const char *what, const char *path)
{
    static const int fine[] = {ENOENT,    EEXIST, ENOTDIR, EISDIR, ENOTEMPTY,
                               EINVAL,    ELOOP,  EXDEV,   EMLINK, EACCES,
                               EPERM,     EBUSY,  ENODATA, ENXIO,
                               ENAMETOOLONG};
    if (rc >= 0)
        return;
    for (size_t i = 0; i < sizeof fine / sizeof fine[0]; i++) {
        if (errno == fine[i])
            return;
    }
    die(what, path);
}

static inline uint64_t rnd(struct churn *c, uint64_t below)
{
    c->rng ^= c->rng << 13;
    c->rng ^= c->rng >> 7;
    c->rng ^= c->rng << 17;
    return c->rng * 0x2545f4914f6cdd1dULL / 2 % below;
}

/* ---- choosing ------------------------------------------------------------ */

struct name {
    char name[NAME_MAX + 1];
    unsigned char type;
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->name,
                  ((const struct name *)b)->name);
}

/* The entries of PATH, sorted, so that a choice can be repeated. */
static inline struct name *list(const char *path, size_t *n)
{
    struct name *names = NULL;
    size_t room = 0;
    DIR *dir = opendir(path);

    *n = 0;
    if (!dir)
        return NULL;
    for (struct dirent *e; (e = readdir(dir));) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (*n == room) {
            room = room ? 2 * room : 32;
            names = realloc(names, room * sizeof *names);
            if (!names)
                abort();
        }
        snprintf(names[*n].name, sizeof names->name, "%s", e->d_name);
        names[(*n)++].type = e->d_type;
    }
    closedir(dir);
    if (names)
        qsort(names, *n, sizeof *names, by_name);
    return names;
}

/* A random directory below FROM, or itself, into PATH. */
static inline void pick_dir_at(struct churn *c, const char *from, char *path)
{
    snprintf(path, PATH_MAX, "%s", from);
    for (int depth = 0; depth < DEPTH_MAX && rnd(c, 4) > 0; depth++) {
        size_t n, dirs = 0;
        struct name *names = list(path, &n);
        for (size_t i = 0; i < n; i++) {
            if (names[i].type == DT_DIR)
                names[dirs++] = names[i];
        }
        if (dirs > 0) {
            size_t len = strlen(path);
            snprintf(path + len, PATH_MAX - len, "/%s",
                     names[rnd(c, dirs)].name);
        }
        free(names);
        if (dirs == 0)
            return;
    }
}

static inline void pick_dir(struct churn *c, char *path)
{
    pick_dir_at(c, c->root, path);
}

/* A random entry of TYPE (DT_UNKNOWN: any) into PATH; false: none was found. */
static inline bool pick(struct churn *c, unsigned char type, char *path)
{
    for (int attempt = 0; attempt < 4; attempt++) {
        size_t n, fit = 0;
        pick_dir(c, path);
        struct name *names = list(path, &n);
        for (size_t i = 0; i < n; i++) {
            if ((type == DT_UNKNOWN || names[i].type == type) &&
                names[i].name[0] != '.')
                names[fit++] = names[i];
        }
        if (fit > 0) {
            size_t len = strlen(path);
            snprintf(path + len, PATH_MAX - len, "/%s",
                     names[rnd(c, fit)].name);
        }
        free(names);
        if (fit > 0)
            return true;
    }
    return false;
}

/* A name in a random directory, one in three used before. */
static inline void pick_new(struct churn *c, char *path)
{
    static const char *const kinds[] = {"f", "file with blanks ", "\xc3\xa9",
                                        "new\nline", "x*?[]\\"};
    if (rnd(c, 3) == 0 && pick(c, DT_UNKNOWN, path))
        return;
    pick_dir(c, path);
    size_t len = strlen(path);
    uint64_t k = rnd(c, 20);
    snprintf(path + len, PATH_MAX - len, "/%s%llu", kinds[k < 5 ? k : 0],
             (unsigned long long)rnd(c, c->links ? 30 : 400));
}

/* A temporary name beside PATH. */
static inline void tmp_name(struct churn *c, const char *path, char *tmp)
{
    int dir = (int)(strrchr(path, '/') - path);
    snprintf(tmp, PATH_MAX, "%.*s/.tmp.%llu", dir, path,
             (unsigned long long)c->serial++);
}

/* Mostly small, with the odd lengths among them. */
static inline uint64_t pick_length(struct churn *c)
{
    static const uint64_t odd[] = {1, 63, 64, 65, 4095, 4096, 4097, SMALL_MAX};
    switch (rnd(c, 8)) {
    case 0:
        return odd[rnd(c, 8)];
    case 1:
        return 1 + rnd(c, SMALL_MAX);
    case 2:
        return 1 + rnd(c, 300);
    default:
        return 64 + rnd(c, 8000);
    }
}

#endif
