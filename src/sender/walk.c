// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walking the source: directories become LIST frames. Names are read and sorted
 * once per directory; entries are looked at in that order and go out in lists
 * of bounded size, so that a directory of any number of entries costs its names
 * and no more.
 */
#include "sender/walk.h"

#include "sender/digests.h"
#include "sender/earlier.h"
#include "sender/entry.h"
#include "sender/links.h"
#include "sender/look.h"
#include "sender/places.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/* Bytes of lists that the peer has not finished with: some 200,000 entries at
 * most, and well below ZC_PENDING_MAX. */
#define WINDOW ((size_t)8 << 20)
#define DIRS_AHEAD 4096
/* So many lists may be without their final answer in any case, as the peer may want
 * to see more of the tree before it gives that (zcsync-protocol(7), NEED). */
#define LISTS_AHEAD 256

/* Groups of names from which on they are worth asking about, each of a thousand. */
#define GROUPS_MIN 4

void zc_walk_init(struct zc_sender *s, struct zc_walk *walk)
{
    s->walk = walk;
    SLIST_INIT(&walk->dirs);
}

void zc_walk_fini(struct zc_sender *s)
{
    for (struct zc_sdir *d; (d = SLIST_FIRST(&s->walk->dirs));) {
        SLIST_REMOVE_HEAD(&s->walk->dirs, link);
        zc_sdir_free(s, d);
    }
}

void zc_walk_add(struct zc_sender *s, struct zc_sdir *d)
{
    pthread_mutex_lock(&s->lock);
    SLIST_INSERT_HEAD(&s->walk->dirs, d, link);
    zc_lists_open_dir(s);
    pthread_mutex_unlock(&s->lock);
}

void zc_walk_again(struct zc_sender *s, struct zc_sdir *d)
{
    pthread_mutex_lock(&s->lock);
    SLIST_INSERT_HEAD(&s->walk->dirs, d, link);
    zc_sender_wake_all(s);
    pthread_mutex_unlock(&s->lock);
}

/* D, found on the mount MNT, is one of its own parents, found on ABOVE. On one
 * mount that cannot be: parents and children have traded places between two looks,
 * and what was listed as D is not there any more. */
static void tell_loop(struct zc_sworker *w, struct zc_sdir *d, uint64_t mnt,
                      uint64_t above)
{
    d->incomplete = true;
    if (zc_slinks_follow(w->s))
        zc_entry_trouble(w, d->node, "", ZC_TROUBLE_SOURCE,
                         "walk it, as a symlink leads back to one of its own "
                         "parents", 0);
    else if (mnt && mnt == above)
        zc_entry_trouble(w, d->node, "", ZC_TROUBLE_VANISHED, "walk it",
                         ENOENT);
    else
        zc_entry_trouble(w, d->node, "", ZC_TROUBLE_SOURCE,
                         "walk it, as it is a file system loop: one of its "
                         "own parents is mounted there", 0);
}

/* First look at D: is it to be walked at all, and what names are in it? */
static void start_dir(struct zc_sworker *w, struct zc_sdir *d, int dirfd)
{
    struct zc_sender *s = w->s;
    struct zc_stat st;
    uint64_t above;
    d->started = true;
    if (zc_stat_at(dirfd, "", &st)) {
        d->incomplete = true;
        zc_entry_unread(w, d->node, "", "look at it");
        return;
    }
    struct zc_dirnode *parent = zc_dirnode_parent(d->node);
    if (zc_sdir_stays_out(s, &st)) {
        d->incomplete = true;
        return;
    }
    if (parent && zc_dirnode_has_ancestor(parent, st.dev, st.ino, &above)) {
        tell_loop(w, d, st.mnt_id, above);
        return;
    }
    d->places = zc_splaces_below(w, d->node);
    zc_dirnode_set_id(d->node, st.dev, st.ino, st.mnt_id);
    if (zc_sdir_take_rules(w, d, dirfd)) {
        d->incomplete = true;
        d->at = SIZE_MAX;
        return;
    }
    if (d->restricted) { /* a copy of a file beside it, for one */
        d->incomplete = true;
        return;
    }
    if (zc_sdir_is_dest(s, &st)) {
        d->incomplete = true;
        zc_entry_trouble(w, d->node, "", ZC_TROUBLE_SOURCE,
                         "walk it, as it is the destination itself", 0);
        return;
    }
    if (!zc_splaces_may_list(w, d->node, &st)) {
        d->incomplete = true;
        return;
    }
    if (s->opt->walk & ZC_WALK_ONE_LEVEL && parent) {
        d->incomplete = true; /* nothing is said of what is in it */
        return;
    }
    if (zc_names_read(dirfd, &d->names)) {
        zc_entry_unread(w, d->node, "", "read the directory");
        zc_slook_blind(w, d);
    } else if (d->names.too_long) {
        zc_entry_trouble(w, d->node, "", ZC_TROUBLE_SOURCE,
                         "send all that is in it: names have more than 255 "
                         "bytes", ENAMETOOLONG);
        zc_slook_blind(w, d);
    }
    if (d->places && zc_splaces_add_names(w, d->node, &d->names))
        d->incomplete = true;
}

