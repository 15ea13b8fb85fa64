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

/* ---- The end that has DEST ----------------------------------------------- */

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

/* ---- The end that has SRC ------------------------------------------------- */

static bool is_empty(int fd)
{
    struct zc_names names;
    if (zc_names_read(fd, &names))
        return true;
    bool empty = names.len == 0;
    zc_names_fini(&names);
    return empty;
}

static bool is_there(int fd, const char *name)
{
    struct stat st;
    return fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool is_safe(const struct zc_options *opt, const char *name, bool dir)
{
    return opt->filter && zc_filter_protects(opt->filter, name, dir);
}

/* Of NAMES, how many SRC has, too, and how many are in danger. */
struct common {
    size_t both, lost;
};

static struct common look_at(const struct zc_options *opt, int src,
                             struct zc_bytes names)
{
    struct zc_glance_name n;
    struct common c = {0};
    while (zc_glance_next(&names, &n)) {
        c.both += is_there(src, n.name);
        c.lost += !is_safe(opt, n.name, n.dir);
    }
    return c;
}

int zc_glance_judge(const struct zc_options *opt, const struct zc_msg_opened *m,
                    struct zc_err *err)
{
    if (!opt->ask || !(m->glance & ZC_GLANCE_TOLD))
        return 0;
    zc_auto_close int src = zc_root_open(opt->src, err);
    if (src < 0)
        return -1;
    if (is_empty(src)) /* the brake has something to say about that */
        return 0;
    struct common c = look_at(opt, src, m->names);
    bool strange = c.lost && !c.both && !(m->glance & ZC_GLANCE_MORE);
    bool nested = m->glance & ZC_GLANCE_HAS_DIR && !is_dir(src, opt->ask) &&
                  !is_safe(opt, opt->ask, true) &&
                  (strange || !m->inner.n || look_at(opt, src, m->inner).both);
    return nested || (strange && !opt->ask_nested)
               ? zc_err_set(err, ZC_EXIT_USAGE, 0, "%s", opt->question)
               : 0;
}
