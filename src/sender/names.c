// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The beginning of a mirror's round: only some names are in doubt, and the
 * watcher has said which. What was renamed goes first, then each directory by
 * its path (AT) with a list of its names as they are now, and at once, without
 * being asked for, the bytes of small files:
 *
 *   RENAME ...   AT 0, LIST 1, FILE (1, 0), FILE (1, 3)   AT 2, LIST 3 ...
 *
 * From then on the round goes like any other: what else is needed is asked for.
 */
#include "sender/names.h"

#include "sender/entry.h"
#include "sender/files.h"
#include "sender/lists.h"
#include "sender/look.h"
#include "sender/places.h"
#include "sender/walk.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/* Names in the paths of directories that one round may have for those in it that
 * overtake: a part of ZC_PLACE_NAMES_MAX, as they count as unfinished, too. */
#define OVERTAKEN_MAX ((uint64_t)90000)

/* The beginning of a round in the making. */
struct seeds {
    struct zc_sworker *w;
    ZC_VEC(const char *) moved_to; /* files renamed in it, sorted */
};

/* --- renames --- */

/* What PATH is now. */
static int stat_path(struct zc_sender *s, const char *path,
                     struct zc_stat *st)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    struct zc_dirnode *node = zc_dirnode_at(s->tree, path, n);
    if (!node)
        return -1;
    int dirfd = zc_dirnode_pin(s->tree, node);
    int r = dirfd < 0 ? -1 : zc_stat_at(dirfd, slash ? slash + 1 : path, st);
    if (dirfd >= 0)
        zc_dirnode_unpin(s->tree, node);
    zc_dirnode_unref(s->tree, node);
    return r;
}

static struct zc_bytes text(const char *s)
{
    return (struct zc_bytes){(const uint8_t *)s, strlen(s)};
}