/* How many names D has to be asked about, and the one at I. */
static size_t dir_len(const struct zc_sender *s, const struct zc_sdir *d,
                      const struct zc_fileset_node *const **set)
{
    size_t n = d->names.len;
    if (d->restricted)
        *set = zc_fileset_children(s->opt->only, d->only, &n);
    return n;
}

/* NAME in D, called AS in the list, is a place that is not to be looked at.
 * ONLY: it is in a file set, which may ask for what is in it. */
static bool tell_place(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                       const struct zc_earlier_dirs *earlier,
                       const struct zc_fileset_node *only, const char *name,
                       const char *as, struct zc_draft *draft)
{
    unsigned char type = only ? DT_DIR : d->names.v[d->at].type;
    const struct zc_place *place = zc_splaces_skips(w, d->node, name, type);
    bool left_out = place && place->state == ZC_PLACE_LEFT_OUT;
    if (!place || (left_out && only && zc_fileset_listed(only) &&
                   !zc_splaces_on_dir(dirfd, name)))
        return false;
    size_t below = 0;
    if (left_out && only)
        zc_fileset_children(w->s->opt->only, only, &below);
    if (below || (left_out && only && zc_fileset_recurses(only)))
        zc_entry_trouble(w, d->node, name, ZC_TROUBLE_SOURCE,
                         "go into it, as something is mounted there (-x)", 0);
    if (!zc_earlier_has(w->s, earlier, name))
        zc_splaces_tell(w, left_out, as, draft);
    return true;
}

/* Rules hide NAME, the next in D, which readdir(3) says is a directory: it may be
 * a mount that does not answer, so it is not looked at. */
static bool is_hidden_dir(struct zc_sworker *w, const struct zc_sdir *d,
                          const char *name)
{
    return d->names.v[d->at].type == DT_DIR && zc_sdir_hides(w, d, name, true);
}

/* NODE's name, which was just added to DRAFT, is one that the rest of a listed path
 * lies below, or asks for all that is below it: it has to be a directory, and one
 * that is gone into. */
static void check_way(struct zc_sworker *w, const struct zc_sdir *d, int dirfd,
                      const struct zc_fileset_node *node,
                      const struct zc_draft *draft)
{
    const struct zc_sender *s = w->s;
    const char *name = zc_fileset_name(node);
    size_t below;
    struct zc_stat st;
    struct zc_entry e;
    (void)zc_fileset_children(s->opt->only, node, &below);
    if (!draft->notes.len || (!below && !s->opt->one_file_system))
        return;
    size_t at = draft->notes.v[draft->notes.len - 1].offset;
    struct zc_rd rd = zc_rd_init(w->out.data + at, w->out.len - at);
    struct zc_err ignored;
    if (w->out.failed || zc_entry_decode(&rd, false, &e, &ignored))
        return;
    bool missing_ok = s->opt->walk & (ZC_WALK_IGNORE_MISSING |
                                      ZC_WALK_DELETE_MISSING);
    if (below && !S_ISDIR(e.mode) && !missing_ok)
        zc_entry_trouble(w, d->node, name, ZC_TROUBLE_SOURCE,
                         S_ISLNK(e.mode)
                             ? "send what is listed behind it, as it is a "
                               "symlink (-L follows it)"
                             : "send what is listed below it, as it is no "
                               "directory", 0);
    else if (S_ISDIR(e.mode) && s->opt->one_file_system &&
             (below || zc_fileset_recurses(node)) &&
             !zc_stat_at(dirfd, name, &st) && zc_sdir_stays_out(s, &st))
        zc_entry_trouble(w, d->node, name, ZC_TROUBLE_SOURCE,
                         "go into it, as something is mounted there (-x)", 0);
}

