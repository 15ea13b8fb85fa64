// SPDX-License-Identifier: GPL-2.0-or-later
/* Where things are made; see shelf.h. */
#include "receiver/shelf.h"

#include "base/clock.h"
#include "fs/nest.h"
#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "receiver/behind.h"
#include "receiver/core.h"
#include "receiver/seals.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define MANY_MAX 64
/* So long one more waits for others to go. */
#define WAIT_STEPS 40
#define WAIT_STEP_NS (5 * 1000000LL)

struct zc_nest {
    int fd;
    char name[ZC_NEST_NAME_SIZE];
    struct zc_heritage heritage;
};

void zc_shelves_init(struct zc_shelves *s)
{
    pthread_mutex_init(&s->lock, NULL);
    atomic_init(&s->nests, 0);
    struct rlimit files;
    unsigned many = MANY_MAX;
    if (!getrlimit(RLIMIT_NOFILE, &files) && files.rlim_cur / 16 < many)
        many = (unsigned)files.rlim_cur / 16 + 1;
    atomic_init(&s->many, many);
}

bool zc_shelves_many(const struct zc_receiver *r)
{
    return atomic_load(&r->shelves->nests) >=
           atomic_load(&r->shelves->many);
}

void zc_shelf_init(struct zc_shelf *s)
{
    atomic_init(&s->made_in, -1);
}

void zc_shelf_copy(struct zc_shelf *s, const struct zc_shelf *of)
{
    *s = (struct zc_shelf){.node = of->node, .vol = of->vol};
    zc_shelf_init(s);
}

/* --- what is done to it --- */

void zc_shelf_touched(struct zc_receiver *r, struct zc_shelf *s)
{
    pthread_mutex_lock(&r->lock);
    s->touched = true;
    pthread_mutex_unlock(&r->lock);
}

/* A handle on S that needs no permission on S itself. */
static int open_handle(struct zc_receiver *r, struct zc_shelf *s)
{
    struct zc_dirnode *parent = zc_dirnode_parent(s->node);
    if (!parent)
        return fcntl(r->root_fd, F_DUPFD_CLOEXEC, 0);
    int up = zc_dirnode_pin(r->tree, parent);
    if (up < 0)
        return -1;
    int fd = zc_path_open(up, zc_dirnode_name(s->node));
    zc_dirnode_unpin(r->tree, parent);
    return fd;
}

bool zc_shelf_make_writable(struct zc_receiver *r, struct zc_shelf *s)
{
    struct zc_stat st;
    if (r->is_root)
        return false;
    zc_auto_close int fd = open_handle(r, s);
    bool done = fd >= 0 && !zc_stat_at(fd, "", &st) && S_ISDIR(st.mode) &&
                st.uid == geteuid() && (st.mode & S_IRWXU) != S_IRWXU &&
                !zc_fd_chmod(fd, (st.mode & 07777) | S_IRWXU);
    if (done) {
        pthread_mutex_lock(&r->lock);
        s->writable_made = true;
        pthread_mutex_unlock(&r->lock);
    }
    return done;
}

/* --- what it passes on --- */

/* With shelves.lock held. FD is S's. */
static void look(struct zc_shelf *s, int fd)
{
    if (s->looked)
        return;
    s->heritage = zc_heritage_of(fd, s->vol->passes_on);
    s->looked = true;
}

/* Everything that S passes on, things made at the top of its volume have. */
static bool passes_nothing_on(const struct zc_shelf *s)
{
    return zc_heritage_same(&s->heritage, &s->vol->heritage);
}

static bool passes_acl_on(struct zc_receiver *r, struct zc_shelf *s)
{
    if (!(s->vol->passes_on & ZC_HERITAGE_ACL))
        return false;
    pthread_mutex_lock(&r->shelves->lock);
    int fd = s->looked ? -1 : zc_dirnode_pin(r->tree, s->node);
    if (fd >= 0) {
        look(s, fd);
        zc_dirnode_unpin(r->tree, s->node);
    }
    bool yes = s->looked && s->heritage.acl;
    pthread_mutex_unlock(&r->shelves->lock);
    return yes;
}

/*
 * With a default ACL the umask does not count (umask(2)), and the bits of the
 * group are what the ACL's users and groups get at most: what the owner has,
 * where the source lets any group in.
 */
uint32_t zc_shelf_mode(struct zc_receiver *r, struct zc_shelf *s,
                       uint32_t mode)
{
    mode &= 0777;
    if (!passes_acl_on(r, s))
        return mode & ~(uint32_t)r->umask;
    return mode & 070 ? mode | (mode & 0700) >> 3 : mode;
}

/* --- where things are made --- */

/* With shelves.lock held, all of these. */

/* Those of directories that are nearly done. That none goes is no reason to fail:
 * there may be descriptors all the same. */
