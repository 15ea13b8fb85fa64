// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table of mounts; see mounts.h.
 *
 *     36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw
 *     id parent dev root mount point ...
 *
 * A line tells where a mount is, but not whether anything leads there: a mount
 * point may lie in a directory that something else has been mounted over, or be
 * covered itself. So the way down is followed as the kernel would: each mount is
 * looked for on the mount that its mount point is on.
 */
#include "fs/mounts.h"

#include "base/buf.h"
#include "base/io.h"
#include "base/libc.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/procfd.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <xxhash.h>

#define CHUNK ((size_t)64 << 10)

/* --- lines --- */

/* The end of the field at P, which is at a space or at END. */
static const char *field_end(const char *p, const char *end)
{
    const char *space = memchr(p, ' ', (size_t)(end - p));
    return space ? space : end;
}

static bool read_number(const char **p, const char *end, uint64_t *n)
{
    const char *at = *p;
    *n = 0;
    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (*n > UINT32_MAX)
            return false;
        *n = *n * 10 + (uint64_t)(*at - '0');
    }
    if (at == *p || at == end || *at != ' ')
        return false;
    *p = at + 1;
    return true;
}

static bool is_octal(const char *p, const char *end)
{
    return end - p >= 4 && p[0] == '\\' && p[1] >= '0' && p[1] <= '3' &&
           p[2] >= '0' && p[2] <= '7' && p[3] >= '0' && p[3] <= '7';
}

/* The field from P to END, in which some bytes are written as "\040". NULL:
 * memory. */
static char *unescape(const char *p, const char *end)
{
    char *text = malloc((size_t)(end - p) + 1), *to = text;
    while (text && p < end) {
        bool octal = is_octal(p, end);
        *to++ = octal ? (char)((p[1] - '0') << 6 | (p[2] - '0') << 3 |
                               (p[3] - '0'))
                      : *p;
        p += octal ? 4 : 1;
    }
    if (text)
        *to = '\0';
    return text;
}

/* The type of the file system: behind the lone dash that ends the options. */
static void read_type(const char *p, const char *end, char out[32])
{
    static const char dash[] = " - ";
    const char *at = memmem(p, (size_t)(end - p), dash, sizeof dash - 1);
    size_t n = 0;
    if (at) {
        at += sizeof dash - 1;
        n = ZC_MIN((size_t)(field_end(at, end) - at), (size_t)31);
        memcpy(out, at, n);
    }
    out[n] = '\0';
}

/* "98:0"; 0 for what is none. */
static uint64_t read_device(const char *p, const char *end)
{
    uint64_t n[2] = {0};
    for (size_t i = 0; p < end && *p != ' '; p++)
        if (*p >= '0' && *p <= '9')
            n[i] = n[i] * 10 + (uint64_t)(*p - '0');
        else if (i++)
            return 0;
    return makedev((unsigned)n[0], (unsigned)n[1]);
}

static int parse_line(const char *p, const char *end, zc_mounts *m)
{
    struct zc_mount mount;
    if (!read_number(&p, end, &mount.id) ||
        !read_number(&p, end, &mount.parent))
        return 0;
    mount.dev = read_device(p, end);
    for (int skip = 0; skip < 2; skip++) { /* device, root */
        p = field_end(p, end);
        if (p == end)
            return 0;
        p++;
    }
    if (p == end || *p != '/')
        return 0;
    mount.path = unescape(p, field_end(p, end));
    read_type(field_end(p, end), end, mount.type);
    if (mount.path && zc_vec_push(m, mount) == 0)
        return 0;
    free(mount.path);
    return -1;
}

int zc_mounts_parse(const char *text, size_t n, zc_mounts *m)
{
    const char *end = text + n;
    while (text < end) {
        const char *nl = memchr(text, '\n', (size_t)(end - text));
        const char *stop = nl ? nl : end;
        if (parse_line(text, stop, m))
            return -1;
        text = stop + 1;
    }
    return 0;
}

void zc_mounts_fini(zc_mounts *m)
{
    for (size_t i = 0; i < m->len; i++)
        free(m->v[i].path);
    zc_vec_fini(m);
}