/* The directory NAME, called AS, is on the way to what was asked for, and that is
 * all there is to be told of it. False: it is something else. */
static bool tell_way(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                     const struct zc_fileset_node *node, const char *as,
                     struct zc_draft *draft)
{
    struct zc_stat st;
    const char *name = zc_fileset_name(node);
    if (!(w->s->opt->walk & ZC_WALK_BARE) || zc_fileset_listed(node) ||
        zc_stat_at(dirfd, name, &st) || !S_ISDIR(st.mode) ||
        zc_sdir_hides(w, d, name, true))
        return false;
    zc_splaces_tell(w, true, as, draft);
    check_way(w, d, dirfd, node, draft);
    return true;
}

/* Adds entries to DRAFT until the list is full or D ends; EARLIER has some of
 * them already. -1: the run has failed. */
static int add_entries(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                       const struct zc_earlier_dirs *earlier,
                       struct zc_draft *draft)
{
    struct zc_sender *s = w->s;
    const struct zc_fileset_node *const *set = NULL;
    size_t n = dir_len(s, d, &set);
    int at;
    for (; d->at < n; d->at++) {
        if (w->out.len - draft->begin > ZC_LIST_TARGET ||
            draft->notes.len == ZC_LIST_ENTRIES_MAX)
            break;
        const char *name = set ? zc_fileset_name(set[d->at])
                               : zc_names_at(&d->names, d->at);
        if (zc_groups_has_same(d->groups, &d->group, name, strlen(name)) ||
            zc_sdir_reserves(d, dirfd, name))
            continue;
        const char *as = s->terms.name ? s->terms.name : name;
        if ((!set && is_hidden_dir(w, d, name)) ||
            (d->places && tell_place(w, d, dirfd, earlier,
                                     set ? set[d->at] : NULL, name, as,
                                     draft)))
            continue;
        if (!zc_earlier_leaves(s, earlier, dirfd, name, &at))
            continue;
        if (set && tell_way(w, d, at, set[d->at], as, draft))
            continue;
        enum zc_slook look = zc_slook_name(w, d, at, name, as, draft);
        if (look == ZC_SLOOK_FAILED)
            return -1;
        if (look == ZC_SLOOK_ADDED && set)
            check_way(w, d, at, set[d->at], draft);
        if (look == ZC_SLOOK_ABSENT && d->places &&
            zc_splaces_keeps(w, d->node, name, NULL))
            zc_splaces_tell(w, false, as, draft);
        else if (look == ZC_SLOOK_ABSENT && set &&
                 zc_fileset_listed(set[d->at]))
            zc_slook_absent(w, d, name, draft);
    }
    return 0;
}

struct zc_slist *zc_walk_keep(struct zc_sworker *w, const struct zc_sdir *d,
                              const struct zc_draft *draft)
{
    struct zc_slist *l = zc_draft_keep(w, draft, d->node);
    if (l) {
        l->only = d->only;
        l->restricted = d->restricted;
        l->digest = d->digest;
        l->filter = zc_filter_ref(d->filter);
    }
    return l;
}

/* Remembers the last name that L tells, from which the next list goes on. */
static int remember_after(struct zc_sdir *d, const struct zc_slist *l)
{
    struct zc_entry e;
    if (!l->count)
        return 0;
    zc_slist_entry(l, l->count - 1, &e);
    free(d->after);
    d->after = strndup(e.name, e.name_len);
    return d->after ? 0 : -1;
}

