// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The survey: going through the source for its digests. As for lists (walk.c), but
 * that the entries end in sums instead of a frame, and nobody is asked which
 * directories to go into.
 */
#include "sender/survey.h"

#include "sender/digests.h"
#include "sender/lists.h"
#include "sender/walk.h"

#include <sys/stat.h>

SLIST_HEAD(dirs, zc_sdir);

void zc_survey_init(struct zc_sender *s, struct zc_survey *v)
{
    s->survey = v;
    SLIST_INIT(&v->dirs);
}

void zc_survey_clear(struct zc_sender *s)
{
    struct zc_survey *v = s->survey;
    for (struct zc_sdir *d; (d = SLIST_FIRST(&v->dirs));) {
        SLIST_REMOVE_HEAD(&v->dirs, link);
        zc_sdir_free(s, d);
    }
    if (v->root)
        zc_sdir_free(s, v->root);
    *v = (struct zc_survey){0};
    SLIST_INIT(&v->dirs);
}

/* D again, as it is to be gone through in DIR. NULL: memory. */
static struct zc_sdir *dir_to_digest(struct zc_sender *s,
                                     struct zc_dirnode *node,
                                     struct zc_digest_dir dir)
{
    struct zc_sdir *d = node ? calloc(1, sizeof *d) : NULL;
    if (d) {
        d->node = node;
        d->digested = dir;
    } else if (node) {
        zc_dirnode_unref(s->tree, node);
    }
    return d;
}

bool zc_survey_begin(struct zc_sender *s, struct zc_sdir *d)
{
    struct zc_survey *v = s->survey;
    struct zc_digests *table = s->digests->table;
    if (!table || v->root)
        return false;
    zc_dirnode_ref(s->tree, d->node);
    struct zc_sdir *first = dir_to_digest(s, d->node, zc_digests_root(table));
    if (!first) /* it is merely listed */
        return false;
    d->digest = first->digested.id;
    pthread_mutex_lock(&s->lock);
    v->root = d;
    SLIST_INSERT_HEAD(&v->dirs, first, link);
    zc_lists_open_dir(s);
    zc_sender_wake_all(s);
    pthread_mutex_unlock(&s->lock);
    return true;
}

/* Entries of these kinds are left alone, whatever the peer has. */
static bool counts(const struct zc_digests *t, const struct zc_entry *e)
{
    unsigned keep = zc_digests_what(t)->keep;
    if (S_ISLNK(e->mode))
        return keep & ZC_KEEP_SYMLINKS;
    if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        return keep & ZC_KEEP_DEVICES;
    if (S_ISFIFO(e->mode) || S_ISSOCK(e->mode))
        return keep & ZC_KEEP_SPECIALS;
    return true;
}

bool zc_survey_ready(const struct zc_sender *s)
{
    return !SLIST_EMPTY(&s->survey->dirs) && !s->failed;
}

static struct zc_sdir *take_dir(struct zc_sender *s)
{
    pthread_mutex_lock(&s->lock);
    struct zc_sdir *d = zc_survey_ready(s) ? SLIST_FIRST(&s->survey->dirs)
                                             : NULL;
    if (d) {
        SLIST_REMOVE_HEAD(&s->survey->dirs, link);
        s->survey->busy++;
    }
    pthread_mutex_unlock(&s->lock);
    return d;
}

/* The entries of DRAFT, in W's buffer, into G. */
static void add_draft(struct zc_sworker *w, const struct zc_draft *draft,
                      struct zc_digesting *g)
{
    for (size_t i = 0; i < draft->notes.len && !w->out.failed; i++) {
        size_t at = draft->notes.v[i].offset;
        struct zc_rd rd = zc_rd_init(w->out.data + at, w->out.len - at);
        struct zc_entry e;
        if (zc_entry_decode(&rd, false, &e, NULL) || !counts(g->t, &e))
            continue;
        zc_digesting_add(g, &e,
                         S_ISDIR(e.mode) && !(e.flags & ZC_ENTRY_IMPLIED)
                             ? (uint32_t)i
                             : ZC_DIGEST_NO_CHILD);
    }
}

