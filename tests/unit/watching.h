/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of src/watch share: a watcher whose callbacks write down what
 * they are told, a line each. Include tap.h first.
 */
#ifndef ZC_TESTS_WATCHING_H
#define ZC_TESTS_WATCHING_H

#include "base/clock.h"
#include "scratch.h"
#include "watch/watch.h"

#include <poll.h>
#include <stdarg.h>

struct watching {
    struct zc_watch *w;
    struct zc_buf told; /* lines, NUL-ended */
    unsigned removed;
    char gone[512];
};

static inline const char *kind_name(enum zc_watch_kind kind)
{
    return kind == ZC_WATCH_FANOTIFY ? "fanotify" : "inotify";
}

static inline const char *path_in(const struct watching *t, zc_wdir d,
                                  const char *name, size_t n, char out[8192])
{
    struct zc_buf b = ZC_BUF_INIT;
    const char *path = zc_watch_path(t->w, d, &b);
    snprintf(out, 8192, "%s%s%.*s", path ? path : "?",
             path && *path && n ? "/" : "", (int)n, name);
    zc_buf_fini(&b);
    return out;
}

static inline void told_line(struct watching *t, const char *fmt, ...)
{
    char line[20000];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(line, sizeof line, fmt, args);
    va_end(args);
    zc_buf_put(&t->told, line, (size_t)n);
}

static inline void on_changed(void *arg, zc_wdir dir, const char *name,
                              size_t n, unsigned what)
{
    static const char letters[] = "DWMN*";
    struct watching *t = arg;
    char path[8192], flags[8] = "";
    for (unsigned i = 0, at = 0; i < 5; i++)
        if (what & 1u << i)
            flags[at++] = letters[i];
    told_line(t, "%s %s\n", flags, path_in(t, dir, name, n, path));
}

static inline void on_renamed(void *arg, zc_wdir from, const char *from_name,
                              size_t from_n, zc_wdir to, const char *to_name,
                              size_t to_n, bool is_dir)
{
    struct watching *t = arg;
    char a[8192], b[8192];
    told_line(t, "renamed %s -> %s%s\n",
              path_in(t, from, from_name, from_n, a),
              path_in(t, to, to_name, to_n, b), is_dir ? "/" : "");
}

static inline void on_doubt(void *arg, zc_wdir dir)
{
    struct watching *t = arg;
    char path[8192];
    told_line(t, "doubt %s\n", path_in(t, dir, "", 0, path));
}

static inline void on_removed(void *arg, zc_wdir dir)
{
    struct watching *t = arg;
    struct zc_buf b = ZC_BUF_INIT;
    t->removed++;
    if (zc_watch_path(t->w, dir, &b))
        told_line(t, "removed, and still known\n");
    zc_buf_fini(&b);
}

static inline void on_gone(void *arg, const char *why)
{
    struct watching *t = arg;
    snprintf(t->gone, sizeof t->gone, "%s", why);
}

static inline struct zc_watch_events recorder(struct watching *t)
{
    return (struct zc_watch_events){on_changed, on_renamed, on_doubt,
                                    on_removed, on_gone,    NULL,     t};
}

/* What was told since the last call; valid until something is told again. */
static inline const char *told_so_far(struct watching *t)
{
    zc_buf_u8(&t->told, 0);
    t->told.len = 0;
    return (const char *)t->told.data;
}

/* Until all that was done before is told. What others do on the same file
 * system may keep the queue from ever being empty. */
static inline void pump(struct zc_watch *w)
{
    do {
        uint64_t end = zc_watch_queued(w);
        while (!zc_watch_reached(w, end) && zc_watch_read(w))
            ;
        while (!zc_watch_scan(w, 100))
            ;
        zc_watch_flush(w);
    } while (zc_watch_scanning(w));
}

static inline const char *told(struct watching *t)
{
    pump(t->w);
    return told_so_far(t);
}

/* True when LINE is one of those in TEXT. */
static inline bool has_line(const char *text, const char *line)
{
    size_t n = strlen(line);
    for (const char *at = text; (at = strstr(at, line)); at++)
        if ((at == text || at[-1] == '\n') && at[n] == '\n')
            return true;
    return false;
}

static inline void watching_stop(struct watching *t)
{
    zc_watch_free(t->w);
    zc_buf_fini(&t->told);
    *t = (struct watching){0};
}

static inline bool watching_start(struct watching *t,
                                  const struct zc_watch_options *opt)
{
    struct zc_err err;
    *t = (struct watching){0};
    struct zc_watch_events events = recorder(t);
    t->w = zc_watch_new(opt, &events, &err);
    if (!t->w) {
        diag("%s", err.text);
        return false;
    }
    pump(t->w);
    return true;
}

/* fanotify can be used here, for "."; else WHY. */
static inline bool fanotify_works(struct zc_err *why)
{
    struct zc_watch_options opt = {.root = ".", .kind = ZC_WATCH_FANOTIFY};
    struct zc_watch_events none = {0};
    struct zc_watch *w = zc_watch_new(&opt, &none, why);
    zc_watch_free(w);
    return w != NULL;
}

/* A shell command; for setting a scene. */
static inline void sh(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
static inline void sh(const char *fmt, ...)
{
    char command[8192];
    va_list args;
    va_start(args, fmt);
    vsnprintf(command, sizeof command, fmt, args);
    va_end(args);
    if (system(command) != 0)
        diag("failed: %s", command);
}

#endif