int zc_walk_frame(struct zc_sworker *w, struct zc_sdir *d, struct zc_slist *l,
                  bool last)
{
    struct zc_msg_list m = {.dir = d->ref};
    if (d->after) {
        m.after.p = (const uint8_t *)d->after;
        m.after.n = strlen(d->after);
    }
    unsigned flags = (last ? ZC_LIST_LAST : 0) |
                     (d->incomplete ? ZC_LIST_INCOMPLETE : 0);
    struct zc_buf rules = ZC_BUF_INIT;
    if (d->filter && !d->told && w->s->opt->del) {
        d->told = true;
        flags |= ZC_LIST_RULES;
        zc_filter_encode_dir(d->filter, &rules);
        m.rules = (struct zc_bytes){rules.data, rules.len};
        w->out.failed |= rules.failed;
    }
    int r = zc_lists_frame(w, l, &m, flags);
    zc_buf_fini(&rules);
    return r ? -1 : remember_after(d, l);
}

static int list_opened(struct zc_sworker *w, struct zc_sdir *d, int dirfd,
                       struct zc_draft *draft)
{
    struct zc_earlier_dirs earlier;
    if (!d->started)
        start_dir(w, d, dirfd);
    if (zc_earlier_open(w->s, d->node, &earlier)) {
        d->incomplete = true;
        d->at = SIZE_MAX;
        zc_entry_trouble(w, d->node, "", ZC_TROUBLE_SOURCE,
                         "see what an earlier SRC has there", errno);
        return 0;
    }
    int r = add_entries(w, d, dirfd, &earlier, draft);
    zc_earlier_close(w->s, &earlier);
    return r;
}

int zc_walk_gather(struct zc_sworker *w, struct zc_sdir *d,
                   struct zc_draft *draft, bool *last)
{
    struct zc_sender *s = w->s;
    const struct zc_fileset_node *const *set = NULL;
    bool closed = !d->started && zc_splaces_closed(w, d->node);
    int dirfd = closed ? -1 : zc_dirnode_pin(s->tree, d->node);
    *last = true;
    if (closed || (dirfd < 0 && errno == EXDEV)) {
        d->incomplete = true; /* nothing is said of what is in it */
    } else if (dirfd < 0) {
        bool gone = errno == ENOENT;
        zc_entry_unread(w, d->node, "", "open the directory");
        if (gone)
            d->incomplete = true;
        else
            zc_slook_blind(w, d);
    } else {
        int fail = list_opened(w, d, dirfd, draft);
        *last = d->at >= dir_len(s, d, &set);
        zc_dirnode_unpin(s->tree, d->node);
        return fail;
    }
    return 0;
}

/* Tells D by groups of its names instead, if that is worth asking about first. */
static bool ask_by_groups(struct zc_sworker *w, struct zc_sdir *d)
{
    const struct zc_digests *table = zc_sdigests_table(w->s);
    if (!table || !d->digest || d->groups ||
        !(d->groups = calloc(1, sizeof *d->groups)))
        return false;
    bool root = !zc_dirnode_parent(d->node);
    if (zc_digests_groups(table, d->digest, ZC_GROUPS_MAX, d->groups) ||
        (!root && d->groups->of.len < GROUPS_MIN)) {
        zc_groups_fini(d->groups);
        return false;
    }
    struct zc_msg_list m = {.dir = d->ref};
    struct zc_slist *l = zc_slist_groups(w->s, d, d->groups->of.len);
    size_t at = zc_list_begin(&w->out, &m);
    for (size_t i = 0; i < d->groups->of.len; i++)
        zc_sdigests_encode(&w->out, &d->groups->of.v[i]);
    zc_list_end(&w->out, at, (uint32_t)d->groups->of.len, ZC_LIST_GROUPS);
    if (!l)
        zc_sdir_free(w->s, d);
    if (!l || zc_lists_fresh(w, l, at, false))
        zc_sender_fail_nomem(w->s);
    return true;
}

/* Lists more of D into W's buffer; true when D is finished (and freed), or waits
 * for an answer. */
static bool list_more(struct zc_sworker *w, struct zc_sdir *d)
{
    struct zc_sender *s = w->s;
    bool last;
    if (!d->started && ask_by_groups(w, d))
        return true;
    struct zc_draft draft = zc_draft_begin(w);
    bool failed = zc_walk_gather(w, d, &draft, &last) != 0;
    if (!failed) {
        struct zc_slist *l = zc_walk_keep(w, d, &draft);
        failed = !l || zc_walk_frame(w, d, l, last);
        if (failed)
            zc_sender_fail_nomem(s);
    }
    zc_draft_fini(&draft);
    if (last || failed)
        zc_sdir_free(s, d);
    return last || failed;
}

