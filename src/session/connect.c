// SPDX-License-Identifier: GPL-2.0-or-later
/* OPEN out, OPENED in; see connect.h. */
#include "session/connect.h"

#include "base/relpath.h"
#include "session/glance.h"
#include "session/hostid.h"

#include <string.h>

static struct zc_bytes text_bytes(const char *text)
{
    return (struct zc_bytes){(const uint8_t *)text, text ? strlen(text) : 0};
}

/* They go only where there are any. */
static void fill_choices(const struct zc_options *opt, struct zc_msg_open *m)
{
    m->walk = opt->walk;
    m->apply = opt->apply;
    m->max_size = opt->max_size;
    m->min_size = opt->min_size;
    m->dense = text_bytes(opt->skip_compress);
    m->user_rules = text_bytes(opt->usermap);
    m->group_rules = text_bytes(opt->groupmap);
    m->alternate = (uint8_t)opt->alternate;
    m->alternates = opt->alternates;
    m->suffix = text_bytes(opt->suffix);
    m->backup_dir = text_bytes(opt->backup_dir);
    m->window = opt->window_s < 0 ? 0 : (uint32_t)opt->window_s;
    if (m->walk || m->apply)
        m->flags |= ZC_OPEN_CHOICES;
}

/* What the sender has to know, who is the one that is asked. */
static void fill_pull(const struct zc_options *opt, struct zc_msg_open *m)
{
    m->flags |= ZC_OPEN_PULL;
    m->one_file_system = opt->one_file_system;
    m->bwlimit = opt->bwlimit;
    m->chmod = text_bytes(opt->chmod_text);
    m->only = opt->only_names;
    if (opt->skip_compress) {
        m->flags |= ZC_OPEN_CHOICES;
        m->walk |= ZC_WALK_DENSE;
    }
    if (opt->new_name) {
        m->flags |= ZC_OPEN_SINGLE_FILE;
        m->name = text_bytes(opt->new_name);
    }
}

static void fill_open(const struct zc_options *opt, enum zc_role role,
                      struct zc_buf *filter, struct zc_msg_open *m)
{
    *m = (struct zc_msg_open){
        .keep = opt->keep & ZC_KEEP_ON_WIRE,
        .fsync = (uint8_t)opt->fsync,
        .timeout_s = opt->timeout_s,
        .max_delete = opt->max_delete,
        .share = text_bytes(opt->share),
        .path = text_bytes(opt->path),
        .chown_user = text_bytes(opt->chown_user),
        .chown_group = text_bytes(opt->chown_group),
    };
    m->flags = ZC_OPEN_BLOCK_HASH |
               (opt->keep & ZC_KEEP_XATTRS ? ZC_OPEN_PROPERTIES : 0) |
               (opt->keep & ZC_KEEP_FLAGS ? ZC_OPEN_FILEFLAGS : 0) |
               (opt->dry_run ? ZC_OPEN_DRY_RUN : 0) |
               (opt->checksum ? ZC_OPEN_CHECKSUM : 0) |
               (opt->update ? ZC_OPEN_UPDATE : 0) |
               (opt->del ? ZC_OPEN_DELETE : 0) |
               (opt->force_delete ? ZC_OPEN_FORCE_DELETE : 0) |
               (opt->numeric_ids ? ZC_OPEN_NUMERIC_IDS : 0) |
               (opt->owners_asked ? ZC_OPEN_OWNERS : 0) |
               (opt->want_items ? ZC_OPEN_WANT_ITEMS : 0) |
               (opt->path_is_dir ? ZC_OPEN_PATH_IS_DIR : 0) |
               (opt->mover != ZC_MOVER_AUTO ? ZC_OPEN_MOVER : 0) |
               (opt->rounds ? ZC_OPEN_ROUNDS : 0) |
               (opt->has_origin ? ZC_OPEN_ORIGIN : 0) |
               (opt->own ? ZC_OPEN_OWN : 0) |
               (opt->max_delete != ZC_MAX_DELETE_DEFAULT ? ZC_OPEN_MAX_DELETE
                                                         : 0);
    memcpy(m->origin, opt->origin, sizeof m->origin);
    fill_choices(opt, m);
    m->mover = (uint8_t)opt->mover;
    m->ask = text_bytes(opt->ask);
    m->flags |= opt->ask ? ZC_OPEN_ASK : 0;
    if (role == ZC_ROLE_RECEIVER) {
        fill_pull(opt, m);
    } else if (opt->single_file) {
        size_t n;
        const struct zc_fileset_node *const *v =
            zc_fileset_children(opt->only, NULL, &n);
        m->flags |= ZC_OPEN_SINGLE_FILE;
        m->name = text_bytes(n ? zc_fileset_name(v[0]) : "");
    }
    if (opt->filter) {
        zc_filter_encode(opt->filter, filter);
        m->filter = (struct zc_bytes){filter->data, filter->len};
    }
}