static void wait_for_others(struct zc_receiver *r)
{
    for (int i = 0; i < WAIT_STEPS && zc_shelves_many(r); i++)
        zc_clock_sleep_ns(WAIT_STEP_NS);
    if (zc_shelves_many(r)) /* not so soon again */
        atomic_store(&r->shelves->many,
                     2 * atomic_load(&r->shelves->many));
}

static int make_nest(struct zc_receiver *r, struct zc_shelf *s, int dirfd)
{
    wait_for_others(r);
    struct zc_nest *nest = malloc(sizeof *nest);
    if (!nest)
        return -1;
    bool acls = s->vol->passes_on & ZC_HERITAGE_ACL;
    nest->fd = zc_nest_make(dirfd, acls, nest->name);
    if (nest->fd < 0 &&
        ((errno == EACCES && zc_shelf_make_writable(r, s)) ||
         (errno == EPERM && zc_seals_break(r, s->node, dirfd, ""))))
        nest->fd = zc_nest_make(dirfd, acls, nest->name);
    if (nest->fd < 0) {
        free(nest);
        return -1;
    }
    nest->heritage = s->heritage;
    s->nest = nest;
    s->owns_nest = true;
    atomic_fetch_add(&r->shelves->nests, 1);
    zc_shelf_touched(r, s);
    return nest->fd;
}

/* The nest of the directory above will do, where it has one. */
static bool shares_nest(const struct zc_shelf *s)
{
    const struct zc_shelf *up = s->up;
    return up && up->nest && up->vol == s->vol && !s->vol->may_refuse &&
           zc_heritage_same(&up->nest->heritage, &s->heritage);
}

static bool refuses(struct zc_receiver *r, struct zc_shelf *s, int dirfd,
                    int staging)
{
    if (!s->vol->may_refuse)
        return false;
    zc_shelf_touched(r, s);
    return zc_nest_refuses(dirfd, staging);
}

static int decide(struct zc_receiver *r, struct zc_shelf *s, int dirfd)
{
    look(s, dirfd);
    if (zc_behind_arm(r))
        return -1;
    if (passes_nothing_on(s)) {
        int fd = zc_staging_fd(s->vol->staging);
        if (fd >= 0 && !refuses(r, s, dirfd, fd))
            return fd;
        if (fd < 0 && errno != EACCES && errno != EPERM)
            return -1;
    }
    if (!shares_nest(s))
        return make_nest(r, s, dirfd);
    s->nest = s->up->nest;
    return s->nest->fd;
}

static int decide_once(struct zc_receiver *r, struct zc_shelf *s)
{
    pthread_mutex_lock(&r->shelves->lock);
    int fd = atomic_load(&s->made_in), eno = 0;
    int dirfd = fd >= 0 ? -1 : zc_dirnode_pin(r->tree, s->node);
    if (fd < 0)
        eno = errno;
    if (dirfd >= 0) {
        fd = decide(r, s, dirfd);
        eno = errno;
        atomic_store(&s->made_in, fd);
        zc_dirnode_unpin(r->tree, s->node);
    }
    pthread_mutex_unlock(&r->shelves->lock);
    errno = eno;
    return fd;
}

int zc_shelf_staging(struct zc_receiver *r, struct zc_shelf *s,
                     char tmp[ZC_STAGING_NAME_SIZE])
{
    int fd = atomic_load(&s->made_in);
    if (fd < 0)
        fd = decide_once(r, s);
    if (fd >= 0)
        zc_staging_name(s->vol->staging, tmp);
    return fd;
}

bool zc_shelf_in_nest(const struct zc_shelf *s)
{
    return s->nest != NULL;
}

void zc_shelf_born(struct zc_receiver *r, struct zc_shelf *s,
                   struct zc_shelf *up)
{
    pthread_mutex_lock(&r->shelves->lock);
    s->nest = up->nest;
    s->heritage = up->nest ? up->nest->heritage : s->vol->heritage;
    s->looked = true;
    atomic_store(&s->made_in, atomic_load(&up->made_in));
    pthread_mutex_unlock(&r->shelves->lock);
}

void zc_shelf_leave(struct zc_receiver *r, struct zc_shelf *s)
{
    if (!s->owns_nest)
        return;
    int dirfd = zc_dirnode_pin(r->tree, s->node);
    if (dirfd < 0 && errno == EMFILE) { /* its own will do */
        zc_close(&s->nest->fd);
        dirfd = zc_dirnode_pin(r->tree, s->node);
    }
    zc_nest_remove(dirfd, s->nest->name, s->nest->fd);
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, s->node);
    atomic_fetch_sub(&r->shelves->nests, 1);
    free(s->nest);
    s->nest = NULL;
    s->owns_nest = false;
    atomic_store(&s->made_in, -1);
}