/* Of a directory with a great many subdirectories, no more is listed while
 * those already known keep us busy. */
bool zc_walk_ready(const struct zc_sender *s)
{
    const struct zc_sdir *d = SLIST_FIRST(&s->walk->dirs);
    if (!d || s->lists->bytes >= WINDOW || s->round.seeding)
        return false;
    return !d->after || s->lists->open_dirs < DIRS_AHEAD ||
           s->lists->unanswered <= LISTS_AHEAD;
}

static struct zc_sdir *take_dir(struct zc_sender *s)
{
    struct zc_sdir *d = NULL;
    pthread_mutex_lock(&s->lock);
    if (zc_walk_ready(s) && !s->failed) {
        d = SLIST_FIRST(&s->walk->dirs);
        SLIST_REMOVE_HEAD(&s->walk->dirs, link);
    }
    pthread_mutex_unlock(&s->lock);
    return d;
}

/*
 * Lists directories until there is something worth sending. One that is not
 * finished goes back on the stack only when its list is on the wire: the next
 * one, by whichever worker, must come after it.
 */
int zc_walk_some(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    struct zc_sdir *unfinished = NULL;
    while (!unfinished && w->out.len < s->rate.batch_max / 8) {
        struct zc_sdir *d = take_dir(s);
        if (!d)
            break;
        if (!list_more(w, d))
            unfinished = d;
    }
    int r = zc_lists_flush(w);
    if (unfinished) {
        pthread_mutex_lock(&s->lock);
        SLIST_INSERT_HEAD(&s->walk->dirs, unfinished, link);
        zc_sender_wake_all(s);
        pthread_mutex_unlock(&s->lock);
    }
    return r;
}

/* Where nothing is to be digested, the answer to LIST 0 is known, and the list of
 * what is in the root goes behind it: a round trip less. -1: memory. */
static int list_root(struct zc_sender *s, struct zc_slist *l)
{
    struct zc_sdir *d = calloc(1, sizeof *d);
    if (!d)
        return -1;
    l->unasked = true;
    d->node = l->node;
    zc_dirnode_ref(s->tree, d->node);
    d->restricted = l->restricted;
    zc_walk_add(s, d);
    return 0;
}

int zc_walk_root(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    struct zc_dirnode *node = zc_dirtree_root(s->tree);
    struct zc_entry e;
    struct zc_stat st;
    int pinned = zc_dirnode_pin(s->tree, node);
    int dirfd = zc_earlier_root(s, pinned);
    /* It may have changed since the session was opened. */
    if (dirfd < 0 || zc_stat_kept(s->opt->keep, dirfd, "", &st))
        st = s->root_stat;
    zc_entry_from_stat(s, &st, &e);
    zc_entry_tell_odd_time(w, node, "", &st);
    e.name = "";
    bool way = !s->opt->files_from || s->opt->walk & ZC_WALK_BARE;
    if (s->opt->only && way && dirfd == pinned)
        e.flags |= ZC_ENTRY_IMPLIED;
    else if (zc_entry_xattrs(w, dirfd, "", &e))
        zc_entry_unread(w, node, "", "read its extended attributes");
    zc_dirnode_unpin(s->tree, node);
    if (zc_ids_announce(w, e.uid, e.gid, w->xattrs.data, w->xattrs.len))
        return -1;
    struct zc_slist *l = zc_slist_self(w, node, &e);
    if (l) {
        l->restricted = s->opt->only != NULL;
        pthread_mutex_lock(&s->lock);
        zc_lists_open_dir(s); /* until this list, which is the LAST */
        pthread_mutex_unlock(&s->lock);
    }
    struct zc_msg_list m = {0};
    bool digests = zc_sdigests_offers(s);
    unsigned flags = ZC_LIST_LAST | (digests ? ZC_LIST_DIGESTS : 0);
    if (l && !digests && list_root(s, l)) {
        zc_slist_free(s, l);
        l = NULL;
    }
    if (!l || zc_lists_frame(w, l, &m, flags)) {
        zc_sender_fail_nomem(s);
        return -1;
    }
    return 0;
}
