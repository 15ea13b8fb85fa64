// SPDX-License-Identifier: GPL-2.0-or-later
/* OPEN in, OPENED out; see accept.h. */
#include "session/accept.h"

#include "base/clock.h"
#include "base/relpath.h"
#include "fs/rootdir.h"
#include "fs/staging.h"
#include "session/dest.h"
#include "session/glance.h"
#include "session/hostid.h"
#include "session/ownpath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Seconds until OPEN must be here, all of it. */
#define OPEN_S 10

/* Whoever has proved to be somebody is told when that is of no use here. A
 * server does not let such a one come so far. */
static int check_key(const struct zc_accept_options *opt, enum zc_role role,
                     struct zc_err *err)
{
    char text[ZC_KEY_TEXT_SIZE];
    if (!opt->peer_key)
        return 0;
    for (size_t i = 0; i < opt->n_shares; i++)
        if (zc_share_visible(&opt->shares[i], opt->peer_key))
            return 0;
    zc_key_text(opt->peer_key, text);
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "the %s does not know the key %s",
                      role == ZC_ROLE_SENDER ? "sender" : "receiver", text);
}

/* Whoever connects and says nothing, or says it slowly, does not keep the place
 * for long. */
static int recv_open(struct zc_conn *c, const struct zc_accept_options *opt,
                     enum zc_role role, struct zc_terms *t, struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    zc_transport_set_timeout(c->t, OPEN_S);
    zc_transport_set_recv_end(c->t, zc_clock_ns() + OPEN_S * ZC_NSEC_PER_SEC);
    if (check_key(opt, role, err) || zc_conn_recv(c, false, &f, &body, &slab, err))
        return -1;
    zc_transport_set_recv_end(c->t, 0);
    zc_transport_set_timeout(c->t, opt->timeout_s);
    if (f.type == ZC_FRAME_LOOK && role == ZC_ROLE_SENDER)
        return zc_terms_decode_look(t, body, err);
    if (f.type != ZC_FRAME_OPEN)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the sender's message makes no sense: it does not "
                          "begin with OPEN");
    return zc_terms_decode(t, body, err);
}

/* A user of this machine may know that there is a share. */
static int check_user(const struct zc_accept_options *opt,
                      const struct zc_share *share, struct zc_terms *t,
                      struct zc_err *err)
{
    char why[ZC_ERR_TEXT_MAX];
    enum zc_admission a = opt->peer_key ? ZC_ADMIT_FULL
                                        : zc_share_admits(share, &opt->plain);
    t->restricted = a == ZC_ADMIT_RESTRICTED;
    if (a != ZC_ADMIT_NO)
        return 0;
    zc_share_refusal(share, opt->plain.uid, why, sizeof why);
    return zc_err_set(err, ZC_EXIT_START, 0, "%s", why);
}

/* The source's files are to be removed by who sends them. */
static bool removes(const struct zc_terms *t)
{
    return t->open.apply & ZC_APPLY_REMOVE;
}

/* Whether the peer, to whom SHARE is visible, may have it for us to be ROLE. */
static int check_role(const struct zc_accept_options *opt,
                      const struct zc_share *share, enum zc_role role,
                      const struct zc_terms *t, struct zc_err *err)
{
    bool dry = t->open.flags & ZC_OPEN_DRY_RUN;
    if (role == ZC_ROLE_SENDER && removes(t) &&
        (!opt->own || share->read_only))
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s%s is for reading: nothing can be removed there "
                          "(--remove-source-files)",
                          *share->name ? "share " : "",
                          *share->name ? share->name : share->path);
    if (role == ZC_ROLE_RECEIVER && share->read_only && !dry)
        return zc_err_set(err, ZC_EXIT_START, 0, "%s%s is read-only",
                          *share->name ? "share " : "",
                          *share->name ? share->name : share->path);
    if (zc_share_allows(share, opt->peer_key, role))
        return 0;
    if (role == ZC_ROLE_SENDER)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "share %s may not be read by this peer: 'readers' or "
                          "'readable = yes' (zcsync serve: --readable) would "
                          "allow it", share->name);
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "share %s may be read by this peer, but not written: it "
                      "is not among its 'peers'", share->name);
}

