// SPDX-License-Identifier: GPL-2.0-or-later
/* Is a file here what the peer has? See check.h. */
#include "sender/check.h"

#include "fs/cached.h"
#include "sender/entry.h"
#include "sender/removal.h"
#include "session/hash.h"

#include <string.h>

#define SLICE_MIN ((uint64_t)4 << 20) /* files of less are read at once */
#define SLICE ((uint64_t)16 << 20)
#define OPEN_MAX 32

struct zc_scheck {
    STAILQ_ENTRY(zc_scheck) next;
    struct zc_sfile f;
    struct zc_need_item item;
    struct zc_hasher hasher;
};

void zc_checks_init(struct zc_checks *c)
{
    STAILQ_INIT(&c->waiting);
}

static void check_free(struct zc_scheck *c)
{
    zc_hasher_fini(&c->hasher);
    zc_cached_leave(c->f.cached, c->f.fd);
    zc_close(&c->f.fd);
    free(c);
}

void zc_checks_fini(struct zc_checks *c)
{
    struct zc_scheck *one;
    while ((one = STAILQ_FIRST(&c->waiting))) {
        STAILQ_REMOVE_HEAD(&c->waiting, next);
        check_free(one);
    }
}

bool zc_check_is(const uint8_t hash[ZC_HASH_SIZE],
                 const struct zc_need_item *item)
{
    uint8_t told[ZC_HASH_SIZE];
    zc_hash_told(hash, told);
    return !memcmp(told, item->hash, sizeof told);
}

int zc_check_equal(struct zc_sworker *w, const struct zc_sfile *f)
{
    struct zc_need_item item;
    uint8_t mine[ZC_HASH_SIZE];
    if (!zc_lists_check(w->s, f->list, f->index, &item))
        return 0;
    if (zc_sender_hash(w, f->fd, f->st.size, mine))
        return -1;
    return zc_check_is(mine, &item);
}

/* Who has changed it since it was listed is no damage, so that is told, too. */
void zc_check_changed(struct zc_sworker *w, const struct zc_sfile *f)
{
    struct zc_stat now;
    unsigned had = f->list->entries[f->index].item_flags;
    bool is_new = had & ZC_ITEM_NEW; /* and so it is all that it is */
    unsigned flags = ZC_ITEM_DATA | (is_new ? 0 : ZC_ITEM_CHECKSUM);
    if (!is_new && !zc_stat_at(f->fd, "", &now)) {
        flags |= now.size != f->listed.size ? ZC_ITEM_SIZE : 0;
        flags |= now.mtime_s != f->listed.mtime_s ||
                         (now.mtime_ns != f->listed.mtime_ns &&
                          !zc_entry_odd_time(&now))
                     ? ZC_ITEM_TIME
                     : 0;
    }
    pthread_mutex_lock(&w->s->lock);
    f->list->entries[f->index].item_flags |= flags;
    pthread_mutex_unlock(&w->s->lock);
}

/* --- dry runs --- */

/* Then that it could not be read to its end says nothing. Keeps errno. */
static bool has_shrunk(const struct zc_sfile *f)
{
    int eno = errno;
    struct zc_stat now;
    bool so = !zc_stat_at(f->fd, "", &now) && now.size < f->st.size;
    errno = eno;
    return so;
}

/* Of F, whose bytes are the SAME or not, the peer says with the RESULT whether the
 * rest is. */
static int ask_about_rest(struct zc_sworker *w, const struct zc_sfile *f,
                          bool same)
{
    if (same) {
        pthread_mutex_lock(&w->s->lock);
        f->list->entries[f->index].what = ZC_NEED_META;
        pthread_mutex_unlock(&w->s->lock);
    }
    return zc_sfile_meta(w, -1, f);
}

/* What is known of F is told, and F settled; BYTES were read and not counted
 * yet. -1: the run has failed. */