/* T is what the peer will have decoded of it. */
static int send_open(struct zc_conn *c, const struct zc_options *opt,
                     enum zc_role role, struct zc_terms *t, struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT, filter = ZC_BUF_INIT;
    struct zc_msg_open m;
    fill_open(opt, role, &filter, &m);
    if (m.fsync == ZC_FSYNC_BEHIND && !(c->t->features & ZC_FEATURE_BEHIND))
        m.fsync = ZC_FSYNC_BATCH;
    memcpy(m.writer, opt->writer, sizeof m.writer);
    if (c->t->features & ZC_FEATURE_DELTA && opt->delta != ZC_DELTA_OFF)
        m.flags |= ZC_OPEN_DELTA;
    zc_open_encode(&out, &m);
    struct zc_rd frames = zc_rd_init(out.data, out.len);
    int r = -1;
    if (out.len > ZC_FRAME_BODY_MAX)
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "there are too many filter rules (%zu bytes of them) or "
                   "names (%zu bytes)", filter.len, m.only.n);
    else if (out.failed)
        zc_err_nomem(err);
    else if (!zc_terms_decode(t, zc_frame_next(&frames), err))
        r = zc_conn_send(c, &out, err);
    zc_buf_fini(&out);
    zc_buf_fini(&filter);
    return r;
}

/* The first answer: OPENED, or why not. */
static int recv_opened(struct zc_conn *c, struct zc_msg_opened *m,
                       struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    do {
        if (zc_conn_recv(c, false, &f, &body, &slab, err))
            return -1;
    } while (f.type == ZC_FRAME_PING);
    if (f.type == ZC_FRAME_ERROR)
        return zc_conn_peer_error(c, body, err);
    if (f.type != ZC_FRAME_OPENED)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer answered OPEN with message type %u",
                          f.type);
    return zc_opened_decode(body, m, err);
}

/* What a file is to be called: as we said, or as at the end of its path. */
static bool is_our_name(const struct zc_options *opt, struct zc_bytes name)
{
    const char *path = opt->path ? opt->path : "";
    const char *slash = strrchr(path, '/');
    const char *ours = opt->new_name ? opt->new_name : slash ? slash + 1 : path;
    return name.n == strlen(ours) && memcmp(name.p, ours, name.n) == 0;
}

/* What we are going to receive is one file, called NAME; where that is empty, a
 * directory. Any other name than ours might be that of something else in the
 * directory it goes to. */
static int take_source(struct zc_terms *t, const struct zc_options *opt,
                       struct zc_bytes name, struct zc_err *err)
{
    t->open.flags &= ~(uint32_t)ZC_OPEN_SINGLE_FILE;
    t->open.name = (struct zc_bytes){0};
    if (!name.n)
        return 0;
    if (!zc_name_ok((const char *)name.p, name.n) || !is_our_name(opt, name))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer gave the file a name that was not asked "
                          "for");
    t->open.flags |= ZC_OPEN_SINGLE_FILE;
    t->name = strndup((const char *)name.p, name.n);
    return t->name ? 0 : zc_err_nomem(err);
}

/* What the peer has said becomes part of T. */
static int take_answer(const struct zc_options *opt, enum zc_role role,
                       const struct zc_msg_opened *m, struct zc_terms *t,
                       struct zc_err *err)
{
    zc_terms_timeouts(t, m->timeout_s, opt->timeout_s);
    t->empty = m->glance & ZC_GLANCE_EMPTY;
    zc_host_id(t->host_id);
    t->another_host = memcmp(t->host_id, m->host_id, sizeof t->host_id);
    if (m->root_ino && !t->another_host) {
        t->root_dev = m->root_dev;
        t->root_ino = m->root_ino;
    }
    if (role == ZC_ROLE_RECEIVER)
        return take_source(t, opt, m->name, err) ||
                       zc_terms_take_choices(t, err)
                   ? -1
                   : 0;
    if (!opt->single_file)
        return 0;
    t->name = strndup((const char *)m->name.p, m->name.n);
    if (!t->name)
        return zc_err_nomem(err);
    if (!m->name.n)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the peer did not name the file");
    return 0;
}

int zc_connect_open(struct zc_conn *c, const struct zc_options *opt,
                    enum zc_role role, struct zc_terms *t, struct zc_err *err)
{
    struct zc_msg_opened opened;
    memset(t, 0, sizeof *t);
    if (send_open(c, opt, role, t, err)) {
        /* The peer may have said why it hung up. */
        struct zc_err why;
        if (err->code == ZC_EXIT_SOCKET && recv_opened(c, &opened, &why) &&
            why.code != ZC_EXIT_SOCKET)
            *err = why;
        return -1;
    }
    if (recv_opened(c, &opened, err) ||
        (role == ZC_ROLE_SENDER ? zc_glance_judge(opt, &opened, err)
                                : zc_glance_judge_own(opt, &opened, err)))
        return -1;
    return take_answer(opt, role, &opened, t, err);
}
