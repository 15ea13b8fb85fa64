// SPDX-License-Identifier: GPL-2.0-or-later
/* One file being sent: its message, and how it ends when it changes or goes
 * meanwhile; see sfile.h. */
#include "sender/sfile.h"

#include "base/clock.h"
#include "fs/rootdir.h"
#include "sender/entry.h"
#include "sender/links.h"
#include "sender/retries.h"

#include <string.h>

void zc_sfile_init(struct zc_sender *s, struct zc_sfile *f,
                   struct zc_slist *l, uint32_t index, unsigned tries)
{
    memset(f, 0, sizeof *f);
    f->list = l;
    f->index = index;
    f->tries = tries;
    f->fd = -1;
    f->followed = l->entries[index].followed;
    zc_slist_entry(l, index, &f->listed);
    struct zc_bytes name = {(const uint8_t *)f->listed.name,
                            f->listed.name_len};
    if (s->terms.name && l->id) /* listed as the destination calls it */
        name = s->terms.open.name;
    memcpy(f->name, name.p, name.n);
}

int zc_sfile_open(struct zc_sworker *w, int dirfd, const struct zc_sfile *f,
                  int flags)
{
    return f->followed
               ? zc_slinks_open(w->s, f->list->node, dirfd, f->name, flags)
               : zc_file_open(dirfd, f->name, flags, 0);
}

void zc_sfile_state(struct zc_sworker *w, const struct zc_sfile *f,
                    enum zc_sstate state)
{
    pthread_mutex_lock(&w->s->lock);
    f->list->entries[f->index].state = (uint8_t)state;
    pthread_mutex_unlock(&w->s->lock);
}

void zc_sfile_settle(struct zc_sworker *w, const struct zc_sfile *f)
{
    pthread_mutex_lock(&w->s->lock);
    zc_lists_settle(w->s, f->list, f->index);
    pthread_mutex_unlock(&w->s->lock);
}

int zc_sfile_give_up(struct zc_sworker *w, const struct zc_sfile *f,
                     const char *what, int eno)
{
    bool vanished =
        eno == ENOENT || eno == ENOTDIR || eno == ELOOP || eno == 0;
    zc_entry_trouble(w, f->list->node, f->name,
                     vanished ? ZC_TROUBLE_VANISHED : ZC_TROUBLE_SOURCE, what,
                     eno);
    struct zc_msg_end end = {.ref = {f->list->id, f->index},
                             .verdict = ZC_VERDICT_ABANDON,
                             .eno = (uint32_t)eno};
    bool meta = f->list->entries[f->index].what & ZC_NEED_META;
    if (w->s->opt->dry_run && !meta) { /* the peer does not wait for it */
        zc_sfile_settle(w, f);
        return 0;
    }
    zc_sfile_state(w, f, ZC_S_SENT);
    zc_end_encode(&w->out, &end);
    return 0;
}

unsigned zc_sfile_tries_max(const struct zc_sender *s)
{
    return s->opt->rounds ? ZC_TRIES_ROUND : ZC_TRIES_MAX;
}

int zc_sfile_retry(struct zc_sworker *w, const struct zc_sfile *f)
{
    struct zc_sender *s = w->s;
    if (f->tries + 1 >= zc_sfile_tries_max(s))
        return zc_sfile_give_up(w, f,
                                "get a whole version of it: it kept changing",
                                0);
    struct zc_retry r = {f->list, f->index, f->tries + 1,
                         zc_clock_ns() + (20000000LL << f->tries)};
    atomic_fetch_add(&s->stats->retries, 1);
    pthread_mutex_lock(&s->lock);
    f->list->entries[f->index].state = ZC_S_RETRY;
    int fail = zc_retries_add(&s->retries, &r);
    zc_sender_wake_all(s);
    pthread_mutex_unlock(&s->lock);
    return fail;
}

int zc_sfile_describe(struct zc_sworker *w, int dirfd,
                      const struct zc_sfile *f, struct zc_msg_file *m)
{
    struct zc_sender *s = w->s;
    memset(m, 0, sizeof *m);
    m->ref = (struct zc_ref){f->list->id, f->index};
    struct zc_stat st = f->st, says;
    unsigned keep = s->opt->keep;
    if (keep & ZC_KEEP_FAKE &&
        !(f->fd >= 0 ? zc_stat_kept(keep, f->fd, "", &says)
                     : zc_stat_kept(keep, dirfd, f->name, &says))) {
        st.mode = says.mode;
        st.uid = says.uid;
        st.gid = says.gid;
        st.rdev = says.rdev;
    }
    zc_entry_from_stat(s, &st, &m->entry);
    m->entry.name = f->listed.name;
    m->entry.name_len = f->listed.name_len;
    m->entry.target = f->listed.target;
    m->entry.target_len = f->listed.target_len;
    if (f->followed) /* as in the list */
        m->entry.flags &= ~ZC_ENTRY_HARD_LINK;
    m->entry.flags |= f->listed.flags & ZC_ENTRY_IMPLIED;
    if (f->fd >= 0 ? zc_entry_xattrs(w, f->fd, "", &m->entry)
                   : zc_entry_xattrs(w, dirfd, f->name, &m->entry))
        zc_entry_unread(w, f->list->node, f->name,
                        "read its extended attributes");
    m->xattrs = (struct zc_bytes){w->xattrs.data, w->xattrs.len};
    return zc_ids_announce(w, m->entry.uid, m->entry.gid, w->xattrs.data,
                           w->xattrs.len);
}

int zc_sfile_meta(struct zc_sworker *w, int dirfd, const struct zc_sfile *f)
{
    struct zc_msg_file m;
    if (zc_sfile_describe(w, dirfd, f, &m))
        return -1;
    zc_file_encode(&w->out, ZC_FRAME_META, &m);
    zc_sfile_state(w, f, ZC_S_SENT);
    return 0;
}
