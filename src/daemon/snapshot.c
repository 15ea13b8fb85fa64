// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table per struct names its fields in the order in which they are encoded:
 * numbers as 64 bits, texts with their length before them. Writer and reader
 * both walk the table, so they cannot disagree.
 */
#include "daemon/snapshot.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

struct field {
    size_t at, size; /* size 0: a number, else room of a text */
};

#define NUM(s, f) {offsetof(struct s, f), 0}
#define TEXT(s, f) {offsetof(struct s, f), sizeof((struct s *)0)->f}

static const struct field peer_fields[] = {
    TEXT(zc_snap_peer, name),        TEXT(zc_snap_peer, path),
    TEXT(zc_snap_peer, text),        TEXT(zc_snap_peer, security),
    TEXT(zc_snap_peer, key),         NUM(zc_snap_peer, state),
    NUM(zc_snap_peer, since),        NUM(zc_snap_peer, last_sync),
    NUM(zc_snap_peer, behind),       NUM(zc_snap_peer, behind_bytes),
    NUM(zc_snap_peer, oldest_age),   NUM(zc_snap_peer, sent_files),
    NUM(zc_snap_peer, sent_bytes),   NUM(zc_snap_peer, deleted),
    NUM(zc_snap_peer, rounds),       NUM(zc_snap_peer, full_rounds),
    NUM(zc_snap_peer, failed),       NUM(zc_snap_peer, errors),
    NUM(zc_snap_peer, connects),     NUM(zc_snap_peer, retry_in),
    NUM(zc_snap_peer, wire_bytes),   NUM(zc_snap_peer, plain_bytes),
};

static const struct field mirror_fields[] = {
    TEXT(zc_snap_mirror, name),      TEXT(zc_snap_mirror, source),
    TEXT(zc_snap_mirror, text),      TEXT(zc_snap_mirror, note),
    NUM(zc_snap_mirror, state),
    NUM(zc_snap_mirror, since),      NUM(zc_snap_mirror, pid),
    NUM(zc_snap_mirror, restarts),   NUM(zc_snap_mirror, start_in),
    NUM(zc_snap_mirror, watch_kind), NUM(zc_snap_mirror, dirs),
    NUM(zc_snap_mirror, watches),    NUM(zc_snap_mirror, watch_limit),
    NUM(zc_snap_mirror, unwatched),  NUM(zc_snap_mirror, events),
    NUM(zc_snap_mirror, overflows),
};

static const struct field session_fields[] = {
    TEXT(zc_snap_session, peer),
    TEXT(zc_snap_session, share),
    TEXT(zc_snap_session, security),
    TEXT(zc_snap_session, key),
    NUM(zc_snap_session, pid),
    NUM(zc_snap_session, since),
};

static const struct field top_fields[] = {
    TEXT(zc_snapshot, version), TEXT(zc_snapshot, file),
    TEXT(zc_snapshot, listen),  NUM(zc_snapshot, at),
    NUM(zc_snapshot, started),  NUM(zc_snapshot, pid),
    NUM(zc_snapshot, reloads),  NUM(zc_snapshot, accepted),
    NUM(zc_snapshot, refused),  NUM(zc_snapshot, max_connections),
    NUM(zc_snapshot, waiting),  NUM(zc_snapshot, unauthenticated),
};

#define FIELDS(t) t, ZC_ARRAY_LEN(t)

static void put(struct zc_buf *out, const void *from, const struct field *f,
                size_t n)
{
    for (; n > 0; n--, f++) {
        const char *p = (const char *)from + f->at;
        if (f->size == 0) {
            uint64_t v;
            memcpy(&v, p, sizeof v);
            zc_buf_u64(out, v);
        } else {
            size_t len = strnlen(p, f->size - 1);
            zc_buf_u32(out, (uint32_t)len);
            zc_buf_put(out, p, len);
        }
    }
}

static void get(struct zc_rd *in, void *to, const struct field *f, size_t n)
{
    for (; n > 0; n--, f++) {
        char *p = (char *)to + f->at;
        if (f->size == 0) {
            uint64_t v = zc_rd_u64(in);
            memcpy(p, &v, sizeof v);
            continue;
        }
        uint32_t len = zc_rd_u32(in);
        const uint8_t *bytes = len < f->size ? zc_rd_bytes(in, len) : NULL;
        if (len >= f->size)
            in->bad = true;
        if (bytes && len) {
            memcpy(p, bytes, len);
            p[len] = '\0';
        }
    }
}

void zc_snapshot_fini(struct zc_snapshot *s)
{
    for (size_t i = 0; i < s->mirrors.len; i++)
        zc_vec_fini(&s->mirrors.v[i].peers);
    zc_vec_fini(&s->mirrors);
    zc_vec_fini(&s->sessions);
}

static int64_t positive(int64_t n)
{
    return ZC_MAX(n, 0);
}

