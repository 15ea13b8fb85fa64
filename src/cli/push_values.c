// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of options; see push_values.h. */
#include "cli/push_values.h"

#include "base/size.h"

#include <stdio.h>
#include <string.h>

int zc_value_fsync(const char *value, enum zc_fsync *mode, struct zc_err *err)
{
    if (zc_fsync_parse(value, mode) == 0)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--fsync: '%s' is none of none, batch, file, behind", value);
}

int zc_value_delta(const char *value, enum zc_delta *delta, struct zc_err *err)
{
    if (zc_delta_parse(value, delta) == 0)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--delta: '%s' is none of auto, aligned, off", value);
}

int zc_value_chown(struct zc_push_args *a, const char *value,
                   struct zc_err *err)
{
    if (zc_options_chown(&a->opt, &a->chown, value, err))
        return zc_err_prefix(err, "--chown");
    return 0;
}

/* A puller's peer is told in words. */
int zc_value_chmod(struct zc_push_args *a, const char *value,
                   struct zc_err *err)
{
    if (zc_chmod_add(&a->chmod, value, err))
        return -1;
    zc_auto_free char *before = a->chmod_text;
    if (asprintf(&a->chmod_text, "%s%s%s", before ? before : "",
                 before ? "," : "", value) < 0) {
        a->chmod_text = NULL;
        return zc_err_nomem(err);
    }
    if (strlen(a->chmod_text) > ZC_CHMOD_TEXT_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "--chmod: there is too much "
                                                 "of it");
    return 0;
}

int zc_value_size(const char *spelled, const char *value, uint64_t *out,
                  struct zc_err *err)
{
    if (zc_size_parse(value, 1, out) == 0)
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "%s: '%s' is not a size such as 1000, 1.5M or 100KB-1",
                      spelled, value);
}

int zc_value_bwlimit(const char *value, uint64_t *out, struct zc_err *err)
{
    *out = 0;
    if (value && zc_size_parse(value, ZC_KIB, out))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--bwlimit: '%s' is not a rate such as 800, 1.5M or "
                          "100KB",
                          value);
    return 0;
}


/* VALUE is one of the N names, whose number is *OUT. */
static int take_name(const char *option, const char *value,
                     const char *const names[], unsigned n, unsigned *out,
                     struct zc_err *err)
{
    char all[200] = "";
    for (unsigned i = 0; i < n; i++) {
        if (strcmp(value, names[i]) == 0) {
            *out = i;
            return 0;
        }
        size_t len = strlen(all);
        snprintf(all + len, sizeof all - len, "%s%s", i ? ", " : "", names[i]);
    }
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "%s: '%s' is none of %s", option,
                      value, all);
}

int zc_value_ssh_data(const char *value, enum zc_direct_way *way,
                      struct zc_err *err)
{
    unsigned n = *way;
    int r = take_name("--ssh-data", value, zc_direct_way_names, ZC_DIRECT_WAYS,
                      &n, err);
    *way = (enum zc_direct_way)n;
    return r;
}

int zc_value_watch(const char *value, enum zc_watch_kind *kind,
                   struct zc_err *err)
{
    static const char *const names[] = {
        [ZC_WATCH_AUTO] = "auto",
        [ZC_WATCH_INOTIFY] = "inotify",
        [ZC_WATCH_FANOTIFY] = "fanotify",
    };
    unsigned n = *kind;
    int r = take_name("--watch", value, names, ZC_ARRAY_LEN(names), &n, err);
    *kind = (enum zc_watch_kind)n;
    return r;
}

/* One of each: who asks for two would not notice that one is forgotten. */
static int twice(const char *option, const char *value, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "%s=%s: there can be one for src, one for dest and one "
                      "path", option, value);
}

int zc_value_require_mount(struct zc_push_args *a, const char *value,
                           struct zc_err *err)
{
    static const char option[] = "--require-mount";
    struct zc_require *src = &a->opt.require, *dest = &a->require_dest;
    bool is_src = strcmp(value, "src") == 0;
    if (is_src || strcmp(value, "dest") == 0) {
        (is_src ? src : dest)->mount = true;
        return 0;
    }
    if (*value != '/')
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: '%s' is none of src, dest and an absolute path",
                          option, value);
    if (src->mount_path)
        return twice(option, value, err);
    return zc_require_take_mount(src, value, err) ||
                   zc_require_take_mount(dest, value, err)
               ? -1
               : 0;
}

int zc_value_require_file(struct zc_push_args *a, const char *value,
                          struct zc_err *err)
{
    static const char option[] = "--require-file";
    struct zc_require *q[] = {&a->opt.require, &a->require_dest};
    static const char *const sides[] = {"src:", "dest:"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(q); i++) {
        size_t n = strlen(sides[i]);
        bool it = strncmp(value, sides[i], n) == 0 && value[n] != '/';
        if (!it && *value != '/')
            continue;
        if (q[i]->file)
            return twice(option, value, err);
        if (zc_require_take_file(q[i], it ? value + n : value, err))
            return zc_err_prefix(err, option);
        if (it)
            return 0;
    }
    return *value == '/'
               ? 0
               : zc_err_set(err, ZC_EXIT_USAGE, 0,
                            "%s: '%s' is none of src:NAME, dest:NAME and an "
                            "absolute path", option, value);
}

int zc_value_port(struct zc_push_args *a, const char *value, struct zc_err *err)
{
    uint64_t n;
    if (zc_opt_number("--port", value, UINT16_MAX, &n, err))
        return -1;
    if (!n)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "--port: 0 is no port");
    a->port = value;
    return 0;
}

int zc_value_window(struct zc_push_args *a, const char *value,
                    struct zc_err *err)
{
    if (!zc_options_window(&a->opt, value))
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--modify-window: '%s' is not a number of seconds, nor -1",
                      value);
}

int zc_value_compare(const char *value, unsigned *every_s, struct zc_err *err)
{
    if (!zc_interval_parse(value, every_s))
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--compare: '%s' is none of never, hourly, daily, weekly, "
                      "nor a time such as 6h or 90m", value);
}

int zc_value_mover(const char *value, enum zc_mover_kind *mover,
                   struct zc_err *err)
{
    if (!zc_mover_parse(value, mover))
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "--mover: '%s' is none of " ZC_MOVER_NAMES, value);
}

static size_t n_texts(const struct zc_buf *texts)
{
    size_t n = 0;
    for (size_t i = 0; i < texts->len; i++)
        n += !texts->data[i];
    return n;
}

int zc_value_alternate(struct zc_push_args *a, enum zc_alternate kind,
                       const char *spelled, const char *value,
                       struct zc_err *err)
{
    size_t n = strlen(value);
    if (!n)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "%s: DIR is empty", spelled);
    if (a->opt.alternate && a->opt.alternate != kind)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--compare-dest, --copy-dest and --link-dest cannot "
                          "be mixed");
    if (n_texts(&a->alternates) == ZC_ALTERNATES_MAX ||
        a->alternates.len + n > ZC_PATH_TEXT_MAX - 1)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: no more than %d directories can be named",
                          spelled, ZC_ALTERNATES_MAX);
    zc_buf_put(&a->alternates, value, n + 1);
    if (a->alternates.failed)
        return zc_err_nomem(err);
    a->opt.alternate = kind;
    a->opt.alternates =
        (struct zc_bytes){a->alternates.data, a->alternates.len};
    a->opt.apply |= ZC_APPLY_ALTERNATES;
    return 0;
}