static bool fits(const char *path)
{
    return strlen(path) <= ZC_PATH_TEXT_MAX;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int flush_if_full(struct zc_sworker *w)
{
    return w->out.len >= w->s->rate.batch_max ? zc_lists_flush(w) : 0;
}

/* A file that was renamed, and is not known to have changed: size and time
 * tell, as they told the peer whether it had what was meant. */
static bool only_renamed(struct seeds *seeds, struct zc_sdir *d,
                         const struct zc_round_name *n)
{
    if (!seeds->moved_to.len ||
        n->what & (ZC_CHANGE_DATA | ZC_CHANGE_WRITING | ZC_CHANGE_DEEP))
        return false;
    const char *path = zc_dirnode_path_of(d->node, n->name, strlen(n->name),
                                          &seeds->w->path);
    return path && bsearch(&path, seeds->moved_to.v, seeds->moved_to.len,
                           sizeof path, by_text);
}

static int add_rename(struct seeds *seeds,
                      const struct zc_round_rename *rename)
{
    struct zc_sender *s = seeds->w->s;
    struct zc_stat st;
    const struct zc_filter *filter = s->opt->filter;
    if (!s->opt->del || zc_filter_has_merges(filter) || s->opt->update ||
        !fits(rename->from) || !fits(rename->to) ||
        (filter && zc_filter_hides(filter, rename->to, rename->is_dir)) ||
        stat_path(s, rename->to, &st) ||
        !(rename->is_dir ? S_ISDIR(st.mode) : S_ISREG(st.mode))) {
        /* Of a file its names say it all. What is in a directory is looked at
         * only where the peer has not got it: it may have another one there. */
        if (rename->is_dir)
            zc_sender_not_renamed(s, rename->to);
        return 0;
    }
    struct zc_msg_rename m = {.from = text(rename->from),
                              .to = text(rename->to),
                              .is_dir = rename->is_dir};
    if (!rename->is_dir) {
        if (zc_entry_odd_time(&st))
            return 0;
        m.size = st.size;
        m.mtime_s = st.mtime_s;
        m.mtime_ns = st.mtime_ns;
    }
    zc_rename_encode(&seeds->w->out, &m);
    return rename->is_dir ? 0 : zc_vec_push(&seeds->moved_to, rename->to);
}

static int add_renames(struct seeds *seeds, const struct zc_round *round)
{
    for (size_t i = 0; i < round->n_renames; i++)
        if (add_rename(seeds, &round->renames[i]) || flush_if_full(seeds->w))
            return -1;
    if (seeds->moved_to.len)
        qsort(seeds->moved_to.v, seeds->moved_to.len,
              sizeof *seeds->moved_to.v, by_text);
    return 0;
}

/* --- one directory --- */

/* PATH, or a directory above it, is excluded. */
static bool hidden(const struct zc_sender *s, const char *path)
{
    const struct zc_filter *f = s->opt->filter;
    return f && !zc_filter_empty(f) && *path && zc_filter_hides_way(f, path);
}

/* One step down in find_rules: NODE in UP. False: it is hidden, or nobody can
 * tell. */
static bool step_down(struct zc_sworker *w, struct zc_sdir *up,
                      struct zc_dirnode *node)
{
    struct zc_sender *s = w->s;
    if (up->node && zc_sdir_hides(w, up, zc_dirnode_name(node), true))
        return false;
    up->node = node;
    up->ruled = false;
    int dirfd = zc_dirnode_pin(s->tree, node);
    if (dirfd < 0)
        return true; /* nor can what is in it be opened */
    int r = zc_sdir_take_rules(w, up, dirfd);
    zc_dirnode_unpin(s->tree, node);
    return r == 0;
}

/* Reads the rules of all directories down to D, at PATH, for D. False: it is
 * hidden by one of them, or they cannot be read. */
static bool find_rules(struct zc_sworker *w, struct zc_sdir *d,
                       const char *path)
{
    struct zc_sender *s = w->s;
    struct zc_sdir up = {0};
    bool shown;
    size_t n = 0, len = strlen(path);
    for (;;) {
        struct zc_dirnode *above = up.node;
        struct zc_dirnode *node = zc_dirnode_at(s->tree, path, n);
        shown = node && step_down(w, &up, node);
        zc_dirnode_unref(s->tree, above);
        up.node = node;
        if (!shown || n == len)
            break;
        n += n > 0; /* the slash */
        n += strcspn(path + n, "/");
    }
    zc_dirnode_unref(s->tree, up.node);
    d->filter = up.filter;
    d->ruled = up.ruled;
    d->told = d->filter == s->opt->filter;
    return shown;
}

/* Not to be entered: another file system (-x), or the destination. */
static bool off_limits(const struct zc_sender *s, const struct zc_stat *st)
{
    bool other = st->dev != s->root_stat.dev ||
                 st->mnt_id != s->root_stat.mnt_id;
    return (other && s->opt->one_file_system) ||
           (st->dev == s->terms.root_dev && st->ino == s->terms.root_ino);
}

/* The lists in W's buffer get their numbers, the last one *LAST: now, as nobody
 * else lists anything yet. Else that has to be when they are sent. */
static int number(struct zc_sworker *w, uint32_t *last)
{
    return w->overtakes ? zc_lists_flush_last(w, last)
                        : zc_lists_number(w, last);
}

/* AT: D's own entry. */
static int add_at(struct zc_sworker *w, struct zc_sdir *d, const char *path,
                  int dirfd, const struct zc_stat *st)
{
    struct zc_sender *s = w->s;
    struct zc_msg_at m = {.path = text(path)};
    zc_entry_from_stat(s, st, &m.self);
    zc_entry_tell_odd_time(w, d->node, "", st);
    m.self.name = "";
    if (zc_entry_xattrs(w, dirfd, "", &m.self))
        zc_entry_unread(w, d->node, "", "read its extended attributes");
    if (zc_ids_announce(w, m.self.uid, m.self.gid, w->xattrs.data,
                        w->xattrs.len))
        return -1;
    /* The list that is kept is the entry alone; what is sent is AT. It gets its
     * number now, as what follows refers to it. */
    struct zc_slist *l = zc_slist_self(w, d->node, &m.self);
    if (!l)
        return -1;
    l->at = true;
    size_t at = w->out.len;
    zc_at_encode(&w->out, &m);
    if (zc_lists_fresh(w, l, at, false))
        return -1;
    d->ref.index = 0;
    return number(w, &d->ref.list);
}

/* Adds one name of D as it is now. -1: the run has failed. */
static int add_name(struct seeds *seeds, struct zc_sdir *d, int dirfd,
                    const struct zc_round_name *n, struct zc_draft *draft)
{
    struct zc_sworker *w = seeds->w;
    if (!*n->name || zc_sdir_reserves(d, dirfd, n->name))
        return 0; /* the directory itself: AT has told */
    if (d->places && zc_splaces_skips(w, d->node, n->name, DT_UNKNOWN))
        return 0;
    d->eager = w->overtakes;
    d->what = w->overtakes               ? ZC_CHANGE_DATA
              : only_renamed(seeds, d, n) ? ZC_CHANGE_META
                                          : n->what;
    enum zc_slook look = zc_slook_name(w, d, dirfd, n->name, n->name, draft);
    if (look == ZC_SLOOK_ABSENT && d->places &&
        zc_splaces_keeps(w, d->node, n->name, NULL))
        return 0;
    if (look == ZC_SLOOK_ABSENT && w->s->opt->del && !d->eager)
        zc_slook_absent(w, d, n->name, draft);
    return look == ZC_SLOOK_FAILED ? -1 : 0;
}

/* Eager entries count as sent before the peer can say anything about them. */
static void promise_eager(struct zc_sender *s, struct zc_slist *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        struct zc_entry e;
        zc_slist_entry(l, i, &e);
        if (!(e.flags & ZC_ENTRY_EAGER))
            continue;
        zc_slist_promise(l, i);
        atomic_fetch_add(&s->stats->need_files, 1);
        atomic_fetch_add(&s->stats->need_bytes, e.size);
    }
}