static struct zc_snap_peer copy_peer(struct zc_peer_status *p, int64_t now)
{
    struct zc_snap_peer c = {
        .state = p->state,
        .since = (uint64_t)positive(p->since),
        .last_sync = (uint64_t)positive(p->last_sync),
        .behind = p->behind,
        .behind_bytes = p->behind_bytes,
        .sent_files = p->sent_files,
        .sent_bytes = p->sent_bytes,
        .wire_bytes = p->wire_bytes,
        .plain_bytes = p->plain_bytes,
        .deleted = p->deleted,
        .rounds = p->rounds,
        .full_rounds = p->full_rounds,
        .failed = p->failed,
        .errors = p->errors,
        .connects = p->connects,
    };
    int64_t oldest = p->oldest;
    c.oldest_age = oldest ? (uint64_t)positive(now - oldest) : 0;
    int64_t retry = p->retry_at;
    c.retry_in = retry ? (uint64_t)ZC_MAX(retry - now, 1) : 0;
    memcpy(c.name, p->name, sizeof c.name);
    c.name[sizeof c.name - 1] = '\0';
    zc_peer_get_text(p, c.path, c.text);
    zc_peer_get_security(p, c.security, c.key);
    return c;
}

struct zc_snap_mirror *zc_snapshot_add(struct zc_snapshot *s,
                                       struct zc_mirror_status *m)
{
    struct zc_snap_mirror c = {
        .state = m->state,
        .since = (uint64_t)positive(m->since),
        .watch_kind = m->watch_kind,
        .dirs = m->dirs,
        .watches = m->watches,
        .watch_limit = m->watch_limit,
        .unwatched = m->unwatched,
        .events = m->events,
        .overflows = m->overflows,
    };
    int64_t now = zc_clock_ns();
    memcpy(c.name, m->name, sizeof c.name);
    memcpy(c.source, m->source, sizeof c.source);
    c.name[sizeof c.name - 1] = c.source[sizeof c.source - 1] = '\0';
    zc_mirror_get_text(m, c.text);
    zc_mirror_get_note(m, c.note);
    for (uint32_t i = 0; i < m->n_peers && i < ZC_STATUS_PEERS_MAX; i++)
        if (zc_vec_push(&c.peers, copy_peer(&m->peers[i], now)))
            goto fail;
    if (zc_vec_push(&s->mirrors, c) == 0)
        return &s->mirrors.v[s->mirrors.len - 1];
fail:
    zc_vec_fini(&c.peers);
    return NULL;
}

void zc_snapshot_encode(const struct zc_snapshot *s, struct zc_buf *out)
{
    zc_buf_u32(out, ZC_SNAPSHOT_VERSION);
    put(out, s, FIELDS(top_fields));
    zc_buf_u32(out, (uint32_t)s->mirrors.len);
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        put(out, m, FIELDS(mirror_fields));
        zc_buf_u32(out, (uint32_t)m->peers.len);
        for (size_t k = 0; k < m->peers.len; k++)
            put(out, &m->peers.v[k], FIELDS(peer_fields));
    }
    zc_buf_u32(out, (uint32_t)s->sessions.len);
    for (size_t i = 0; i < s->sessions.len; i++)
        put(out, &s->sessions.v[i], FIELDS(session_fields));
}

static int get_peers(struct zc_rd *in, struct zc_snap_mirror *m)
{
    for (uint32_t n = zc_rd_u32(in); n > 0 && !in->bad; n--) {
        struct zc_snap_peer p = {0};
        get(in, &p, FIELDS(peer_fields));
        if (!in->bad && zc_vec_push(&m->peers, p))
            return -1;
    }
    return 0;
}

static int get_mirrors(struct zc_rd *in, struct zc_snapshot *s)
{
    for (uint32_t n = zc_rd_u32(in); n > 0 && !in->bad; n--) {
        struct zc_snap_mirror m = {0};
        get(in, &m, FIELDS(mirror_fields));
        if (get_peers(in, &m) || zc_vec_push(&s->mirrors, m)) {
            zc_vec_fini(&m.peers);
            return -1;
        }
    }
    return 0;
}

static int get_sessions(struct zc_rd *in, struct zc_snapshot *s)
{
    for (uint32_t n = zc_rd_u32(in); n > 0 && !in->bad; n--) {
        struct zc_snap_session c = {0};
        get(in, &c, FIELDS(session_fields));
        if (!in->bad && zc_vec_push(&s->sessions, c))
            return -1;
    }
    return 0;
}

int zc_snapshot_decode(struct zc_snapshot *s, const void *bytes, size_t n,
                       struct zc_err *err)
{
    struct zc_rd in = zc_rd_init(bytes, n);
    uint32_t version = zc_rd_u32(&in);
    if (!in.bad && version != ZC_SNAPSHOT_VERSION)
        return zc_err_set(err, ZC_EXIT_PROTOCOL, 0,
                          "zcsyncd speaks version %u of the status, this "
                          "zcsync %u: restart zcsyncd after an update",
                          version, ZC_SNAPSHOT_VERSION);
    get(&in, s, FIELDS(top_fields));
    if (get_mirrors(&in, s) || get_sessions(&in, s))
        return zc_err_nomem(err);
    if (in.bad || zc_rd_left(&in))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the status that zcsyncd sent makes no sense");
    return 0;
}

void zc_snapshot_line(const struct zc_snapshot *s, char *out, size_t size)
{
    size_t peers = 0, synced = 0;
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        peers += m->peers.len;
        for (size_t k = 0; k < m->peers.len; k++)
            synced += m->peers.v[k].state == ZC_PEER_IN_SYNC;
    }
    snprintf(out, size,
             "%zu mirror%s, %zu of %zu peer%s in sync, %zu receiving",
             s->mirrors.len, s->mirrors.len == 1 ? "" : "s", synced, peers,
             peers == 1 ? "" : "s", s->sessions.len);
}
