// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A table per struct names its fields in the order in which they are encoded:
 * numbers as 64 bits, texts with their length before them. Writer and reader
 * both walk the table, so they cannot disagree.
 */
#include "daemon/snapshot.h"

#include "base/clock.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* What is over in a moment is not worth a line. */
#define SHOWN_NS ((uint64_t)1000000000)
#define PROGRESS_COLUMNS 76

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
    NUM(zc_snap_peer, held),
    NUM(zc_snap_peer, behind),       NUM(zc_snap_peer, behind_bytes),
    NUM(zc_snap_peer, oldest_age),   NUM(zc_snap_peer, sent_files),
    NUM(zc_snap_peer, sent_bytes),   NUM(zc_snap_peer, deleted),
    NUM(zc_snap_peer, rounds),       NUM(zc_snap_peer, full_rounds),
    NUM(zc_snap_peer, failed),       NUM(zc_snap_peer, errors),
    NUM(zc_snap_peer, connects),     NUM(zc_snap_peer, retry_in),
    NUM(zc_snap_peer, wire_bytes),   NUM(zc_snap_peer, plain_bytes),
    NUM(zc_snap_peer, verify_ended), NUM(zc_snap_peer, verify_began),
    NUM(zc_snap_peer, verify_files), NUM(zc_snap_peer, verify_bytes),
    NUM(zc_snap_peer, verify_found), NUM(zc_snap_peer, verify_repaired),
    NUM(zc_snap_peer, verify_unread),
    NUM(zc_snap_peer, verify_now_files),
    NUM(zc_snap_peer, verify_now_bytes),
    NUM(zc_snap_peer, verify_now_found),
    NUM(zc_snap_peer, now_began),    NUM(zc_snap_peer, now_whole),
    NUM(zc_snap_peer, now_listed),   NUM(zc_snap_peer, now_writing),
    NUM(zc_snap_peer, now_entries),  NUM(zc_snap_peer, now_need_files),
    NUM(zc_snap_peer, now_need_bytes),
    NUM(zc_snap_peer, now_done_files),
    NUM(zc_snap_peer, now_done_bytes),
    NUM(zc_snap_peer, now_rate),     NUM(zc_snap_peer, now_left),
    NUM(zc_snap_peer, compared),
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
    TEXT(zc_snap_session, room),
    NUM(zc_snap_session, pid),
    NUM(zc_snap_session, since),
};

static const struct field copy_fields[] = {
    TEXT(zc_snap_copy, share),      TEXT(zc_snap_copy, peer),
    TEXT(zc_snap_copy, key),        TEXT(zc_snap_copy, id),
    TEXT(zc_snap_copy, text),
    NUM(zc_snap_copy, state),       NUM(zc_snap_copy, since),
    NUM(zc_snap_copy, mirror),      NUM(zc_snap_copy, compared),
    NUM(zc_snap_copy, durable),     NUM(zc_snap_copy, last_round),
    NUM(zc_snap_copy, last_round_took),
    NUM(zc_snap_copy, sessions),    NUM(zc_snap_copy, rounds),
    NUM(zc_snap_copy, bytes),       NUM(zc_snap_copy, created),
    NUM(zc_snap_copy, deleted),     NUM(zc_snap_copy, errors),
    NUM(zc_snap_copy, errors_left),
};

static const struct field hook_fields[] = {
    TEXT(zc_snap_hook, name),   TEXT(zc_snap_hook, fate),
    NUM(zc_snap_hook, mirror),  NUM(zc_snap_hook, running),
    NUM(zc_snap_hook, pending), NUM(zc_snap_hook, runs),
    NUM(zc_snap_hook, failures), NUM(zc_snap_hook, began),
    NUM(zc_snap_hook, ended),
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
    zc_vec_fini(&s->copies);
    zc_vec_fini(&s->hooks);
}

static int64_t positive(int64_t n)
{
    return ZC_MAX(n, 0);
}

