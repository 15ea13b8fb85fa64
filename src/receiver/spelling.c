// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that a file system takes for the same; see spelling.h. */
#include "receiver/spelling.h"

#include "base/io.h"
#include "base/map.h"
#include "fs/meta.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>
#include <xxhash.h>

#define XFS_MAGIC 0x58465342

/* --- which directories --- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* NAME with the case of its letters turned; false: it has none. */
static bool turn_case(const char *name, char out[ZC_NAME_MAX + 1])
{
    bool any = false;
    size_t i;
    for (i = 0; name[i]; i++) {
        any |= is_letter(name[i]);
        out[i] = is_letter(name[i]) ? (char)(name[i] ^ 0x20) : name[i];
    }
    out[i] = '\0';
    return any;
}

/* Does one of NAMES, which are all there are in FD, go by another one? */
static enum zc_folding ask_of_names(int fd, const struct zc_names *names)
{
    char other[ZC_NAME_MAX + 1];
    struct zc_stat st;
    for (size_t i = 0; i < names->len; i++) {
        const char *name = zc_names_at(names, i);
        if (!turn_case(name, other))
            continue;
        if (zc_names_find(names, other) < names->len)
            return ZC_FOLDING_NONE; /* both are there */
        return zc_stat_at(fd, other, &st) ? ZC_FOLDING_NONE : ZC_FOLDING_ALL;
    }
    return ZC_FOLDING_UNKNOWN;
}

/* A file made for that, with a letter and an accent in its name. */
static enum zc_folding ask_of_a_file(struct zc_volume *v)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    char name[2 * ZC_STAGING_NAME_SIZE], other[2 * ZC_STAGING_NAME_SIZE];
    struct zc_stat st;
    int base = v->staging ? zc_staging_fd(v->staging) : -1;
    if (base < 0)
        return ZC_FOLDING_UNKNOWN;
    zc_staging_name(v->staging, tmp);
    snprintf(name, sizeof name, "%s-a\xc3\xa9", tmp);
    zc_auto_close int fd = zc_file_open(base, name, O_WRONLY | O_CREAT | O_EXCL,
                                        0600);
    if (fd < 0)
        return ZC_FOLDING_UNKNOWN;
    snprintf(other, sizeof other, "%s-A\xc3\xa9", tmp);
    bool folds = !zc_stat_at(base, other, &st);
    snprintf(other, sizeof other, "%s-ae\xcc\x81", tmp);
    folds |= !zc_stat_at(base, other, &st);
    unlinkat(base, name, 0);
    return folds ? ZC_FOLDING_ALL : ZC_FOLDING_NONE;
}

/* What is known of file systems, without asking them. */
static enum zc_folding known_of(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs))
        return ZC_FOLDING_UNKNOWN;
    switch ((unsigned long)fs.f_type) {
    case BTRFS_SUPER_MAGIC:
    case XFS_MAGIC:
        return ZC_FOLDING_NONE;
    case EXT4_SUPER_MAGIC: /* where the kernel can do it at all */
        return access("/sys/fs/ext4/features/casefold", F_OK)
                   ? ZC_FOLDING_NONE
                   : ZC_FOLDING_SOME;
    case F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
        return ZC_FOLDING_SOME;
    default:
        return ZC_FOLDING_UNKNOWN;
    }
}

static bool has_flag(int fd)
{
    int flags = 0;
    return !ioctl(fd, FS_IOC_GETFLAGS, &flags) && flags & FS_CASEFOLD_FL;
}

bool zc_spelling_folds(struct zc_receiver *r, struct zc_volume *v, int fd,
                       const struct zc_names *names)
{
    enum zc_folding f = v ? atomic_load(&v->folding) : known_of(fd);
    if (!v && f == ZC_FOLDING_UNKNOWN)
        return true;
    if (f == ZC_FOLDING_UNKNOWN) {
        f = known_of(fd);
        if (f == ZC_FOLDING_UNKNOWN)
            f = ask_of_names(fd, names);
        if (f == ZC_FOLDING_UNKNOWN && !r->dry)
            f = ask_of_a_file(v);
        atomic_store(&v->folding, f);
    }
    return f == ZC_FOLDING_ALL || (f == ZC_FOLDING_SOME && has_flag(fd));
}

/* --- one directory --- */

/* Names that are the same here. */
struct node {
    struct node *next;
    bool listed;    /* it is here, spelled as NAME */
    bool refused;
    char *taken_by; /* the name of the source; NULL: none, so far */
    char name[];
};

struct zc_spelling {
    pthread_mutex_t lock; /* of what is refused */
    struct zc_map nodes;   /* by the hash of what they have in common */
    struct zc_map refused; /* by that of the name */
    struct node *all;
    struct zc_volume *volume;
    int oracle; /* the folder where we ask; -1: none */
    char oracle_name[ZC_STAGING_NAME_SIZE];
};

static XXH128_hash_t hash(const char *text)
{
    return XXH3_128bits(text, strlen(text));
}

