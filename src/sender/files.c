// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files on their way out: what was asked for about each. The bytes of small ones
 * are small.c's, those of big ones big.c's; sfile.c knows what becomes of those
 * that change or go meanwhile.
 */
#include "sender/files.h"

#include "fs/cached.h"
#include "sender/big.h"
#include "sender/check.h"
#include "sender/entry.h"
#include "sender/removal.h"
#include "sender/sfile.h"
#include "sender/small.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* The first N bytes here have the hash that ITEM says. */
static bool same_hash(struct zc_sworker *w, const struct zc_sfile *f,
                      const struct zc_need_item *item, uint64_t n)
{
    uint8_t mine[ZC_HASH_SIZE];
    return !zc_sender_hash(w, f->fd, n, mine) && zc_check_is(mine, item);
}

/* The bytes of F are there: that is all there was to send of them. */
static void count_out(struct zc_sworker *w, const struct zc_sfile *f)
{
    struct zc_sentry *se = &f->list->entries[f->index];
    struct zc_entry e;
    pthread_mutex_lock(&w->s->lock);
    bool counted = se->what & ZC_NEED_BYTES;
    se->what = ZC_NEED_META;
    pthread_mutex_unlock(&w->s->lock);
    if (!counted)
        return;
    zc_slist_entry(f->list, f->index, &e);
    atomic_fetch_sub(&w->s->stats->need_files, 1);
    atomic_fetch_sub(&w->s->stats->need_bytes, e.size);
}

/* NEED FROM: is the beginning there already? Not worth a look where there may be
 * holes. */
static void check_from(struct zc_sworker *w, struct zc_sfile *f)
{
    struct zc_need_item item;
    if (zc_segments_plain(&f->segments) &&
        zc_lists_check(w->s, f->list, f->index, &item) &&
        item.from < f->st.size && same_hash(w, f, &item, item.from))
        zc_segments_copy(&f->segments, item.from);
}

/* Bytes from which on a file is worth asking for what the peer has of it. */
#define DELTA_MIN ((uint64_t)ZC_INLINE_MAX)

/* The peer has an older version of F, which has turned out not to be what it is
 * now, nor its beginning. */
static void find_basis(struct zc_sworker *w, struct zc_sfile *f, unsigned what)
{
    struct zc_need_item item;
    if (!w->s->bigs->delta || f->segments.copied || f->st.size <= DELTA_MIN ||
        !zc_lists_check(w->s, f->list, f->index, &item))
        return;
    f->basis = what & ZC_NEED_CHECK ? f->listed.size : item.from;
}

/* Bytes from which on whoever runs the session has to know what each change of a
 * file costs. */
#define COSTLY ((uint64_t)8 << 20)

static void tell_cost(struct zc_sworker *w, const struct zc_sfile *f)
{
    const struct zc_events *events = w->s->events;
    uint64_t bytes = ZC_MIN(f->st.size, f->st.blocks * 512);
    if (bytes < COSTLY || !events->costly)
        return;
    const char *path = zc_dirnode_path_of(f->list->node, f->name,
                                          strlen(f->name), &w->path);
    if (path)
        events->costly(events->arg, path, bytes);
}

/* Looks at what was opened. -1: the run has failed; 1: F is dealt with. */
static int look_at_file(struct zc_sworker *w, struct zc_sfile *f)
{
    if (zc_stat_at(f->fd, "", &f->st))
        return zc_sfile_give_up(w, f, "look at it", errno) ? -1 : 1;
    if (!S_ISREG(f->st.mode))
        return zc_sfile_give_up(w, f, "read it: it is no file any more", 0)
                   ? -1
                   : 1;
    zc_segments_init(&f->segments, f->fd, &f->st, w->s->opt->keep);
    return 0;
}

/* It is no small file any more, or changes too fast. */
static int not_small(struct zc_sworker *w, int dirfd, struct zc_sfile *f,
                     bool big)
{
    if (w->overtakes)
        return zc_sfile_give_up(w, f, "", 0);
    return big ? zc_big_send(w, dirfd, f) : zc_sfile_retry(w, f);
}