void zc_mount_paths_fini(zc_mount_paths *paths)
{
    for (size_t i = 0; i < paths->len; i++)
        free(paths->v[i]);
    zc_vec_fini(paths);
}

/* --- what is below a directory --- */

static int by_path(const void *a, const void *b)
{
    const struct zc_mount *x = a, *y = b;
    return zc_relpath_cmp(x->path, y->path);
}

/* What PATH is called below ROOT; NULL: it is not below it. */
static const char *below(const char *path, const char *root)
{
    size_t n = strlen(root);
    while (n && root[n - 1] == '/')
        n--;
    if (strncmp(path, root, n) != 0 || path[n] != '/' || !path[n + 1])
        return NULL;
    return path + n + 1;
}

/* A mount that covers what is at PATH and below. */
struct cover {
    const char *path;
    uint64_t id;
};
typedef ZC_VEC(struct cover) covers;

/* The mount of the N at V (all at one path) that lies on UNDER, or on one of
 * them that does: the uppermost. UNDER: there is none. */
static uint64_t uppermost(const struct zc_mount *v, size_t n, uint64_t under)
{
    uint64_t top = under;
    /* Each lies on another one, so there are no more turns than mounts. */
    for (size_t turn = 0, i = 0; turn < n && i < n; turn++) {
        for (i = 0; i < n && (v[i].parent != top || v[i].id == top); i++)
            ;
        if (i < n)
            top = v[i].id;
    }
    return top;
}

/* The N mounts at V are all at PATH, which is below the root. */
static int add_path(covers *stack, const struct zc_mount *v, size_t n,
                    const char *path, zc_mount_paths *out)
{
    while (stack->len > 1 && !below(path, stack->v[stack->len - 1].path))
        stack->len--;
    uint64_t under = stack->v[stack->len - 1].id;
    uint64_t top = under ? uppermost(v, n, under) : 0;
    if (under && top == under)
        return 0; /* nothing leads there */
    struct cover c = {path, top};
    char *copy = strdup(path);
    if (copy && zc_vec_push(out, copy) == 0)
        return zc_vec_push(stack, c);
    free(copy);
    return -1;
}

int zc_mounts_below(zc_mounts *m, const char *root, uint64_t mnt,
                    zc_mount_paths *out)
{
    covers stack = {0};
    struct cover bottom = {"", mnt};
    int bad = zc_vec_push(&stack, bottom);
    if (m->len)
        qsort(m->v, m->len, sizeof *m->v, by_path);
    for (size_t i = 0, end; i < m->len && !bad; i = end) {
        for (end = i + 1; end < m->len &&
                          strcmp(m->v[end].path, m->v[i].path) == 0;)
            end++;
        const char *path = below(m->v[i].path, root);
        if (path)
            bad = add_path(&stack, m->v + i, end - i, path, out);
    }
    zc_vec_fini(&stack);
    return bad;
}

/* --- the kernel's --- */

static int read_all(int fd, struct zc_buf *text)
{
    ssize_t n;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    do {
        uint8_t *room = zc_buf_reserve(text, CHUNK);
        if (!room) {
            errno = ENOMEM;
            return -1;
        }
        n = zc_io_read(fd, room, CHUNK);
        if (n > 0)
            text->len += (size_t)n;
    } while (n > 0);
    return n < 0 ? -1 : 0;
}

/* ROOTFD's path and mount. */
static int locate(int rootfd, char path[PATH_MAX], uint64_t *mnt)
{
    char link[ZC_PROCFD_PATH];
    struct statx st;
    ssize_t n = readlink(zc_procfd_path(link, rootfd), path, PATH_MAX);
    if (n == PATH_MAX)
        errno = ENAMETOOLONG;
    if (n < 0 || n == PATH_MAX ||
        statx(rootfd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID,
              &st))
        return -1;
    path[n] = '\0';
    *mnt = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
    return 0;
}

int zc_mounts_read(int fd, zc_mounts *m)
{
    struct zc_buf text = ZC_BUF_INIT;
    int bad = read_all(fd, &text);
    if (!bad && zc_mounts_parse((const char *)text.data, text.len, m)) {
        errno = ENOMEM;
        bad = -1;
    }
    zc_buf_fini(&text);
    return bad;
}

