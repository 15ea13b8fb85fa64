// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The beginning of a session: OPEN, which directory it is about, and what this
 * process may do from then on; OPENED.
 */
#include "base/clock.h"
#include "base/log.h"
#include "fs/rootdir.h"
#include "fs/staging.h"
#include "receiver/core.h"
#include "receiver/receive.h"
#include "session/hostid.h"

#include <string.h>
#include <sys/stat.h>

/* Seconds until OPEN must be here, all of it. */
#define OPEN_S 10

/* Whoever has proved to be somebody is told when that is of no use here. A
 * server does not let such a one come so far. */
static int check_key(const struct zc_receive_options *opt, struct zc_err *err)
{
    char text[ZC_KEY_TEXT_SIZE];
    if (!opt->peer_key)
        return 0;
    for (size_t i = 0; i < opt->n_shares; i++)
        if (zc_share_visible(&opt->shares[i], opt->peer_key))
            return 0;
    zc_key_text(opt->peer_key, text);
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "the receiver does not know the key %s", text);
}

/* One that is not for this peer is not there, and looking for it takes no less
 * time than for one that is: its name comes last. */
static const struct zc_share *find_share(const struct zc_receive_options *opt,
                                         struct zc_bytes name)
{
    for (size_t i = 0; i < opt->n_shares; i++)
        if (zc_share_visible(&opt->shares[i], opt->peer_key) &&
            strlen(opt->shares[i].name) == name.n &&
            !memcmp(opt->shares[i].name, name.p, name.n))
            return &opt->shares[i];
    return NULL;
}

/* Splits PATH at its last slash: the parent ("." or "" by EMPTY) and the name.
 */
static int split_last(const char *path, const char *empty, char **dir,
                      char **name)
{
    const char *slash = strrchr(path, '/');
    *name = strdup(slash ? slash + 1 : path);
    *dir = !slash ? strdup(empty)
                  : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return *dir && *name ? 0 : -1;
}

/* DEST is a path of the local user's own (embedded receiver). */
static int open_embedded(struct zc_receiver *r, const struct zc_share *share,
                         char **name, struct zc_err *err)
{
    struct stat st;
    bool exists = stat(share->path, &st) == 0;
    bool is_file = r->flags & ZC_OPEN_SINGLE_FILE &&
                   !(r->flags & ZC_OPEN_PATH_IS_DIR) &&
                   !(exists && S_ISDIR(st.st_mode));
    if (is_file) {
        zc_auto_free char *dir = NULL;
        free(*name);
        *name = NULL;
        if (split_last(share->path, ".", &dir, name))
            return zc_err_nomem(err);
        r->root_fd = zc_root_open(dir, false, NULL, err);
        return r->root_fd < 0 ? -1 : 0;
    }
    if (r->dry && !exists && errno == ENOENT)
        return 0;
    r->root_fd = zc_root_open(share->path, !r->dry, NULL, err);
    return r->root_fd < 0 ? -1 : 0;
}

static int cannot_open(const struct zc_share *share, const char *path,
                       struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open %s in share %s",
                      *path ? path : "the root", share->name);
}

/* Makes the directory at the end of PATH below BASE. */
static int make_last(int base, const char *path)
{
    zc_auto_free char *dir = NULL;
    zc_auto_free char *name = NULL;
    if (split_last(path, "", &dir, &name)) {
        errno = ENOMEM;
        return -1;
    }
    zc_auto_close int parent = zc_root_open_dir(base, dir);
    if (parent < 0)
        return -1;
    return mkdirat(parent, name, 0777) && errno != EEXIST ? -1 : 0;
}

static int open_share(struct zc_receiver *r, const struct zc_share *share,
                      const char *path, char **name, struct zc_err *err)
{
    if (zc_relpath_names_staging(path)) /* nobody's to write into */
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is the name of the staging folder, and reserved",
                          ZC_STAGING_NAME);
    zc_auto_close int base = zc_root_open(share->path, false, NULL, err);
    if (base < 0)
        return -1;
    r->root_fd = zc_root_open_dir(base, path);
    bool single = r->flags & ZC_OPEN_SINGLE_FILE;
    bool dir_wanted = !single || r->flags & ZC_OPEN_PATH_IS_DIR;
    if (r->root_fd >= 0)
        return 0;
    if (errno == ENOENT && dir_wanted) {
        if (r->dry)
            return 0;
        if (make_last(base, path))
            return cannot_open(share, path, err);
        r->root_fd = zc_root_open_dir(base, path);
    } else if ((errno == ENOENT || errno == ENOTDIR || errno == ELOOP) &&
               !dir_wanted) {
        zc_auto_free char *dir = NULL;
        free(*name);
        *name = NULL;
        if (split_last(path, "", &dir, name))
            return zc_err_nomem(err);
        r->root_fd = zc_root_open_dir(base, dir);
    }
    return r->root_fd < 0 ? cannot_open(share, path, err) : 0;
}

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

