// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The beginning of a receiver's session, by the peer or by us: what its terms
 * mean here, the directory, and what this process may do from then on.
 */
#include "base/log.h"
#include "fs/staging.h"
#include "receiver/anchor.h"
#include "receiver/asked.h"
#include "receiver/backup.h"
#include "receiver/behind.h"
#include "receiver/core.h"
#include "receiver/moved.h"
#include "receiver/pull.h"
#include "session/connect.h"
#include "session/dest.h"

#include <fcntl.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/stat.h>

/* --chown: ids of this host. */
static int force_ids(struct zc_receiver *r, const struct zc_msg_open *m,
                     struct zc_err *err)
{
    const struct {
        struct zc_bytes name;
        enum zc_id_kind kind;
        const char *what;
    } v[] = {{m->chown_user, ZC_ID_USER, "user"},
             {m->chown_group, ZC_ID_GROUP, "group"}};
    for (size_t i = 0; i < ZC_ARRAY_LEN(v); i++) {
        uint32_t id;
        if (!v[i].name.n)
            continue;
        zc_auto_free char *name = strndup((const char *)v[i].name.p,
                                          v[i].name.n);
        if (!name)
            return zc_err_nomem(err);
        if (zc_id_lookup(v[i].kind, name, &id))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "the receiver knows no %s named %s", v[i].what,
                              name);
        zc_idmap_force(r->ids, v[i].kind, id);
    }
    return 0;
}

static bool may_chown(void)
{
    cap_flag_value_t on = CAP_CLEAR;
    cap_t have = cap_get_proc();
    if (have)
        cap_get_flag(have, CAP_CHOWN, CAP_EFFECTIVE, &on);
    cap_free(have);
    return on == CAP_SET;
}

/* --usermap, --groupmap. */
static int rule_ids(struct zc_receiver *r, const struct zc_msg_open *m,
                    struct zc_err *err)
{
    const struct zc_bytes *v[] = {[ZC_ID_USER] = &m->user_rules,
                                  [ZC_ID_GROUP] = &m->group_rules};
    for (size_t i = 0; i < ZC_ARRAY_LEN(v); i++) {
        if (!v[i]->n)
            continue;
        zc_auto_free char *text = strndup((const char *)v[i]->p, v[i]->n);
        if (!text)
            return zc_err_nomem(err);
        struct zc_idrules *rules = zc_idrules_parse(
            text, (enum zc_id_kind)i, zc_id_lookup, err);
        if (!rules)
            return -1;
        zc_idmap_rule(r->ids, (enum zc_id_kind)i, rules);
    }
    return 0;
}

/* Which owners can be set at all. */
static int see_limits(struct zc_receiver *r, struct zc_err *err)
{
    if (r->flags & ZC_OPEN_OWNERS || r->keep & ZC_KEEP_FAKE || may_chown())
        return 0;
    int n = ZC_MAX(getgroups(0, NULL), 0);
    r->groups = calloc((size_t)n + 1, sizeof *r->groups);
    if (!r->groups)
        return zc_err_nomem(err);
    r->owners_limited = true;
    r->n_groups = ZC_MAX(getgroups(n, r->groups), 0);
    r->groups[r->n_groups++] = getegid();
    return 0;
}

/* Before this process is confined: names of users are looked up in files. */
static int take_terms(struct zc_receiver *r, struct zc_err *err)
{
    const struct zc_msg_open *m = &r->terms.open;
    r->flags = m->flags;
    r->apply = m->apply;
    r->keep = (m->keep & ZC_KEEP_ON_WIRE) |
              (r->apply & ZC_APPLY_FAKE ? ZC_KEEP_FAKE : 0);
    r->dry = m->flags & ZC_OPEN_DRY_RUN;
    r->fsync = (enum zc_fsync)m->fsync;
    r->max_delete = m->max_delete;
    atomic_store(&r->intake->writes, !r->dry);
    atomic_store(&r->intake->mirror, (r->flags & ZC_OPEN_ROUNDS) != 0);
    /* Where all of a file is sent anyway nothing is worth being looked for, and
     * what came in part would only lie about. */
    bool far = !r->conn.t->near || m->walk & ZC_WALK_DELTA_ALWAYS;
    r->partials = m->flags & ZC_OPEN_DELTA && !r->dry &&
                  !(r->apply & ZC_APPLY_NO_PARTIAL) && !r->terms.partials.none &&
                  far;
    atomic_store(&r->moved->on, r->flags & ZC_OPEN_DELTA && !r->dry &&
                                    !(r->apply & ZC_APPLY_NO_MOVED) && far);
    zc_terms_say_mover(&r->terms, r->conn.t, false);
    if (see_limits(r, err))
        return -1;
    r->ids = zc_idmap_new(m->flags & ZC_OPEN_NUMERIC_IDS);
    if (!r->ids)
        return zc_err_nomem(err);
    if (zc_terms_take_filter(&r->terms, err))
        return -1;
    zc_idmap_warm_up();
    for (int i = 0; i < r->n_groups; i++) /* for digests.c: looked up once */
        zc_idmap_name(r->ids, ZC_ID_GROUP, r->groups[i]);
    zc_idmap_name(r->ids, ZC_ID_USER, geteuid());
    zc_anchor_prepare(r);
    return rule_ids(r, m, err) || force_ids(r, m, err) ? -1 : 0;
}

