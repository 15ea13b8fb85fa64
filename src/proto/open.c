// SPDX-License-Identifier: GPL-2.0-or-later
/* OPEN, with all that the user has chosen, and OPENED; see msg.h. */
#include "proto/msg.h"

#include "base/relpath.h"
#include "proto/wire.h"

#include <string.h>

static void put_choices(struct zc_buf *b, const struct zc_msg_open *m)
{
    zc_buf_u32(b, m->walk);
    zc_buf_u32(b, m->apply);
    if (m->walk & ZC_WALK_SIZES) {
        zc_buf_u64(b, m->max_size);
        zc_buf_u64(b, m->min_size);
    }
    if (m->walk & ZC_WALK_DENSE)
        zc_wire_put16(b, m->dense);
    if (m->apply & ZC_APPLY_WINDOW)
        zc_buf_u32(b, m->window);
    if (m->apply & ZC_APPLY_ID_RULES) {
        zc_wire_put16(b, m->user_rules);
        zc_wire_put16(b, m->group_rules);
    }
    if (m->apply & ZC_APPLY_ALTERNATES) {
        zc_buf_u8(b, m->alternate);
        zc_wire_put16(b, m->alternates);
    }
    if (m->apply & ZC_APPLY_BACKUP) {
        zc_wire_put16(b, m->suffix);
        zc_wire_put16(b, m->backup_dir);
    }
}

static bool text_ok(struct zc_bytes s)
{
    return s.n == 0 || !memchr(s.p, '\0', s.n);
}

/* Some names, none of them empty, each NUL-ended. */
static bool alternates_ok(const struct zc_msg_open *m)
{
    const uint8_t *at = m->alternates.p;
    size_t left = m->alternates.n, names = 0;
    for (; left && *at; names++) {
        const uint8_t *end = memchr(at, '\0', left);
        if (!end)
            return false;
        left -= (size_t)(end + 1 - at);
        at = end + 1;
    }
    return !left && names && names <= ZC_ALTERNATES_MAX && m->alternate &&
           m->alternate <= ZC_ALTERNATE_LAST;
}

/* Something of it there is, or a name would not change. */
static bool backup_ok(const struct zc_msg_open *m)
{
    return text_ok(m->suffix) && text_ok(m->backup_dir) &&
           (!m->suffix.n || !memchr(m->suffix.p, '/', m->suffix.n)) &&
           (m->suffix.n || m->backup_dir.n);
}

/* False: one that is not known. */
static bool get_choices(struct zc_rd *r, struct zc_msg_open *m)
{
    m->walk = zc_rd_u32(r);
    m->apply = zc_rd_u32(r);
    if (m->walk & ZC_WALK_SIZES) {
        m->max_size = zc_rd_u64(r);
        m->min_size = zc_rd_u64(r);
    }
    if (m->walk & ZC_WALK_DENSE)
        m->dense = zc_wire_get16(r, ZC_DENSE_TEXT_MAX);
    if (m->apply & ZC_APPLY_WINDOW)
        m->window = zc_rd_u32(r);
    if (m->apply & ZC_APPLY_ID_RULES) {
        m->user_rules = zc_wire_get16(r, ZC_PATH_TEXT_MAX);
        m->group_rules = zc_wire_get16(r, ZC_PATH_TEXT_MAX);
    }
    if (m->apply & ZC_APPLY_ALTERNATES) {
        m->alternate = zc_rd_u8(r);
        m->alternates = zc_wire_get16(r, ZC_PATH_TEXT_MAX);
        if (!alternates_ok(m) || m->flags & ZC_OPEN_ROUNDS)
            return false;
    }
    if (m->apply & ZC_APPLY_BACKUP) {
        m->suffix = zc_wire_get16(r, ZC_NAME_MAX);
        m->backup_dir = zc_wire_get16(r, ZC_PATH_TEXT_MAX);
        if (!backup_ok(m))
            return false;
    }
    if (m->window > ZC_WINDOW_MAX || !text_ok(m->user_rules) ||
        !text_ok(m->group_rules) || !text_ok(m->dense))
        return false;
    return !(m->walk & ~(uint32_t)ZC_WALK_KNOWN) &&
           !(m->apply & ~(uint32_t)ZC_APPLY_KNOWN);
}

#define FSYNC_BEHIND 3 /* ZC_FSYNC_BEHIND */

