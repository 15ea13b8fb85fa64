/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz_inotify and fuzz_fanotify watch: a tree that does not change, whatever the
 * events say. When everything has been looked at again it has to be known as it is; and
 * no callback names a directory that is not.
 */
#ifndef ZC_FUZZ_WATCH_PLACE_H
#define ZC_FUZZ_WATCH_PLACE_H

#include "watch/internal.h"
#include "watch/watch.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND_NS ((int64_t)1000000000)

static const char *const dirs[] = {"a", "a/b", "a/b/c", "d"};
static const char *const names[] = {"a", "b", "c", "d", "file", "new", ".zcsync",
                                    "..", NULL /* of 255 bytes */, ""};
static char root[64], longest[256];
static struct zc_watch *watch; /* the one at work */

static inline const char *name_of(uint8_t number)
{
    const char *name = names[number % ZC_ARRAY_LEN(names)];
    return name ? name : longest;
}

static inline void remove_tree(void)
{
    char path[128];
    for (size_t i = ZC_ARRAY_LEN(dirs); i-- > 0;) {
        snprintf(path, sizeof path, "%s/%s", root, dirs[i]);
        rmdir(path);
    }
    rmdir(root);
}

static inline void make_tree(void)
{
    char path[128];
    strcpy(root, "/tmp/zcsync-fuzz-XXXXXX");
    if (!mkdtemp(root))
        abort();
    atexit(remove_tree);
    for (size_t i = 0; i < ZC_ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof path, "%s/%s", root, dirs[i]);
        if (mkdir(path, 0755))
            abort();
    }
    memset(longest, 'x', sizeof longest - 1);
}

/* DIR is one that has a path. */
static inline void known(void *arg, zc_wdir dir)
{
    struct zc_buf path = ZC_BUF_INIT;
    (void)arg;
    if (!zc_watch_path(watch, dir, &path))
        abort();
    zc_buf_fini(&path);
}

static inline void changed(void *arg, zc_wdir dir, const char *name, size_t n,
                           unsigned what)
{
    if (!what || memchr(name, '/', n))
        abort();
    known(arg, dir);
}

static inline void renamed(void *arg, zc_wdir from, const char *from_name,
                           size_t from_n, zc_wdir to, const char *to_name,
                           size_t to_n, bool is_dir)
{
    (void)is_dir;
    if (!from_n || !to_n || !*from_name || !*to_name)
        abort();
    known(arg, from);
    known(arg, to);
}

static inline void removed(void *arg, zc_wdir dir)
{
    (void)arg;
    if (dir == ZC_WDIR_ROOT)
        abort();
}

static inline void gone(void *arg, const char *why)
{
    (void)arg;
    if (!*why)
        abort();
}

static inline void scan(struct zc_watch *w)
{
    while (!w->gone && !zc_watch_scan(w, 100))
        ;
}

/* False: there are no more watches. */
static inline bool begin_watch(void)
{
    struct zc_err err;
    if (!root[0])
        make_tree();
    const struct zc_watch_options opt = {.root = root,
                                         .kind = ZC_WATCH_INOTIFY};
    const struct zc_watch_events events = {
        .changed = changed, .renamed = renamed, .in_doubt = known,
        .removed = removed, .gone = gone};
    watch = zc_watch_new(&opt, &events, &err);
    return watch != NULL;
}

static inline void end_watch(void)
{
    struct zc_watch *w = watch;
    if (!w->gone)
        zc_watch_flush(w);
    scan(w);
    if (!w->gone)
        zc_watch_verify(w);
    scan(w);
    for (size_t i = 0; i < ZC_ARRAY_LEN(dirs) && !w->gone; i++)
        if (zc_watch_lookup(w, dirs[i]) == ZC_WDIR_NONE)
            abort();
    zc_watch_free(w);
}

#endif