static int take_options(struct zc_receiver *r, const struct zc_msg_open *m,
                        struct zc_err *err)
{
    r->flags = m->flags;
    r->keep = m->keep;
    r->dry = m->flags & ZC_OPEN_DRY_RUN;
    r->fsync = (enum zc_fsync)m->fsync;
    r->max_delete = m->max_delete;
    r->ping_s = m->timeout_s;
    if (r->opt->timeout_s && (!r->ping_s || r->opt->timeout_s < r->ping_s))
        r->ping_s = r->opt->timeout_s;
    r->ids = zc_idmap_new(m->flags & ZC_OPEN_NUMERIC_IDS);
    if (!r->ids)
        return zc_err_nomem(err);
    r->filter = zc_filter_decode(m->filter.p, m->filter.n, err);
    if (!r->filter)
        return -1;
    zc_idmap_warm_up();
    return force_ids(r, m, err);
}

/* Everything between OPEN and OPENED. NAME: see zc_msg_opened. */
static int open_all(struct zc_receiver *r, struct zc_bytes body, char **name,
                    struct zc_err *err)
{
    struct zc_msg_open m;
    if (zc_open_decode(body, &m, err))
        return -1;
    const struct zc_share *share = find_share(r->opt, m.share);
    if (!share)
        return zc_err_set(err, ZC_EXIT_START, 0, "there is no share named %.*s",
                          (int)m.share.n, (const char *)m.share.p);
    if (share->read_only && !(m.flags & ZC_OPEN_DRY_RUN))
        return zc_err_set(err, ZC_EXIT_START, 0, "share %s is read-only",
                          share->name);
    zc_auto_free char *path = strndup((const char *)m.path.p, m.path.n);
    *name = m.name.n ? strndup((const char *)m.name.p, m.name.n) : NULL;
    if (!path || (m.name.n && !*name))
        return zc_err_nomem(err);
    if (take_options(r, &m, err))
        return -1;
    int fail = r->opt->embedded ? open_embedded(r, share, name, err)
                                : open_share(r, share, path, name, err);
    if (fail)
        return -1;
    if (*name && !zc_name_ok(*name, strlen(*name)))
        return zc_err_set(err, ZC_EXIT_SELECT, 0, "%s is no file name", *name);
    if (r->opt->opened &&
        r->opt->opened(r->opt->opened_arg, share->name,
                       m.flags & ZC_OPEN_ORIGIN ? m.origin : NULL, err))
        return -1;
    if (r->root_fd >= 0 && r->opt->confine &&
        r->opt->confine(r->root_fd, share->read_only || r->dry, err))
        return -1;
    return 0;
}

static int prepare_root(struct zc_receiver *r, struct zc_err *err)
{
    if (r->root_fd >= 0 && !r->dry && zc_staging_clean(r->root_fd) < 0 &&
        errno != EROFS)
        zc_log(ZC_LOG_WARN, "cannot clear the staging folder: %m");
    r->tree = zc_dirtree_new(r->root_fd, ZC_DIRTREE_OPEN);
    return r->tree ? 0 : zc_err_nomem(err);
}

int zc_receiver_open(struct zc_receiver *r, struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    zc_auto_free char *name = NULL;
    struct zc_msg_opened opened = {.timeout_s = r->opt->timeout_s};
    zc_host_id(opened.host_id); /* /proc is out of reach when confined */
    /* Whoever connects and says nothing, or says it slowly, does not keep the
     * place for long. */
    zc_transport_set_timeout(r->conn.t, OPEN_S);
    zc_transport_set_recv_end(r->conn.t,
                              zc_clock_ns() + OPEN_S * ZC_NSEC_PER_SEC);
    if (check_key(r->opt, err) ||
        zc_conn_recv(&r->conn, false, &f, &body, &slab, err))
        return -1;
    zc_transport_set_recv_end(r->conn.t, 0);
    zc_transport_set_timeout(r->conn.t, r->opt->timeout_s);
    if (f.type != ZC_FRAME_OPEN)
        return zc_receiver_nonsense(err, "it does not begin with OPEN");
    if (open_all(r, body, &name, err) || prepare_root(r, err))
        return -1;
    struct zc_stat st;
    if (r->root_fd >= 0 && !zc_stat_at(r->root_fd, "", &st)) {
        opened.root_dev = st.dev;
        opened.root_ino = st.ino;
    }
    if (name)
        opened.name = (struct zc_bytes){(const uint8_t *)name, strlen(name)};
    struct zc_buf out = ZC_BUF_INIT;
    zc_opened_encode(&out, &opened);
    int fail = zc_conn_send(&r->conn, &out, err);
    zc_buf_fini(&out);
    return fail;
}