static int send_data(struct zc_sworker *w, int dirfd, struct zc_sfile *f)
{
    if (f->st.size > ZC_INLINE_MAX || !zc_segments_plain(&f->segments))
        return not_small(w, dirfd, f, true);
    /* Once more at once, then later: most changes are over by then. */
    for (int i = 0; i < 2; i++) {
        int r = zc_small_append(w, dirfd, f);
        if (r)
            return r < 0 ? -1 : 0;
        if (zc_stat_at(f->fd, "", &f->st))
            break;
        if (f->st.size > ZC_INLINE_MAX)
            return not_small(w, dirfd, f, true);
    }
    return not_small(w, dirfd, f, false);
}

/* Sends the bytes of F, which is open, or what else WHAT turns out to need. */
static int send_opened(struct zc_sworker *w, int dirfd, struct zc_sfile *f,
                       unsigned what)
{
    if (what & ZC_NEED_DATA && f->tries == 0 && zc_small_listed(w, f))
        return 0;
    int r = look_at_file(w, f);
    if (r)
        return r < 0 ? -1 : 0;
    tell_cost(w, f);
    bool check = what & ZC_NEED_CHECK;
    if (check && w->s->opt->dry_run)
        return zc_check_dry(w, f);
    bool equal = check && f->tries == 0 && zc_check_equal(w, f) > 0;
    if (check && !equal)
        zc_check_changed(w, f);
    if (what & ZC_NEED_FROM && f->tries == 0)
        check_from(w, f);
    if (!equal && what & (ZC_NEED_CHECK | ZC_NEED_FROM | ZC_NEED_DELTA))
        find_basis(w, f, what);
    if (equal && zc_removal_wanted(w->s->opt))
        zc_removal_of(w->s, f->list, f->index);
    if (!equal)
        return send_data(w, dirfd, f);
    count_out(w, f);
    return zc_sfile_meta(w, dirfd, f);
}

static int send_bytes(struct zc_sworker *w, int dirfd, struct zc_sfile *f,
                      unsigned what)
{
    do
        f->fd = zc_sfile_open(w, dirfd, f, O_RDONLY);
    while (f->fd < 0 && zc_dirtree_give_back(w->s->tree));
    if (f->fd < 0 && (errno == EMFILE || errno == ENFILE) &&
        f->tries + 1 < zc_sfile_tries_max(w->s))
        return zc_sfile_retry(w, f); /* others will close theirs */
    if (f->fd < 0 && (errno == ELOOP || errno == ENXIO))
        return zc_sfile_give_up(w, f, "read it: it is no file any more", 0);
    if (f->fd < 0)
        return zc_sfile_give_up(w, f, "open it", errno);
    if (w->s->opt->apply & ZC_APPLY_DROP_CACHE)
        f->cached = zc_cached_look(f->fd);
    int r = send_opened(w, dirfd, f, what);
    zc_cached_leave(f->cached, f->fd);
    f->cached = NULL;
    zc_close(&f->fd); /* unless it is to be checked later */
    return r;
}

/* Metadata of one version on the bytes of another would look like a third. */
static bool is_another_version(const struct zc_sfile *f)
{
    return S_ISREG(f->st.mode) &&
           (f->st.size != f->listed.size ||
            f->st.mtime_s != f->listed.mtime_s ||
            (f->st.mtime_ns != f->listed.mtime_ns &&
             !zc_entry_odd_time(&f->st)));
}

/* F was to have new metadata only, and has new bytes by now. */
static int send_all(struct zc_sworker *w, int dirfd, struct zc_sfile *f)
{
    struct zc_sentry *se = &f->list->entries[f->index];
    pthread_mutex_lock(&w->s->lock);
    se->what = ZC_NEED_DATA;
    se->item_flags |= ZC_ITEM_DATA;
    pthread_mutex_unlock(&w->s->lock);
    atomic_fetch_add(&w->s->stats->need_files, 1);
    atomic_fetch_add(&w->s->stats->need_bytes, f->st.size);
    zc_close(&f->fd); /* O_PATH */
    return send_bytes(w, dirfd, f, ZC_NEED_DATA);
}