/* Watchers write what they like: no sum of it is taken that may not be one. */
static int64_t until(int64_t now, int64_t then)
{
    return then > now ? then - ZC_MAX(now, 0) : 0;
}

static void copy_round(struct zc_snap_peer *c, struct zc_round_status *now)
{
    c->now_began = (uint64_t)positive(now->began);
    if (!c->now_began)
        return;
    c->now_whole = now->whole != 0;
    c->now_listed = now->listed != 0;
    c->now_writing = now->writing != 0;
    c->now_entries = now->entries;
    c->now_need_files = now->need_files;
    c->now_need_bytes = now->need_bytes;
    c->now_done_files = now->done_files;
    c->now_done_bytes = now->done_bytes;
    c->now_rate = now->rate;
    int64_t left = now->left;
    c->now_left = left >= 0 ? (uint64_t)left + 1 : 0;
}

static struct zc_snap_peer copy_peer(struct zc_peer_status *p, int64_t now,
                                     int *patience)
{
    struct zc_snap_peer c = {
        .state = p->state,
        .since = (uint64_t)positive(p->since),
        .last_sync = (uint64_t)positive(p->last_sync),
        .held = p->held,
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
        .verify_ended = (uint64_t)positive(p->verify.ended),
        .verify_began = (uint64_t)positive(p->verify.began),
        .verify_files = p->verify.files,
        .verify_bytes = p->verify.bytes,
        .verify_found = p->verify.found,
        .verify_repaired = p->verify.repaired,
        .verify_unread = p->verify.unread,
        .verify_now_files = p->verify.now_files,
        .verify_now_bytes = p->verify.now_bytes,
        .verify_now_found = p->verify.now_found,
        .compared = (uint64_t)positive(p->compared),
    };
    copy_round(&c, &p->now);
    int64_t oldest = p->oldest;
    c.oldest_age = oldest > 0 ? (uint64_t)until(oldest, now) : 0;
    int64_t retry = p->retry_at;
    c.retry_in = retry ? (uint64_t)ZC_MAX(until(now, retry), 1) : 0;
    memcpy(c.name, p->name, sizeof c.name);
    c.name[sizeof c.name - 1] = '\0';
    zc_peer_get_text(p, c.path, c.text, patience);
    zc_peer_get_security(p, c.security, c.key, patience);
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
    int patience = ZC_STATUS_PATIENCE;
    memcpy(c.name, m->name, sizeof c.name);
    memcpy(c.source, m->source, sizeof c.source);
    c.name[sizeof c.name - 1] = c.source[sizeof c.source - 1] = '\0';
    zc_mirror_get_text(m, c.text, &patience);
    zc_mirror_get_note(m, c.note, &patience);
    for (uint32_t i = 0; i < m->n_peers && i < ZC_STATUS_PEERS_MAX; i++)
        if (zc_vec_push(&c.peers, copy_peer(&m->peers[i], now, &patience)))
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
    zc_buf_u32(out, (uint32_t)s->copies.len);
    for (size_t i = 0; i < s->copies.len; i++)
        put(out, &s->copies.v[i], FIELDS(copy_fields));
    zc_buf_u32(out, (uint32_t)s->hooks.len);
    for (size_t i = 0; i < s->hooks.len; i++)
        put(out, &s->hooks.v[i], FIELDS(hook_fields));
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

static int get_copies(struct zc_rd *in, struct zc_snapshot *s)
{
    for (uint32_t n = zc_rd_u32(in); n > 0 && !in->bad; n--) {
        struct zc_snap_copy c = {0};
        get(in, &c, FIELDS(copy_fields));
        if (!in->bad && zc_vec_push(&s->copies, c))
            return -1;
    }
    return 0;
}

static int get_hooks(struct zc_rd *in, struct zc_snapshot *s)
{
    for (uint32_t n = zc_rd_u32(in); n > 0 && !in->bad; n--) {
        struct zc_snap_hook c = {0};
        get(in, &c, FIELDS(hook_fields));
        if (!in->bad && zc_vec_push(&s->hooks, c))
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
    if (get_mirrors(&in, s) || get_sessions(&in, s) || get_copies(&in, s) ||
        get_hooks(&in, s))
        return zc_err_nomem(err);
    if (in.bad || zc_rd_left(&in))
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "the status that zcsyncd sent makes no sense");
    return 0;
}

const char *zc_copy_state_text(unsigned state)
{
    static const char *const texts[ZC_COPY_STATES] = {
        [ZC_COPY_AWAY] = "disconnected",
        [ZC_COPY_IDLE] = "idle",
        [ZC_COPY_RECEIVING] = "receiving",
        [ZC_COPY_COMPARING] = "comparing",
    };
    return state < ZC_COPY_STATES ? texts[state] : "unknown";
}

static uint64_t bytes_left(const struct zc_snap_peer *p)
{
    return p->now_need_bytes - ZC_MIN(p->now_done_bytes, p->now_need_bytes);
}

const struct zc_snap_peer *
zc_snapshot_busiest(const struct zc_snapshot *s,
                    const struct zc_snap_mirror **mirror)
{
    const struct zc_snap_peer *most = NULL;
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        for (size_t k = 0; k < m->peers.len; k++) {
            const struct zc_snap_peer *p = &m->peers.v[k];
            if (!p->now_began || !p->now_whole ||
                (most && bytes_left(p) <= bytes_left(most)))
                continue;
            most = p;
            *mirror = m;
        }
    }
    return most;
}