static int send_eager(struct zc_sworker *w, int dirfd, struct zc_slist *l)
{
    int r = 0;
    for (uint32_t i = 0; i < l->count && !r; i++) {
        struct zc_entry e;
        zc_slist_entry(l, i, &e);
        if (e.flags & ZC_ENTRY_EAGER)
            r = zc_files_eager(w, dirfd, l, i);
        if (!r)
            r = flush_if_full(w);
    }
    return r;
}

/* The names from *AT on, as one list and the files that go with it. */
static int add_list(struct seeds *seeds, struct zc_sdir *d, int dirfd,
                    const struct zc_round_dir *dir, size_t *at)
{
    struct zc_sworker *w = seeds->w;
    struct zc_sender *s = w->s;
    struct zc_draft draft = zc_draft_begin(w);
    int r = 0;
    for (; *at < dir->n && !r && w->out.len - draft.begin < ZC_LIST_TARGET &&
           draft.notes.len < ZC_LIST_ENTRIES_MAX;
         ++*at)
        r = add_name(seeds, d, dirfd, &dir->names[*at], &draft);
    struct zc_slist *l = r ? NULL : zc_walk_keep(w, d, &draft);
    zc_draft_fini(&draft);
    if (!l)
        return -1;
    l->queued = true; /* ours, until the files are sent */
    promise_eager(s, l);
    if (zc_walk_frame(w, d, l, *at == dir->n) || number(w, NULL))
        return -1;
    r = send_eager(w, dirfd, l);
    pthread_mutex_lock(&s->lock);
    zc_lists_hand_back(s, l);
    pthread_mutex_unlock(&s->lock);
    return r;
}

static int add_lists(struct seeds *seeds, struct zc_sdir *d, int dirfd,
                     const struct zc_round_dir *dir)
{
    size_t at = 0;
    int r;
    do {
        r = add_list(seeds, d, dirfd, dir, &at);
    } while (!r && at < dir->n);
    return r;
}

/* DIR, which is open as DIRFD; *HANDED_ON: D is the walk's now. */
static int add_opened(struct seeds *seeds, const struct zc_round_dir *dir,
                      struct zc_sdir *d, int dirfd, bool *handed_on)
{
    struct zc_sworker *w = seeds->w;
    struct zc_sender *s = w->s;
    struct zc_stat st;
    if (zc_stat_at(dirfd, "", &st)) {
        zc_entry_unread(w, d->node, "", "look at it");
        return 0;
    }
    if (off_limits(s, &st) || !zc_splaces_may_list(w, d->node, &st))
        return 0;
    d->places = zc_splaces_below(w, d->node);
    if (add_at(w, d, dir->path, dirfd, &st))
        return -1;
    if (dir->whole) {
        *handed_on = true;
        zc_walk_add(s, d); /* as in a push, by any worker, after the seeds */
        return 0;
    }
    d->doubt = true;
    d->incomplete = true;
    pthread_mutex_lock(&s->lock);
    zc_lists_open_dir(s);
    pthread_mutex_unlock(&s->lock);
    return add_lists(seeds, d, dirfd, dir);
}