static void put_pull(struct zc_buf *b, const struct zc_msg_open *m)
{
    zc_buf_u8(b, m->one_file_system);
    zc_buf_u64(b, m->bwlimit);
    zc_wire_put16(b, m->chmod);
    zc_wire_put32(b, m->only);
}

static bool get_pull(struct zc_rd *r, struct zc_msg_open *m)
{
    m->one_file_system = zc_rd_u8(r);
    m->bwlimit = zc_rd_u64(r);
    m->chmod = zc_wire_get16(r, ZC_CHMOD_TEXT_MAX);
    m->only = zc_wire_get32(r, ZC_FRAME_BODY_MAX);
    return m->one_file_system <= 1 &&
           (!m->chmod.n || !memchr(m->chmod.p, '\0', m->chmod.n)) &&
           (!m->only.n || !m->only.p[m->only.n - 1]);
}

void zc_open_encode(struct zc_buf *b, const struct zc_msg_open *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_OPEN);
    zc_buf_u32(b, m->flags);
    zc_buf_u32(b, m->keep);
    zc_buf_u8(b, m->fsync);
    zc_buf_u32(b, m->timeout_s);
    zc_buf_u64(b, m->max_delete);
    zc_wire_put16(b, m->share);
    zc_wire_put16(b, m->path);
    zc_wire_put16(b, m->name);
    zc_wire_put16(b, m->chown_user);
    zc_wire_put16(b, m->chown_group);
    zc_wire_put32(b, m->filter);
    if (m->flags & ZC_OPEN_ORIGIN)
        zc_buf_put(b, m->origin, sizeof m->origin);
    if (m->flags & ZC_OPEN_CHOICES)
        put_choices(b, m);
    if (m->flags & ZC_OPEN_PULL)
        put_pull(b, m);
    if (m->flags & ZC_OPEN_ASK)
        zc_wire_put16(b, m->ask);
    if (m->flags & ZC_OPEN_MOVER)
        zc_buf_u8(b, m->mover);
    if (m->fsync == FSYNC_BEHIND)
        zc_buf_put(b, m->writer, sizeof m->writer);
    zc_frame_end(b, at);
}

/* A path of the user's own leads anywhere; one in a share does not leave it. */
static bool path_ok(const struct zc_msg_open *m)
{
    if (m->flags & ZC_OPEN_OWN)
        return m->share.n == 0 && m->path.n > 0 &&
               m->path.n <= ZC_OWN_PATH_MAX && zc_wire_text_ok(m->path);
    return m->path.n == 0 ||
           zc_relpath_ok((const char *)m->path.p, m->path.n);
}

int zc_open_decode(struct zc_bytes body, struct zc_msg_open *m,
                   struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    m->flags = zc_rd_u32(&r);
    m->keep = zc_rd_u32(&r);
    m->fsync = zc_rd_u8(&r);
    m->timeout_s = zc_rd_u32(&r);
    m->max_delete = zc_rd_u64(&r);
    m->share = zc_wire_get16(&r, ZC_SHARE_NAME_MAX);
    m->path = zc_wire_get16(&r, ZC_PATH_TEXT_MAX);
    m->name = zc_wire_get16(&r, ZC_NAME_MAX);
    m->chown_user = zc_wire_get16(&r, ZC_NAME_MAX);
    m->chown_group = zc_wire_get16(&r, ZC_NAME_MAX);
    m->filter = zc_wire_get32(&r, ZC_FRAME_BODY_MAX);
    memset(m->origin, 0, sizeof m->origin);
    const uint8_t *origin = m->flags & ZC_OPEN_ORIGIN
                                ? zc_rd_bytes(&r, sizeof m->origin)
                                : NULL;
    if (origin)
        memcpy(m->origin, origin, sizeof m->origin);
    m->walk = m->apply = 0;
    m->window = 0;
    m->alternate = 0;
    m->alternates = m->suffix = m->backup_dir = (struct zc_bytes){0};
    m->user_rules = m->group_rules = m->dense = (struct zc_bytes){0};
    m->one_file_system = 0;
    m->bwlimit = 0;
    m->chmod = m->only = (struct zc_bytes){0};
    bool known = !(m->flags & ZC_OPEN_CHOICES) || get_choices(&r, m);
    known &= !(m->flags & ZC_OPEN_PULL) || get_pull(&r, m);
    m->ask = (struct zc_bytes){0};
    if (m->flags & ZC_OPEN_ASK) {
        m->ask = zc_wire_get16(&r, ZC_NAME_MAX);
        known &= zc_name_ok((const char *)m->ask.p, m->ask.n);
    }
    m->mover = m->flags & ZC_OPEN_MOVER ? zc_rd_u8(&r) : 0;
    memset(m->writer, 0, sizeof m->writer);
    const uint8_t *writer = m->fsync == FSYNC_BEHIND
                                ? zc_rd_bytes(&r, sizeof m->writer)
                                : NULL;
    if (writer)
        memcpy(m->writer, writer, sizeof m->writer);
    bool single = m->flags & ZC_OPEN_SINGLE_FILE;
    bool ok = !r.bad && known && !(m->flags & ~(uint32_t)ZC_OPEN_FLAGS_KNOWN) &&
              m->fsync <= FSYNC_BEHIND && zc_wire_text_ok(m->share) &&
              zc_wire_text_ok(m->chown_user) &&
              zc_wire_text_ok(m->chown_group) && path_ok(m) &&
              (single ? zc_name_ok((const char *)m->name.p, m->name.n)
                      : m->name.n == 0);
    return zc_wire_end(&r, ok, "OPEN", err);
}