/* Makes DIRS of G's children, which are in PARENT, the first on top. -1: memory. */
static int make_children(struct zc_sworker *w, const struct zc_sdir *parent,
                         const struct zc_draft *draft,
                         const struct zc_digesting *g, struct dirs *dirs)
{
    struct zc_sender *s = w->s;
    for (size_t i = g->children.len; i > 0; i--) {
        const struct zc_digest_child *c = &g->children.v[i - 1];
        const struct zc_draft_note *note = &draft->notes.v[c->note];
        struct zc_rd rd = zc_rd_init(w->out.data + note->offset,
                                     w->out.len - note->offset);
        struct zc_entry e;
        zc_entry_decode(&rd, false, &e, NULL); /* as it was */
        struct zc_dirnode *node = zc_dirnode_new(s->tree, parent->node,
                                                 e.name, e.name_len);
        struct zc_sdir *d = dir_to_digest(s, node, c->dir);
        if (!d)
            return -1;
        if (note->followed)
            zc_dirnode_follow(node);
        d->filter = zc_filter_ref(parent->filter);
        SLIST_INSERT_HEAD(dirs, d, link);
    }
    return 0;
}

/* D, if there is more in it, and DIRS on top of that. Who waits for some does so
 * because there were none: others, who wait on WORK for something else, are not
 * woken for each directory. */
static void push(struct zc_sender *s, struct zc_sdir *d, struct dirs *dirs)
{
    struct dirs turned = SLIST_HEAD_INITIALIZER(turned);
    for (struct zc_sdir *c; (c = SLIST_FIRST(dirs));) {
        SLIST_REMOVE_HEAD(dirs, link);
        SLIST_INSERT_HEAD(&turned, c, link);
    }
    pthread_mutex_lock(&s->lock);
    bool none = SLIST_EMPTY(&s->survey->dirs);
    if (d)
        SLIST_INSERT_HEAD(&s->survey->dirs, d, link);
    for (struct zc_sdir *c; (c = SLIST_FIRST(&turned));) {
        SLIST_REMOVE_HEAD(&turned, link);
        SLIST_INSERT_HEAD(&s->survey->dirs, c, link);
    }
    if (none && !SLIST_EMPTY(&s->survey->dirs))
        zc_sender_wake_all(s);
    pthread_mutex_unlock(&s->lock);
}

/* Goes through some of D, which it takes. -1: the run has failed. */
static int survey_some(struct zc_sworker *w, struct zc_sdir *d)
{
    struct zc_sender *s = w->s;
    struct dirs children = SLIST_HEAD_INITIALIZER(children);
    struct zc_draft draft = zc_draft_begin(w);
    struct zc_digesting g = zc_digesting_begin(s->digests->table,
                                               d->digested);
    bool last;
    w->silent = true;
    w->troubled = false;
    int fail = zc_walk_gather(w, d, &draft, &last);
    w->silent = false;
    add_draft(w, &draft, &g);
    atomic_fetch_add(&s->stats->surveyed, draft.notes.len);
    if (d->incomplete || w->troubled)
        zc_digesting_spoil(&g);
    zc_digesting_end(&g);
    if (w->out.failed || make_children(w, d, &draft, &g, &children))
        fail = -1;
    if (last || fail)
        zc_sdir_free(s, d);
    push(s, last || fail ? NULL : d, &children);
    w->out.len = draft.begin;
    zc_draft_fini(&draft);
    zc_digesting_fini(&g);
    return fail;
}

/* W's directory is done with. True: it was the last of all. */
static bool done_with_dir(struct zc_sender *s)
{
    struct zc_survey *v = s->survey;
    pthread_mutex_lock(&s->lock);
    bool last = !--v->busy && SLIST_EMPTY(&v->dirs) && !s->failed;
    pthread_mutex_unlock(&s->lock);
    return last;
}

/* The root's turn. */
static void finish(struct zc_sender *s)
{
    struct zc_survey *v = s->survey;
    zc_sdigests_finish(s);
    pthread_mutex_lock(&s->lock);
    struct zc_sdir *root = v->root;
    v->root = NULL;
    pthread_mutex_unlock(&s->lock);
    zc_walk_again(s, root);
}

int zc_survey_some(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    for (struct zc_sdir *d; (d = take_dir(s));) {
        int fail = survey_some(w, d);
        bool last = done_with_dir(s);
        if (fail)
            return -1;
        if (last)
            finish(s);
    }
    return 0;
}