bool zc_snapshot_progress(const struct zc_snap_peer *p, uint64_t at,
                          struct zc_progress_view *v)
{
    if (!p->now_began || (!p->now_whole && p->now_began + SHOWN_NS > at))
        return false;
    *v = (struct zc_progress_view){
        .done_bytes = p->now_done_bytes,
        .need_bytes = p->now_need_bytes,
        .done_files = p->now_done_files,
        .need_files = p->now_need_files,
        .scanned = p->now_entries,
        .scan_done = p->now_listed,
        .finishing = p->now_writing,
        .rate = (double)p->now_rate,
        .eta = p->now_left ? (double)(p->now_left - 1) / 1e9 : -1,
    };
    return true;
}

#define SHORT_NAME 61

/* What there is room for of NAME, as it can do no harm: what the watchers call
 * themselves is theirs to say, and systemd takes a line for something else. */
static void short_name(char out[SHORT_NAME], const char *name)
{
    struct zc_buf b = ZC_BUF_INIT;
    zc_text_name(&b, name);
    size_t n = ZC_MIN(b.len, (size_t)SHORT_NAME - 1);
    while (n < b.len && n > 0 && (b.data[n] & 0xc0) == 0x80)
        n--; /* no part of a character */
    if (b.failed)
        n = 0;
    if (n)
        memcpy(out, b.data, n);
    out[n] = '\0';
    zc_buf_fini(&b);
}

/* "; www to web2: 1.2 GiB of 3.4 GiB  35%  0:05 left" */
static void add_progress(const struct zc_snapshot *s, char *out, size_t size)
{
    const struct zc_snap_mirror *m = NULL;
    const struct zc_snap_peer *p = zc_snapshot_busiest(s, &m);
    struct zc_progress_view v;
    if (!p || !zc_snapshot_progress(p, s->at, &v))
        return;
    char mirror[SHORT_NAME], peer[SHORT_NAME];
    short_name(mirror, m->name);
    short_name(peer, p->name);
    int n = snprintf(out, size, "; %s to %s: ", mirror, peer);
    if (n > 0 && (size_t)n < size)
        zc_progress_line(out + n, size - (size_t)n, PROGRESS_COLUMNS, &v);
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
    int n = snprintf(out, size,
                     "%zu mirror%s, %zu of %zu peer%s in sync, %zu receiving",
                     s->mirrors.len, s->mirrors.len == 1 ? "" : "s", synced,
                     peers, peers == 1 ? "" : "s", s->sessions.len);
    if (n > 0 && (size_t)n < size)
        add_progress(s, out + n, size - (size_t)n);
}