/* All mounts, and where ROOTFD is among them. */
static int read_mounts(int fd, int rootfd, zc_mounts *mounts,
                       char root[PATH_MAX], uint64_t *mnt)
{
    return locate(rootfd, root, mnt) || zc_mounts_read(fd, mounts) ? -1 : 0;
}

int zc_mounts_list(int fd, int rootfd, zc_mount_paths *out)
{
    zc_mounts mounts = {0};
    char root[PATH_MAX];
    uint64_t mnt;
    int bad = read_mounts(fd, rootfd, &mounts, root, &mnt);
    if (!bad && zc_mounts_below(&mounts, root, mnt, out)) {
        errno = ENOMEM;
        bad = -1;
    }
    zc_mounts_fini(&mounts);
    return bad;
}

/* Whether its file system answers by itself: no other host or process has to. */
static bool answers(const struct zc_mount *m)
{
    static const char *const types[] = {"tmpfs", "ramfs", "btrfs", "zfs",
                                        "bcachefs", "overlay"};
    if (major(m->dev))
        return strncmp(m->type, "fuse", 4) != 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(types); i++)
        if (strcmp(m->type, types[i]) == 0)
            return true;
    return false;
}

/* Whether all of them do on the way from ROOT to M. */
static bool way_answers(const zc_mounts *all, const struct zc_mount *m,
                        const char *root)
{
    /* No way is longer than there are mounts. */
    for (size_t turn = 0; turn < all->len; turn++) {
        if (!answers(m))
            return false;
        size_t i = 0;
        while (i < all->len && all->v[i].id != m->parent)
            i++;
        if (i == all->len || !below(all->v[i].path, root))
            return true;
        m = &all->v[i];
    }
    return false;
}

/* Which one M is, of ALL below ROOT. The kernel uses the numbers of mounts and
 * devices again, and at once: so the number that it does not (Linux 6.8) counts,
 * too, and when what is mounted was made. */
static uint64_t which(const zc_mounts *all, const struct zc_mount *m,
                      const char *root)
{
    uint64_t id[5] = {m->id, m->dev};
    struct statx st;
    if (way_answers(all, m, root) &&
        statx(AT_FDCWD, m->path,
              AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC,
              STATX_BTIME | ZC_STATX_MNT, &st) == 0) {
        id[2] = st.stx_mnt_id;
        if (st.stx_mask & STATX_BTIME) {
            id[3] = (uint64_t)st.stx_btime.tv_sec;
            id[4] = st.stx_btime.tv_nsec;
        }
    }
    return XXH3_64bits(id, sizeof id);
}

int zc_mounts_digest(int fd, int rootfd, uint64_t *digest)
{
    zc_mounts mounts = {0};
    char root[PATH_MAX];
    uint64_t mnt;
    *digest = 0;
    int bad = read_mounts(fd, rootfd, &mounts, root, &mnt);
    for (size_t i = 0; i < mounts.len && !bad; i++) {
        const struct zc_mount *m = &mounts.v[i];
        if (below(m->path, root)) /* in any order */
            *digest += XXH3_64bits_withSeed(m->path, strlen(m->path),
                                            which(&mounts, m, root));
    }
    zc_mounts_fini(&mounts);
    return bad;
}

int zc_mounts_locate(int dirfd, char **path, char **point)
{
    zc_mounts mounts = {0};
    struct zc_buf text = ZC_BUF_INIT;
    char at[PATH_MAX];
    uint64_t mnt;
    zc_auto_close int fd = open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
    *path = *point = NULL;
    if (fd >= 0 && !locate(dirfd, at, &mnt) && !read_all(fd, &text) &&
        !zc_mounts_parse((const char *)text.data, text.len, &mounts))
        for (size_t i = 0; i < mounts.len && !*point; i++)
            if (mounts.v[i].id == mnt) {
                *path = strdup(at);
                *point = strdup(mounts.v[i].path);
            }
    zc_buf_fini(&text);
    zc_mounts_fini(&mounts);
    if (*path && *point)
        return 0;
    free(*path);
    free(*point);
    *path = *point = NULL;
    return -1;
}

bool zc_mounts_changed(int fd)
{
    struct pollfd f = {.fd = fd, .events = POLLPRI};
    return fd >= 0 && poll(&f, 1, 0) == 1;
}