static int add_dir(struct seeds *seeds, const struct zc_round_dir *dir)
{
    struct zc_sworker *w = seeds->w;
    struct zc_sender *s = w->s;
    /* One that does not fit overtakes nobody. */
    bool merges = zc_filter_has_merges(s->filter);
    if (!fits(dir->path) || (!merges && hidden(s, dir->path)))
        return 0;
    struct zc_sdir *d = calloc(1, sizeof *d);
    if (!d)
        return -1;
    d->node = zc_dirnode_at(s->tree, dir->path, strlen(dir->path));
    if (!d->node) {
        free(d);
        return -1;
    }
    struct zc_dirnode *node = d->node;
    zc_dirnode_ref(s->tree, node);
    bool handed_on = false;
    bool closed = zc_splaces_closed(w, node) ||
                  (merges && !find_rules(w, d, dir->path));
    int r = 0, dirfd = closed ? -1 : zc_dirnode_pin(s->tree, node);
    if (closed) {
        r = 0; /* until it is back */
    } else if (dirfd >= 0) {
        r = add_opened(seeds, dir, d, dirfd, &handed_on);
        zc_dirnode_unpin(s->tree, node);
    } else if (errno != ENOENT && errno != ENOTDIR && errno != ELOOP &&
               errno != EXDEV) {
        zc_entry_trouble(w, node, "", ZC_TROUBLE_SOURCE, "open the directory",
                         errno);
    } /* else its name is in doubt, too, or will be */
    if (!handed_on)
        zc_sdir_free(s, d);
    zc_dirnode_unref(s->tree, node);
    return r;
}

/* In the paths of its directories. */
static uint64_t path_names(const struct zc_round *round)
{
    uint64_t names = 0;
    for (size_t i = 0; i < round->n_dirs; i++) {
        const char *path = round->dirs[i].path;
        names += 1 + (*path ? 1 : 0);
        for (; *path; path++)
            names += *path == '/';
    }
    return names;
}

static bool all_fit(const struct zc_round *round)
{
    for (size_t i = 0; i < round->n_dirs; i++)
        if (!fits(round->dirs[i].path))
            return false;
    return true;
}

/* A file of rules has changed. */
static bool has_rules(const struct zc_sender *s, const struct zc_round *round)
{
    if (!zc_filter_has_merges(s->filter))
        return false;
    for (size_t i = 0; i < round->n_dirs; i++)
        for (size_t k = 0; k < round->dirs[i].n; k++)
            if (zc_filter_is_merge(s->filter, round->dirs[i].names[k].name))
                return true;
    return false;
}

int zc_names_round(struct zc_sworker *w, const struct zc_round *round)
{
    uint64_t names = path_names(round);
    /* What no message can name is found on the way down, in the whole tree; so is
     * what new rules are about. */
    if (names > ZC_PLACE_NAMES_MAX || !all_fit(round) || has_rules(w->s, round))
        return zc_walk_root(w);
    w->s->round.path_names = names;
    struct seeds seeds = {.w = w};
    int r = add_renames(&seeds, round);
    for (size_t i = 0; i < round->n_dirs && !r; i++) {
        r = w->s->failed ? -1 : add_dir(&seeds, &round->dirs[i]);
        if (!r)
            r = flush_if_full(w);
    }
    zc_vec_fini(&seeds.moved_to);
    return r;
}

int zc_names_overtake(struct zc_sworker *w, const struct zc_round *round)
{
    struct zc_sender *s = w->s;
    struct seeds seeds = {.w = w};
    uint64_t names = path_names(round);
    /* The peer keeps them all until the round is over. */
    if (s->round.path_names + names > OVERTAKEN_MAX)
        return 0;
    s->round.path_names += names;
    int r = 0;
    for (size_t i = 0; i < round->n_dirs && !r; i++)
        r = s->failed ? -1 : add_dir(&seeds, &round->dirs[i]);
    return r || zc_lists_flush(w) ? -1 : 0;
}