static int prepare_root(struct zc_receiver *r, struct zc_err *err)
{
    r->umask = umask(0); /* from now on modes are set by us, exactly */
    const struct zc_partial_limits *limits = &r->terms.partials;
    int cleaned = r->root_fd >= 0 && !r->dry
                      ? zc_staging_clean(r->root_fd, limits)
                      : 0;
    if (cleaned == ZC_STAGING_REFUSED)
        return zc_staging_explain(r->root_fd, errno, err);
    if (cleaned < 0 && errno != EROFS)
        zc_log(ZC_LOG_WARN, "cannot clear the staging folder: %m");
    zc_behind_begin(r);
    zc_backup_open(r);
    zc_backup_prune(r, false);
    r->tree = zc_dirtree_new(r->root_fd, ZC_DIRTREE_OPEN);
    if (r->tree && r->apply & ZC_APPLY_DIRLINKS)
        zc_dirtree_follow(r->tree);
    return r->tree ? zc_anchor_take(r, err)
                   : zc_err_errno(err, "keep the destination open");
}

int zc_receiver_accept(struct zc_receiver *r,
                       const struct zc_accept_options *opt, struct zc_err *err)
{
    const struct zc_share *share;
    if (zc_accept_request(&r->conn, opt, ZC_ROLE_RECEIVER, &r->terms, &share,
                          err))
        return -1;
    if (share->fake)
        r->terms.open.apply |= ZC_APPLY_FAKE;
    r->tell_room = opt->room;
    r->tell_room_arg = opt->opened_arg;
    if (opt->intake)
        r->intake = opt->intake;
    if (share->on_change && !(r->terms.open.flags & ZC_OPEN_DRY_RUN))
        r->changes = opt->changes;
    if (r->changes)
        r->changes->patterns = share->change_patterns;
    return take_terms(r, err) ||
                   zc_accept_root(opt, share, ZC_ROLE_RECEIVER, &r->terms,
                                  &r->root_fd, err) ||
                   prepare_root(r, err) ||
                   zc_accept_answer(&r->conn, opt, &r->terms, r->root_fd, err)
               ? -1
               : 0;
}

static bool is_source(const struct zc_terms *t, const struct stat *st)
{
    return st->st_dev == t->root_dev && st->st_ino == t->root_ino;
}

/* How many directories FD, which it closes, is below the source; 0: it is not. */
static unsigned levels_below_source(const struct zc_terms *t, int fd)
{
    struct stat st, above;
    unsigned levels = 0;
    bool in = false;
    while (fd >= 0 && !in) {
        int up = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        bool top = up < 0 || fstat(fd, &st) || fstat(up, &above) ||
                   (st.st_dev == above.st_dev && st.st_ino == above.st_ino);
        close(fd);
        fd = up;
        if (top)
            break;
        in = is_source(t, &above);
        levels++;
    }
    zc_close(&fd);
    return in ? levels : 0;
}

/* DEST, so many levels below the source, is not among what was asked for of it. */
static bool is_avoided(const struct zc_terms *t, const char *dest,
                       unsigned levels)
{
    zc_auto_free char *real = t->only ? realpath(dest, NULL) : NULL;
    char *at = real ? real + strlen(real) : NULL;
    while (at && levels && at > real)
        levels -= *--at == '/';
    return at && !levels && !zc_asked_listed(t->only, at + 1);
}

/* Both on this machine: what comes must not be sent again. */
static int compare_roots(const struct zc_receiver *r, const char *dest,
                         struct zc_err *err)
{
    const struct zc_terms *t = &r->terms;
    struct stat st;
    if (!t->root_ino || t->name || r->root_fd < 0 || fstat(r->root_fd, &st))
        return 0;
    if (is_source(t, &st))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s and the source are the same directory", dest);
    unsigned below =
        levels_below_source(t, fcntl(r->root_fd, F_DUPFD_CLOEXEC, 0));
    if (below && !is_avoided(t, dest, below))
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "%s is in the source", dest);
    return 0;
}

static int open_dest(struct zc_receiver *r, struct zc_err *err)
{
    const struct zc_pull *p = r->pull;
    if (zc_dest_open_own(p->dest, p->require, &r->terms, &r->root_fd, err) ||
        compare_roots(r, p->dest, err))
        return -1;
    struct zc_tree_access trees[ZC_TERMS_TREES];
    size_t n = zc_terms_trees(&r->terms, r->root_fd, r->dry, trees);
    return p->confine ? p->confine(trees, n, err) : 0;
}

int zc_receiver_connect(struct zc_receiver *r, const struct zc_options *opt,
                        struct zc_err *err)
{
    if (zc_connect_open(&r->conn, opt, ZC_ROLE_RECEIVER, &r->terms, err))
        return -1;
    r->opened = true;
    return take_terms(r, err) || open_dest(r, err) || prepare_root(r, err)
               ? -1
               : 0;
}