/* Sends entry INDEX of L as it was asked for. */
static int send_entry(struct zc_sworker *w, int dirfd, struct zc_slist *l,
                      uint32_t index, unsigned tries)
{
    struct zc_sfile f;
    zc_sfile_init(w->s, &f, l, index, tries);
    unsigned what = l->entries[index].what;
    if (what & ZC_NEED_BYTES)
        return send_bytes(w, dirfd, &f, what);
    if (f.followed && (f.fd = zc_sfile_open(w, dirfd, &f, O_PATH)) < 0)
        return zc_sfile_give_up(w, &f, "follow the symlink", errno);
    int r;
    unsigned keep = w->s->opt->keep;
    if (f.fd < 0 ? zc_stat_kept(keep, dirfd, f.name, &f.st)
                 : zc_stat_kept(keep, f.fd, "", &f.st))
        r = zc_sfile_give_up(w, &f, "look at it", errno);
    else if ((f.st.mode & S_IFMT) != (f.listed.mode & S_IFMT))
        r = zc_sfile_give_up(w, &f, "read it: it is something else now", 0);
    else if (!w->s->opt->dry_run && is_another_version(&f))
        r = send_all(w, dirfd, &f);
    else
        r = zc_sfile_meta(w, dirfd, &f);
    zc_close(&f.fd);
    return r;
}

int zc_files_eager(struct zc_sworker *w, int dirfd, struct zc_slist *l,
                   uint32_t index)
{
    struct zc_sfile f;
    zc_sfile_init(w->s, &f, l, index, 0);
    return send_bytes(w, dirfd, &f, ZC_NEED_DATA);
}

/* Its directory cannot be opened any more. */
static int give_up_dir(struct zc_sworker *w, struct zc_slist *l,
                       uint32_t index, int eno)
{
    struct zc_sfile f;
    zc_sfile_init(w->s, &f, l, index, 0);
    return zc_sfile_give_up(w, &f, "open its directory", eno);
}

static int send_list(struct zc_sworker *w, struct zc_slist *l)
{
    struct zc_sender *s = w->s;
    struct zc_dirnode *node = l->node; /* L may be gone at the end */
    zc_dirnode_ref(s->tree, node);
    int r = 0, dirfd = zc_dirnode_pin(s->tree, node), eno = errno;
    for (uint32_t index; zc_lists_next_wanted(s, l, r != 0, &index);) {
        r = dirfd < 0 ? give_up_dir(w, l, index, eno)
                      : send_entry(w, dirfd, l, index, 0);
        if (!r && w->out.len >= s->rate.batch_max)
            r = zc_lists_flush(w);
    }
    if (dirfd >= 0)
        zc_dirnode_unpin(s->tree, node);
    zc_dirnode_unref(s->tree, node);
    return r;
}

int zc_files_some(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    struct zc_slist *l = zc_lists_take(s);
    pthread_mutex_unlock(&s->lock);
    return l ? send_list(w, l) : 0;
}

int zc_files_again(struct zc_sworker *w, const struct zc_retry *retry)
{
    struct zc_sender *s = w->s;
    struct zc_dirnode *node = retry->list->node;
    zc_dirnode_ref(s->tree, node);
    int r, dirfd = zc_dirnode_pin(s->tree, node);
    if (dirfd < 0) {
        r = give_up_dir(w, retry->list, retry->index, errno);
    } else if (retry->tries >= zc_sfile_tries_max(s)) {
        struct zc_sfile f;
        zc_sfile_init(s, &f, retry->list, retry->index, retry->tries);
        r = zc_sfile_retry(w, &f); /* gives up */
        zc_dirnode_unpin(s->tree, node);
    } else {
        r = send_entry(w, dirfd, retry->list, retry->index, retry->tries);
        zc_dirnode_unpin(s->tree, node);
    }
    zc_dirnode_unref(s->tree, node);
    return r;
}
