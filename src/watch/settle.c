// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at names and telling what is there; see settle.h.
 *
 * What could not be judged when it came up is put off until the kernel's queue
 * is empty: names that took part in a rename, since a later one may have gone
 * the other way, and directories that were not in their spots, as the events
 * that say where they went were still to be read.
 */
#include "watch/settle.h"

#include "watch/internal.h"
#include "watch/list.h"
#include "watch/look.h"
#include "watch/report.h"
#include "watch/todo.h"
#include "watch/tree.h"

#include <string.h>

#define SETTLE_TRIES 64

void zc_wcheck(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
               unsigned what)
{
    struct zc_wspot at = zc_wspot_of(dir, name, n); /* NAME may not last */
    struct zc_wlooked found;
    zc_wdir before = zc_wtree_child(w->tree, dir, name, n);
    switch (zc_wlook(w, dir, at.name, n, &found)) {
    case ZC_WFOUND_NEW:
        zc_wnew(w, found.dir, found.fd, false);
        return;
    case ZC_WFOUND_STUCK:
        zc_wrecheck_later(w, dir);
        break;
    case ZC_WFOUND_UNWATCHED:
        if (found.dir != before)
            what |= ZC_CHANGE_NAME | ZC_CHANGE_DEEP;
        break;
    case ZC_WFOUND_NONE:
        if (before != ZC_WDIR_NONE)
            what |= ZC_CHANGE_NAME;
        break;
    case ZC_WFOUND_SAME:
        break;
    }
    zc_close(&found.fd);
    if (what && !w->gone && zc_wtree_has(w->tree, dir))
        zc_wreport(w, dir, at.name, n, what);
}

/* --- what cannot be watched --- */

/* Looks at D again; true when D is still not watched. *FULL: nor can any other
 * directory be. */
static bool retry_one(struct zc_watch *w, zc_wdir d, bool report, bool *full)
{
    struct zc_wspot in;
    struct zc_wlooked found;
    zc_wtree_spot(w->tree, d, &in);
    enum zc_wfound what = zc_wlook(w, in.dir, in.name, in.len, &found);
    if (what == ZC_WFOUND_NEW) {
        zc_wnew(w, found.dir, found.fd, true);
        return false;
    }
    zc_close(&found.fd);
    *full = what == ZC_WFOUND_UNWATCHED && found.eno;
    if (what == ZC_WFOUND_STUCK)
        zc_wrecheck_later(w, in.dir);
    if (what == ZC_WFOUND_NONE)
        zc_wreport(w, in.dir, in.name, in.len, ZC_CHANGE_NAME);
    if (!zc_wtree_has(w->tree, d) ||
        !(zc_wtree_flags(w->tree, d) & ZC_WDIR_UNWATCHED))
        return false;
    if (report)
        zc_wdoubt(w, d);
    return true;
}

void zc_wretry_unwatched(struct zc_watch *w, bool report)
{
    struct zc_wlooks *l = &w->look;
    size_t kept = 0, n = l->unwatched.len;
    bool full = false;
    l->retry = false;
    for (size_t i = 0; i < n && !w->gone; i++) {
        zc_wdir d = l->unwatched.v[i];
        if (!(zc_wtree_flags(w->tree, d) & ZC_WDIR_UNWATCHED))
            continue;
        if (full && report)
            zc_wdoubt(w, d);
        if (full || retry_one(w, d, report, &full))
            l->unwatched.v[kept++] = d;
    }
    /* What became unwatched meanwhile was appended. */
    if (n)
        memmove(l->unwatched.v + kept, l->unwatched.v + n,
                (l->unwatched.len - n) * sizeof *l->unwatched.v);
    l->unwatched.len -= n - kept;
    if (l->n_unwatched)
        zc_wrescan_later(w);
}

/* --- what was put off --- */

bool zc_wunsettled(const struct zc_watch *w)
{
    return w->todo.verify.len || w->todo.recheck.len || w->look.retry;
}

/* The topmost directory on the way to D that is not in its spot. NONE: D is,
 * or nothing can be said. */
static zc_wdir first_wrong(struct zc_watch *w, zc_wdir d)
{
    zc_wdir wrong = ZC_WDIR_NONE;
    zc_wclose_dir(w);
    while (d != ZC_WDIR_NONE && zc_wopen(w, d) < 0 && !w->gone) {
        wrong = d;
        d = zc_wtree_parent(w->tree, d, NULL);
    }
    return d == ZC_WDIR_NONE ? ZC_WDIR_NONE : wrong;
}

/* Something in D was to be looked at when D was not in its spot. */
static void recheck(struct zc_watch *w, zc_wdir d)
{
    for (int i = 0; i < SETTLE_TRIES && zc_wtree_has(w->tree, d); i++) {
        struct zc_wspot at;
        zc_wdir wrong = first_wrong(w, d);
        if (w->gone || w->look.root_fd < 0)
            return; /* zc_wstarved has been called, or nothing helps */
        if (wrong == ZC_WDIR_NONE) {
            /* D is watched, so nothing went unseen. */
            zc_wrelist(w, d, d == ZC_WDIR_ROOT);
            return;
        }
        zc_wtree_spot(w->tree, wrong, &at);
        zc_wcheck(w, at.dir, at.name, at.len, ZC_CHANGE_NAME);
    }
    if (zc_wtree_has(w->tree, d))
        zc_wstarved(w, EACCES); /* D cannot be opened, and is still watched */
}

void zc_wsettle(struct zc_watch *w)
{
    for (size_t i = 0; i < w->todo.verify.len && !w->gone; i++) {
        struct zc_wspot item = w->todo.verify.v[i];
        if (zc_wtree_has(w->tree, item.dir))
            zc_wcheck(w, item.dir, item.name, item.len, 0);
    }
    zc_vec_fini(&w->todo.verify);
    /* What is put off again waits for the next time. */
    zc_auto_free zc_wdir *again = w->todo.recheck.v;
    size_t n = w->todo.recheck.len;
    memset(&w->todo.recheck, 0, sizeof w->todo.recheck);
    for (size_t i = 0; i < n && !w->gone; i++)
        recheck(w, again[i]);
    if (w->look.retry && !w->gone)
        zc_wretry_unwatched(w, false);
}