/* What T asks for when there are no shares: a path of the user's own. */
static int own_share(const struct zc_accept_options *opt, struct zc_terms *t,
                     struct zc_err *err)
{
    zc_auto_free char *text = strndup((const char *)t->open.path.p,
                                      t->open.path.n);
    if (!text)
        return zc_err_nomem(err);
    if (!(t->open.flags & ZC_OPEN_OWN))
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "there are no shares here: HOST:PATH names a path");
    t->own_path = zc_own_path(text, err);
    t->own = (struct zc_share){
        .name = "",
        .path = t->own_path,
        .read_only = opt->own_read_only,
        .readable = true};
    return t->own_path ? 0 : -1;
}

static int find_share(const struct zc_accept_options *opt, struct zc_terms *t,
                      const struct zc_share **share, struct zc_err *err)
{
    const struct zc_msg_open *m = &t->open;
    *share = &t->own;
    if (opt->own)
        return own_share(opt, t, err);
    if (m->flags & ZC_OPEN_OWN)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "only shares can be asked for here, not paths");
    *share = zc_share_find(opt->shares, opt->n_shares, m->share,
                           opt->peer_key);
    if (!*share)
        return zc_err_set(err, ZC_EXIT_START, 0, "there is no share named %.*s",
                          (int)m->share.n, (const char *)m->share.p);
    return 0;
}

int zc_accept_request(struct zc_conn *c, const struct zc_accept_options *opt,
                      enum zc_role role, struct zc_terms *t,
                      const struct zc_share **share, struct zc_err *err)
{
    memset(t, 0, sizeof *t);
    *share = NULL;
    if (recv_open(c, opt, role, t, err))
        return -1;
    if (t->open.flags & ZC_OPEN_DELTA && !(c->t->features & ZC_FEATURE_DELTA))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "OPEN has a flag of a feature that is not in use");
    zc_host_id(t->host_id); /* /proc is out of reach when confined */
    const struct zc_msg_open *m = &t->open;
    if (!(m->flags & ZC_OPEN_PULL) != (role == ZC_ROLE_RECEIVER))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "OPEN does not fit what the peer said it is");
    if (t->look && !opt->own && !m->share.n && !(m->flags & ZC_OPEN_OWN))
        return 0; /* all of them */
    if (find_share(opt, t, share, err) || check_user(opt, *share, t, err) ||
        check_role(opt, *share, role, t, err))
        return -1;
    t->partials = (*share)->partials;
    t->min_free = (*share)->min_free;
    zc_terms_timeouts(t, m->timeout_s, opt->timeout_s);
    return 0;
}

static int cannot_open(const struct zc_share *share, const char *path,
                       struct zc_err *err)
{
    bool pattern = errno == ENOENT && strpbrk(path, "*?[");
    if (!*share->name)
        return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open %s%s", path,
                          pattern ? " (no shell there expands patterns: name "
                                    "the directory, and what of it with "
                                    "--include and --exclude)"
                                  : "");
    return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open %s in share %s",
                      *path ? path : "the root", share->name);
}

/* The file (or what else is no directory) at PATH, in *FD the directory that it
 * is in: below BASE, or, where that is -1, anywhere. */
static int open_file(int base, const char *path, struct zc_terms *t, int *fd,
                     struct zc_err *err)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    zc_auto_free char *dir =
        !slash ? strdup(base < 0 ? "." : "")
               : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    struct stat st;
    if (!dir)
        return zc_err_nomem(err);
    errno = EINVAL;
    if (!zc_name_ok(name, strlen(name)))
        return -1;
    *fd = base < 0 ? open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                   : zc_root_open_dir(base, dir);
    if (*fd < 0 || fstatat(*fd, name, &st, AT_SYMLINK_NOFOLLOW))
        return -1;
    return zc_terms_take_name(t, name, err) ? 1 : 0;
}