static int report(struct zc_sworker *w, const struct zc_sfile *f, int same,
                  uint64_t bytes)
{
    struct zc_sender *s = w->s;
    if (same < 0 && s->failed)
        return -1;
    if (same < 0 && !has_shrunk(f))
        return zc_sfile_give_up(w, f, "read it", errno);
    if (same <= 0)
        zc_check_changed(w, f);
    else if (zc_removal_wanted(s->opt))
        zc_removal_of(s, f->list, f->index);
    atomic_fetch_add(&s->stats->done_files, 1);
    atomic_fetch_add(&s->stats->done_bytes, bytes);
    if (f->list->entries[f->index].what & ZC_NEED_META)
        return ask_about_rest(w, f, same > 0);
    unsigned flags = zc_lists_news(f->listed.mode,
                                   f->list->entries[f->index].item_flags);
    bool all = s->opt->apply & ZC_APPLY_TELL_ALL;
    zc_lists_item(s, f->list, f->index,
                  !flags && all ? ZC_ITEM_UNCHANGED : flags);
    zc_sfile_settle(w, f);
    return 0;
}

/* --- slices --- */

/* True: F is dealt with later. */
static bool put_off(struct zc_sworker *w, struct zc_sfile *f)
{
    struct zc_sender *s = w->s;
    if (ZC_MIN(f->st.size, f->st.blocks * 512) < SLICE_MIN)
        return false;
    struct zc_scheck *c = malloc(sizeof *c);
    if (!c || !zc_lists_check(s, f->list, f->index, &c->item) ||
        zc_hasher_init(&c->hasher, f->st.size,
                       zc_hash_kind(s->terms.open.flags))) {
        free(c);
        return false;
    }
    c->f = *f;
    pthread_mutex_lock(&s->lock);
    bool room = s->checks->n < OPEN_MAX;
    if (room) {
        s->checks->n++;
        f->fd = -1; /* both are its own now */
        f->cached = NULL;
        STAILQ_INSERT_TAIL(&s->checks->waiting, c, next);
        zc_sender_wake_all(s);
    }
    pthread_mutex_unlock(&s->lock);
    if (!room) {
        zc_hasher_fini(&c->hasher);
        free(c);
    }
    return room;
}

int zc_check_dry(struct zc_sworker *w, struct zc_sfile *f)
{
    if (put_off(w, f))
        return 0;
    return report(w, f, zc_check_equal(w, f),
                  ZC_MIN(f->st.size, f->st.blocks * 512));
}

struct zc_scheck *zc_checks_claim(struct zc_sender *s)
{
    struct zc_scheck *c = STAILQ_FIRST(&s->checks->waiting);
    if (c)
        STAILQ_REMOVE_HEAD(&s->checks->waiting, next);
    return c;
}

int zc_check_go_on(struct zc_sworker *w, struct zc_scheck *c)
{
    struct zc_sender *s = w->s;
    uint8_t mine[ZC_HASH_SIZE];
    uint64_t before = c->hasher.read;
    if (!before && s->opt->apply & ZC_APPLY_COLD)
        zc_hash_from_disk(c->f.fd);
    int r = zc_hasher_some(&c->hasher, &w->scratch, c->f.fd, SLICE, &s->failed,
                           mine);
    uint64_t bytes = c->hasher.read - before;
    if (r > 0) {
        atomic_fetch_add(&s->stats->done_bytes, bytes);
        pthread_mutex_lock(&s->lock);
        STAILQ_INSERT_TAIL(&s->checks->waiting, c, next);
        zc_sender_wake_all(s);
        pthread_mutex_unlock(&s->lock);
        return 0;
    }
    bool same = !r && zc_check_is(mine, &c->item);
    r = report(w, &c->f, r < 0 ? -1 : same, bytes);
    check_free(c);
    pthread_mutex_lock(&s->lock);
    s->checks->n--;
    pthread_mutex_unlock(&s->lock);
    return r;
}