static void make_oracle(struct zc_spelling *s)
{
    int flags = FS_CASEFOLD_FL;
    int base = s->volume->staging ? zc_staging_fd(s->volume->staging) : -1;
    if (base < 0)
        return;
    zc_staging_name(s->volume->staging, s->oracle_name);
    if (mkdirat(base, s->oracle_name, 0700))
        return;
    s->oracle = zc_root_open_dir(base, s->oracle_name);
    if (s->oracle >= 0) /* where each directory has that flag, or has not */
        (void)ioctl(s->oracle, FS_IOC_SETFLAGS, &flags);
}

/* What NAME has in common with all that are the same: of ASCII, small letters;
 * else the name that the file system was asked for first, which is what the
 * file of that name has in it. */
static void common_name(struct zc_spelling *s, const char *name,
                        char out[ZC_NAME_MAX + 1])
{
    bool ascii = true;
    size_t n;
    for (n = 0; name[n]; n++) {
        ascii &= (unsigned char)name[n] < 0x80;
        out[n] = name[n] >= 'A' && name[n] <= 'Z' ? (char)(name[n] | 0x20)
                                                  : name[n];
    }
    out[n] = '\0';
    if (ascii)
        return;
    strcpy(out, name);
    if (s->oracle < 0)
        make_oracle(s);
    if (s->oracle < 0)
        return;
    zc_auto_close int fd = zc_file_open(s->oracle, name,
                                        O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd >= 0) {
        (void)zc_io_write(fd, name, n);
    } else if (errno == EEXIST) {
        zc_auto_close int old = zc_file_open(s->oracle, name, O_RDONLY, 0);
        ssize_t got = old < 0 ? -1 : zc_io_pread(old, out, ZC_NAME_MAX, 0);
        if (got > 0)
            out[got] = '\0';
        else
            strcpy(out, name);
    }
}

static struct node *find(struct zc_spelling *s, const char *name)
{
    char common[ZC_NAME_MAX + 1];
    common_name(s, name, common);
    XXH128_hash_t h = hash(common);
    return zc_map_get(&s->nodes, h.low64, h.high64);
}

static struct node *add(struct zc_spelling *s, struct zc_map *map,
                        const char *common, const char *name)
{
    XXH128_hash_t h = hash(common);
    struct node *n = calloc(1, sizeof *n + strlen(name) + 1);
    if (!n)
        return NULL;
    strcpy(n->name, name);
    if (zc_map_put(map, h.low64, h.high64, n)) {
        free(n);
        return NULL;
    }
    n->next = s->all;
    s->all = n;
    return n;
}

struct zc_spelling *zc_spelling_new(struct zc_receiver *r, struct zc_volume *v,
                                    const struct zc_names *names,
                                    size_t taken)
{
    struct zc_spelling *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    s->oracle = -1;
    s->volume = v;
    for (size_t i = 0; i < names->len; i++) {
        char common[ZC_NAME_MAX + 1];
        const char *name = zc_names_at(names, i);
        common_name(s, name, common);
        struct node *n = add(s, &s->nodes, common, name);
        if (n)
            n->listed = true;
        if (!n || (i < taken && !(n->taken_by = strdup(name)))) {
            zc_receiver_nomem(r);
            break;
        }
    }
    return s;
}

void zc_spelling_free(struct zc_spelling *s)
{
    if (!s)
        return;
    for (struct node *n = s->all, *next; n; n = next) {
        next = n->next;
        free(n->taken_by);
        free(n);
    }
    zc_map_fini(&s->nodes);
    zc_map_fini(&s->refused);
    if (s->oracle >= 0 && s->volume->staging)
        zc_remove_tree(zc_staging_fd(s->volume->staging), s->oracle_name,
                       s->oracle_name, NULL);
    zc_close(&s->oracle);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum zc_spelled zc_spelling_look(struct zc_spelling *s, const char *name,
                                 const char **other)
{
    const struct node *n = find(s, name);
    if (!n)
        return ZC_SPELLED_NEW;
    if (n->taken_by && strcmp(n->taken_by, name) != 0) {
        *other = n->taken_by;
        return ZC_SPELLED_TAKEN;
    }
    if (!strcmp(n->name, name))
        return ZC_SPELLED_SO;
    *other = n->name;
    return ZC_SPELLED_OTHER;
}

void zc_spelling_take(struct zc_spelling *s, const char *name)
{
    char common[ZC_NAME_MAX + 1];
    common_name(s, name, common);
    struct node *n = find(s, name);
    if (!n)
        n = add(s, &s->nodes, common, name);
    if (n && !n->taken_by)
        n->taken_by = strdup(name);
}

bool zc_spelling_is_extra(struct zc_spelling *s, const char *name)
{
    const struct node *n = find(s, name);
    return n && n->listed && !n->taken_by && !strcmp(n->name, name);
}

void zc_spelling_refuse(struct zc_spelling *s, const char *name)
{
    pthread_mutex_lock(&s->lock);
    add(s, &s->refused, name, name);
    pthread_mutex_unlock(&s->lock);
}

bool zc_spelling_refused(struct zc_spelling *s, const char *name)
{
    XXH128_hash_t h = hash(name);
    pthread_mutex_lock(&s->lock);
    bool yes = zc_map_get(&s->refused, h.low64, h.high64);
    pthread_mutex_unlock(&s->lock);
    return yes;
}
