// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is at DEST, in a few words; see glance.h. Two things speak for a copy of
 * SRC being meant that is going to be beside others: there is a directory of
 * SRC's name, which SRC itself has not, and it is empty or has names of SRC; or
 * there are things, and none of them has a name that SRC has, too.
 *
 * A directory with very many names is not told whole, and not judged by the
 * second: the brake holds such a deletion up.
 */
#include "session/glance.h"

#include "base/relpath.h"
#include "fs/require.h"
#include "fs/rootdir.h"
#include "tree/names.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* --- the end that has DEST --- */

static bool is_dir(int fd, const char *name)
{
    struct stat st;
    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(st.st_mode);
}

/* What belongs to zcsync or the file system is nobody's. */
static bool is_nobodys(const char *name)
{
    return strcmp(name, ZC_STAGING_NAME) == 0 ||
           strcmp(name, "lost+found") == 0 ||
           zc_name_is_nest(name, strlen(name));
}

/* Up to ZC_GLANCE_MAX bytes of the names in FD, but REQUIRED. False: there are
 * more. */
static bool put_names(int fd, const char *required, struct zc_buf *out)
{
    struct zc_names names;
    bool all = true;
    if (fd < 0 || zc_names_read(fd, &names))
        return true;
    for (size_t i = 0; i < names.len && all; i++) {
        const char *n = zc_names_at(&names, i);
        all = out->len + 2 + names.v[i].len <= ZC_GLANCE_MAX;
        if (!all || is_nobodys(n) || strcmp(n, required) == 0)
            continue;
        zc_buf_u8(out, names.v[i].type == DT_DIR);
        zc_buf_u8(out, names.v[i].len);
        zc_buf_put(out, n, names.v[i].len);
    }
    zc_names_fini(&names);
    return all;
}

void zc_glance_tell(int fd, const struct zc_require *require,
                    struct zc_bytes name, struct zc_glance *g,
                    struct zc_msg_opened *m)
{
    char ask[ZC_NAME_MAX + 1], kept[ZC_NAME_MAX + 1] = "";
    const char *file = require ? zc_require_file_below(require, "") : NULL;
    memcpy(ask, name.p, name.n);
    ask[name.n] = '\0';
    if (file)
        snprintf(kept, sizeof kept, "%.*s", (int)strcspn(file, "/"), file);
    m->glance = ZC_GLANCE_TOLD;
    if (!put_names(fd, kept, &g->names))
        m->glance |= ZC_GLANCE_MORE;
    zc_auto_close int inner = fd < 0 || !is_dir(fd, ask)
                                  ? -1
                                  : zc_root_open_dir(fd, ask);
    if (inner >= 0) {
        m->glance |= ZC_GLANCE_HAS_DIR;
        put_names(inner, "", &g->inner);
    }
    if (g->names.failed || g->inner.failed)
        m->glance |= ZC_GLANCE_MORE;
    m->names = (struct zc_bytes){g->names.data, g->names.len};
    m->inner = (struct zc_bytes){g->inner.data, g->inner.len};
}

void zc_glance_fini(struct zc_glance *g)
{
    zc_buf_fini(&g->names);
    zc_buf_fini(&g->inner);
}

bool zc_glance_empty(int fd)
{
    int dirfd = fd < 0 ? -1 : openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = dirfd < 0 ? NULL : fdopendir(dirfd);
    bool empty = true;
    if (!dir) {
        zc_close(&dirfd);
        return fd < 0;
    }
    errno = 0;
    for (struct dirent *e; empty && (e = readdir(dir));)
        empty = !strcmp(e->d_name, ".") || !strcmp(e->d_name, "..") ||
                is_nobodys(e->d_name);
    empty &= !errno;
    closedir(dir);
    return empty;
}

/* --- the end that asked --- */

/* SRC: a directory here, or what was told of it. */
struct src {
    int fd; /* -1: it is over there */
    const struct zc_msg_opened *told;
};

static bool src_empty(const struct src *s)
{
    struct zc_names names;
    if (s->fd < 0)
        return !s->told->names.n;
    if (zc_names_read(s->fd, &names))
        return true;
    bool empty = names.len == 0;
    zc_names_fini(&names);
    return empty;
}

static bool src_has_dir(const struct src *s, const char *name)
{
    return s->fd < 0 ? s->told->glance & ZC_GLANCE_HAS_DIR
                     : is_dir(s->fd, name);
}

/* In doubt, it has. */
static bool src_has(const struct src *s, const char *name)
{
    struct stat st;
    if (s->fd >= 0)
        return fstatat(s->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    struct zc_bytes names = s->told->names;
    struct zc_glance_name n;
    while (zc_glance_next(&names, &n))
        if (strcmp(n.name, name) == 0)
            return true;
    return s->told->glance & ZC_GLANCE_MORE;
}

static bool is_safe(const struct zc_options *opt, const char *name, bool dir)
{
    return opt->filter && zc_filter_protects(opt->filter, name, dir);
}

/* Of NAMES, how many SRC has, too, and how many are in danger. */
struct common {
    size_t both, lost;
};

static struct common look_at(const struct zc_options *opt, const struct src *s,
                             struct zc_bytes names)
{
    struct zc_glance_name n;
    struct common c = {0};
    while (zc_glance_next(&names, &n)) {
        c.both += src_has(s, n.name);
        c.lost += !is_safe(opt, n.name, n.dir);
    }
    return c;
}

/* THERE: what is at DEST. */
static int judge(const struct zc_options *opt, const struct src *s,
                 const struct zc_msg_opened *there, struct zc_err *err)
{
    if (src_empty(s)) /* the brake has something to say about that */
        return 0;
    struct common c = look_at(opt, s, there->names);
    bool strange = c.lost && !c.both && !(there->glance & ZC_GLANCE_MORE);
    bool nested = there->glance & ZC_GLANCE_HAS_DIR &&
                  !src_has_dir(s, opt->ask) && !is_safe(opt, opt->ask, true) &&
                  (strange || !there->inner.n ||
                   look_at(opt, s, there->inner).both);
    return nested || (strange && !opt->ask_nested)
               ? zc_err_set(err, ZC_EXIT_USAGE, 0, "%s", opt->question)
               : 0;
}

int zc_glance_judge(const struct zc_options *opt, const struct zc_msg_opened *m,
                    struct zc_err *err)
{
    if (!opt->ask || !(m->glance & ZC_GLANCE_TOLD))
        return 0;
    zc_auto_close int fd = zc_root_open(opt->src, err);
    return fd < 0 ? -1 : judge(opt, &(struct src){fd, NULL}, m, err);
}

int zc_glance_judge_own(const struct zc_options *opt,
                        const struct zc_msg_opened *m, struct zc_err *err)
{
    struct zc_glance g = ZC_GLANCE_INIT;
    struct zc_msg_opened own = {0};
    if (!opt->ask || !(m->glance & ZC_GLANCE_TOLD) || m->name.n)
        return 0;
    zc_auto_close int fd = open(opt->ask_dest,
                                O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const struct zc_bytes name = {(const uint8_t *)opt->ask, strlen(opt->ask)};
    zc_glance_tell(fd, NULL, name, &g, &own);
    int r = judge(opt, &(struct src){-1, m}, &own, err);
    zc_glance_fini(&g);
    return r;
}
