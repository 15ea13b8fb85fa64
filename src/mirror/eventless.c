// SPDX-License-Identifier: GPL-2.0-or-later
/* Sources that do not tell everything; see eventless.h. */
#include "mirror/eventless.h"

#include "fs/mounts.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define OTHERS "other hosts"
#define UNDERNEATH "somebody makes in what is underneath it"

static const struct {
    const char *type, *whose;
} types[] = {
    {"nfs", OTHERS " make"},       {"nfs4", OTHERS " make"},
    {"cifs", OTHERS " make"},      {"smb3", OTHERS " make"},
    {"smbfs", OTHERS " make"},     {"ceph", OTHERS " make"},
    {"afs", OTHERS " make"},       {"lustre", OTHERS " make"},
    {"beegfs", OTHERS " make"},    {"gfs2", OTHERS " make"},
    {"ocfs2", OTHERS " make"},     {"orangefs", OTHERS " make"},
    {"9p", "the host makes"},      {"virtiofs", "the host makes"},
    {"vboxsf", "the host makes"},  {"prl_fs", "the host makes"},
    {"overlay", UNDERNEATH},       {"ecryptfs", UNDERNEATH},
    {"fuse", UNDERNEATH},
};

const char *zc_eventless_whose(const char *type)
{
    /* "fuse.sshfs"; but fuseblk is a disk that nobody else writes to. */
    size_t n = strncmp(type, "fuse.", 5) == 0 ? 4 : strlen(type);
    for (size_t i = 0; i < ZC_ARRAY_LEN(types); i++)
        if (strlen(types[i].type) == n && memcmp(types[i].type, type, n) == 0)
            return types[i].whose;
    return NULL;
}

/* PATH is DIR, or below it. */
static bool is_within(const char *path, const char *dir)
{
    size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

struct found {
    const struct zc_mount *first;
    size_t n;
    bool strong; /* one of them is no overlay */
};

static void consider(struct found *f, const struct zc_mount *m)
{
    if (!zc_eventless_whose(m->type))
        return;
    bool strong = strcmp(m->type, "overlay") != 0;
    if (!f->n || (strong && !f->strong))
        f->first = m;
    f->n++;
    f->strong |= strong;
}

/* The mount that SRC is on is the last of those with the longest path. */
static struct found look(const zc_mounts *mounts, const char *src, bool below)
{
    struct found f = {0};
    const struct zc_mount *on = NULL;
    for (size_t i = 0; i < mounts->len; i++) {
        const struct zc_mount *m = &mounts->v[i];
        if (is_within(src, m->path)) {
            if (!on || strlen(m->path) >= strlen(on->path))
                on = m;
        } else if (below && is_within(m->path, src)) {
            consider(&f, m);
        }
    }
    if (on)
        consider(&f, on);
    return f;
}

bool zc_eventless_find(const char *src, bool below, bool *mild,
                       char out[ZC_EVENTLESS_TEXT])
{
    char real[PATH_MAX], more[64] = "";
    zc_mounts mounts = {0};
    bool any = false;
    zc_auto_close int fd = open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && realpath(src, real) && zc_mounts_read(fd, &mounts) == 0) {
        struct found f = look(&mounts, real, below);
        any = f.n;
        *mild = !f.strong;
        if (f.n > 1)
            snprintf(more, sizeof more, ", as on %zu more mount%s", f.n - 1,
                     f.n == 2 ? "" : "s");
        if (any)
            snprintf(out, ZC_EVENTLESS_TEXT,
                     "on %.180s (%.30s)%s, changes that %.60s raise no events",
                     f.first->path, f.first->type, more,
                     zc_eventless_whose(f.first->type));
    }
    zc_mounts_fini(&mounts);
    return any;
}