void zc_opened_encode(struct zc_buf *b, const struct zc_msg_opened *m)
{
    size_t at = zc_frame_begin(b, ZC_FRAME_OPENED);
    zc_buf_put(b, m->host_id, sizeof m->host_id);
    zc_buf_u64(b, m->root_dev);
    zc_buf_u64(b, m->root_ino);
    zc_buf_u32(b, m->timeout_s);
    zc_wire_put16(b, m->name);
    zc_buf_u8(b, m->glance);
    if (m->glance & ZC_GLANCE_TOLD) {
        zc_wire_put32(b, m->names);
        zc_wire_put32(b, m->inner);
    }
    zc_frame_end(b, at);
}

/* One name: is it a directory, its length, its bytes. */
bool zc_glance_next(struct zc_bytes *names, struct zc_glance_name *n)
{
    if (names->n < 2 || names->p[0] > 1 || names->n - 2 < names->p[1] ||
        !zc_name_ok((const char *)names->p + 2, names->p[1]))
        return false;
    n->dir = names->p[0];
    memcpy(n->name, names->p + 2, names->p[1]);
    n->name[names->p[1]] = '\0';
    names->n -= 2 + (size_t)names->p[1];
    names->p += 2 + names->p[1];
    return true;
}

static bool names_ok(struct zc_bytes names)
{
    struct zc_glance_name n;
    while (zc_glance_next(&names, &n))
        ;
    return names.n == 0;
}

static bool get_glance(struct zc_rd *r, struct zc_msg_opened *m)
{
    m->names = m->inner = (struct zc_bytes){0};
    m->glance = zc_rd_u8(r);
    if (!m->glance || m->glance == ZC_GLANCE_EMPTY)
        return true;
    m->names = zc_wire_get32(r, ZC_GLANCE_MAX);
    m->inner = zc_wire_get32(r, ZC_GLANCE_MAX);
    return m->glance & ZC_GLANCE_TOLD && !(m->glance & ~ZC_GLANCE_KNOWN) &&
           !r->bad && names_ok(m->names) && names_ok(m->inner) &&
           !(m->glance & ZC_GLANCE_EMPTY && m->names.n);
}

int zc_opened_decode(struct zc_bytes body, struct zc_msg_opened *m,
                     struct zc_err *err)
{
    struct zc_rd r = zc_wire_rd(body);
    const uint8_t *id = zc_rd_bytes(&r, sizeof m->host_id);
    if (id)
        memcpy(m->host_id, id, sizeof m->host_id);
    m->root_dev = zc_rd_u64(&r);
    m->root_ino = zc_rd_u64(&r);
    m->timeout_s = zc_rd_u32(&r);
    m->name = zc_wire_get16(&r, ZC_NAME_MAX);
    bool ok = m->name.n == 0 ||
              zc_name_ok((const char *)m->name.p, m->name.n);
    ok &= get_glance(&r, m);
    return zc_wire_end(&r, ok, "OPENED", err);
}