/* A directory to be read, or the one with the file that is asked for. */
static int open_source(const struct zc_share *share, struct zc_terms *t,
                       int *fd, struct zc_err *err)
{
    zc_auto_free char *path = strndup((const char *)t->open.path.p,
                                      t->open.path.n);
    if (!path)
        return zc_err_nomem(err);
    zc_auto_close int base = zc_root_open(share->path, err);
    if (base < 0 ||
        zc_require_check(share->require, base, share->path, err))
        return -1;
    if (zc_staging_on_path(base, path)) /* nobody's to read from */
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is the name of the staging folder, and reserved",
                          ZC_STAGING_NAME);
    *fd = zc_root_open_dir(base, path);
    int bad = *fd < 0 ? -1 : 0;
    if (bad && (errno == ENOTDIR || errno == ELOOP))
        bad = open_file(base, path, t, fd, err);
    return bad < 0 ? cannot_open(share, path, err) : bad ? -1 : 0;
}

/* The same anywhere, for the user himself: a symlink to a directory is that
 * directory. */
static int open_own(const struct zc_share *share, struct zc_terms *t, int *fd,
                    struct zc_err *err)
{
    *fd = open(share->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int bad = *fd < 0 ? -1 : 0;
    if (bad && (errno == ENOTDIR || errno == ELOOP || errno == ENOENT))
        bad = open_file(-1, share->path, t, fd, err);
    return bad < 0 ? cannot_open(share, share->path, err) : bad ? -1 : 0;
}

int zc_accept_root(const struct zc_accept_options *opt,
                   const struct zc_share *share, enum zc_role role,
                   struct zc_terms *t, int *root_fd, struct zc_err *err)
{
    const struct zc_msg_open *m = &t->open;
    bool dry = m->flags & ZC_OPEN_DRY_RUN;
    int r;
    *root_fd = -1;
    if (role == ZC_ROLE_SENDER)
        r = opt->own ? open_own(share, t, root_fd, err)
                     : open_source(share, t, root_fd, err);
    else if (opt->embedded || opt->own)
        r = zc_dest_open_own(share->path, share->require, t, root_fd, err);
    else
        r = zc_dest_open_share(share, t, root_fd, err);
    if (r)
        return -1;
    /* Who only reads ends nobody's session. */
    bool mirror = role == ZC_ROLE_RECEIVER && m->flags & ZC_OPEN_ORIGIN;
    if (opt->opened && opt->opened(opt->opened_arg, share->name,
                                   mirror ? m->origin : NULL, err))
        return -1;
    bool reads = role == ZC_ROLE_SENDER ? !removes(t) : share->read_only || dry;
    struct zc_tree_access trees[ZC_TERMS_TREES];
    size_t n = zc_terms_trees(t, *root_fd, reads, trees);
    return opt->confine ? opt->confine(trees, n, err) : 0;
}

int zc_accept_answer(struct zc_conn *c, const struct zc_accept_options *opt,
                     const struct zc_terms *t, int root_fd, struct zc_err *err)
{
    struct zc_msg_opened m = {.timeout_s = opt->timeout_s};
    struct stat st;
    memcpy(m.host_id, t->host_id, sizeof m.host_id);
    if (root_fd >= 0 && !fstat(root_fd, &st)) {
        m.root_dev = st.st_dev;
        m.root_ino = st.st_ino;
    }
    if (t->name)
        m.name = (struct zc_bytes){(const uint8_t *)t->name, strlen(t->name)};
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_glance glance = ZC_GLANCE_INIT;
    if (t->open.flags & ZC_OPEN_ASK)
        zc_glance_tell(root_fd, t->require, t->open.ask, &glance, &m);
    if (c->t->features & ZC_FEATURE_EMPTY &&
        !(t->open.flags & ZC_OPEN_PULL) && !m.names.n &&
        zc_glance_empty(root_fd))
        m.glance |= ZC_GLANCE_EMPTY;
    zc_opened_encode(&out, &m);
    int fail = zc_conn_send(c, &out, err);
    zc_buf_fini(&out);
    zc_glance_fini(&glance);
    return fail;
}

void zc_accept_refuse(struct zc_conn *c, const struct zc_err *err)
{
    if (err->code == ZC_EXIT_SOCKET || err->code == ZC_EXIT_TIMEOUT)
        return;
    zc_conn_tell(c, err);
}
