// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What others get to know about a mirror: the status struct, the log, and the
 * callbacks of whoever runs it. Status is kept up to date all the time; the log
 * gets a line when something is new, and one for each reason why a peer refuses
 * entries (said.h).
 */
#include "mirror/report.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "mirror/dirty.h"
#include "mirror/eventless.h"
#include "mirror/hardlinks.h"
#include "mirror/said.h"
#include "session/pace.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#define UNTOLD (~0U)
#define SOON_NS (ZC_NSEC_PER_SEC / 10)
#define LEFT_MAX_S 1e9 /* more is not worth telling */

struct zc_mreport {
    /* Of earlier sessions. */
    uint64_t base_files, base_bytes, base_deleted, base_wire, base_plain;
    bool squeezes; /* this one compresses */
    unsigned told; /* enum zc_peer_state, as last told */
    struct zc_said *said; /* the troubles that were logged */
    struct zc_pace pace;  /* of the round under way; under `lock` */
    uint64_t meta;   /* entries that lack metadata since the last full round */
    char meta_text[ZC_STATUS_TEXT], meta_path[ZC_STATUS_TEXT];
    char reason[ZC_STATUS_TEXT]; /* why it is not connected, as last logged */
};

struct zc_mreport *zc_mreport_new(const char *peer)
{
    struct zc_mreport *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->told = UNTOLD;
    r->said = zc_said_new(peer);
    if (r->said)
        return r;
    free(r);
    return NULL;
}

void zc_mreport_free(struct zc_mreport *r)
{
    if (!r)
        return;
    zc_said_free(r->said);
    free(r);
}

/* --- status --- */

static void update_counters(struct zc_mpeer *p, struct zc_dirty_stats *ds)
{
    const struct zc_mreport *r = p->report;
    struct zc_stats *s = &p->stats;
    struct zc_peer_status *st = p->st;
    uint64_t need_files = s->need_files, done_files = s->done_files;
    uint64_t need_bytes = s->need_bytes, done_bytes = s->done_bytes;
    uint64_t behind = ds->names;
    if (p->in_round && need_files > done_files)
        behind = ZC_MAX(behind, need_files - done_files);
    st->behind = behind;
    st->held = ds->held;
    st->behind_bytes = p->in_round && need_bytes > done_bytes
                           ? need_bytes - done_bytes
                           : 0;
    st->oldest = ds->oldest_ns;
    st->failed = ds->failed + p->mirror->n_unmounted;
    if (!p->connected)
        return;
    st->sent_files = r->base_files + done_files;
    st->sent_bytes = r->base_bytes + s->sent_bytes;
    st->deleted = r->base_deleted + s->deleted;
    uint64_t wire = s->wire_out + s->wire_in;
    st->wire_bytes = r->base_wire + wire;
    st->plain_bytes = r->base_plain + (r->squeezes ? s->wire_plain : wire);
}

void zc_mreport_opening(struct zc_mpeer *p, bool squeezes)
{
    struct zc_mreport *r = p->report;
    r->squeezes = squeezes;
    r->base_files = p->st->sent_files;
    r->base_bytes = p->st->sent_bytes;
    r->base_wire = p->st->wire_bytes;
    r->base_plain = p->st->plain_bytes;
    r->base_deleted = p->st->deleted;
    memset(&p->stats, 0, sizeof p->stats);
}

/* When what is refused is tried again; zc_clock_ns, 0: nothing is. */
static int64_t retry_at(const struct zc_mpeer *p)
{
    int64_t now = zc_clock_ns();
    if (p->braked)
        return p->brake_retry;
    int64_t next = p->blocked ? zc_dirty_next(p->dirty, now) : INT64_MAX;
    return next == INT64_MAX ? 0 : now + next;
}

/* Nothing is refused, but a part of the source is not there. */
static enum zc_peer_state unmounted(struct zc_mpeer *p)
{
    zc_peer_set_text(p->st, p->mirror->unmounted,
                     "unmounted at the source, and left alone until it is "
                     "back");
    return ZC_PEER_BLOCKED;
}

void zc_mreport_unmounted(struct zc_mirror *m)
{
    char text[ZC_STATUS_TEXT] = "", more[48] = "";
    if (m->n_unmounted > 1)
        snprintf(more, sizeof more, " (and %zu more)", m->n_unmounted - 1);
    if (m->n_unmounted)
        snprintf(text, sizeof text, "%.300s was unmounted%s; nothing below it "
                 "is sent or deleted until it is back", m->unmounted, more);
    zc_mirror_set_text(m->st, text);
}

/* How far the round under way is. What is over in a moment is not looked at. */
static void update_round(struct zc_mpeer *p, int64_t at)
{
    struct zc_mreport *r = p->report;
    struct zc_round_status *now = &p->st->now;
    struct zc_progress_view v;
    if (!now->began || at - r->pace.start_ns < SOON_NS)
        return;
    zc_pace_look(&r->pace, &p->stats, at, &v);
    now->listed = v.scan_done;
    now->writing = v.finishing;
    now->entries = v.scanned;
    now->need_files = v.need_files;
    now->need_bytes = v.need_bytes;
    now->done_files = v.done_files;
    now->done_bytes = v.done_bytes;
    now->rate = (uint64_t)v.rate;
    now->left = v.eta < 0 || v.eta > LEFT_MAX_S
                    ? -1
                    : (int64_t)(v.eta * (double)ZC_NSEC_PER_SEC);
}

void zc_mreport_update(struct zc_mpeer *p)
{
    struct zc_dirty_stats ds;
    enum zc_peer_state state;
    zc_dirty_get_stats(p->dirty, &ds);
    update_counters(p, &ds);
    if (p->in_round)
        update_round(p, zc_clock_ns());
    if (!p->connected)
        return;
    p->st->retry_at = retry_at(p);
    if ((p->braked && !p->gone_due) || p->blocked)
        state = ZC_PEER_BLOCKED;
    else if (p->mirror->n_unmounted)
        state = unmounted(p);
    else if (ds.all || p->full || p->braked)
        state = ZC_PEER_SCANNING;
    else if (ds.names || !p->mirror->settled || zc_mhardlinks_busy(p))
        state = ZC_PEER_BEHIND;
    else
        state = ZC_PEER_IN_SYNC;
    zc_peer_set_state(p->st, state);
    if (state == ZC_PEER_IN_SYNC)
        p->st->last_sync = zc_clock_wall_ns();
}

/* --- telling states --- */

static void tell_changed(struct zc_mirror *m, size_t peer, unsigned state,
                         const char *path, const char *text)
{
    if (!m->opt->changed)
        return;
    pthread_mutex_lock(&m->report_lock);
    m->opt->changed(m->opt->arg, peer, state, path, text);
    pthread_mutex_unlock(&m->report_lock);
}

/* "90m": SECONDS as the configuration may have it. */
static const char *often(unsigned seconds, char out[24])
{
    unsigned unit = seconds % 3600 == 0 ? 3600 : seconds % 60 == 0 ? 60 : 1;
    if (seconds == 86400)
        return "daily";
    snprintf(out, 24, "every %u%c", seconds / unit,
             unit == 3600 ? 'h' : unit == 60 ? 'm' : 's');
    return out;
}

void zc_mreport_source(struct zc_mirror *m)
{
    const struct zc_mirror_options *o = m->opt;
    char found[ZC_EVENTLESS_TEXT], note[ZC_STATUS_TEXT] = "", how[24];
    bool mild;
    if (zc_eventless_find(o->push.src, !o->push.one_file_system, &mild,
                          found)) {
        if (o->compare_s)
            snprintf(note, sizeof note,
                     "%s: they are found when everything is compared, %s",
                     found, often(o->compare_s, how));
        else
            snprintf(note, sizeof note, "%s: they are not found ('compare')",
                     found);
        zc_log(mild ? ZC_LOG_INFO : ZC_LOG_WARN, "%s: %s", o->name, note);
    }
    zc_mirror_set_note(m->st, note);
}

void zc_mreport_tell_mirror(struct zc_mirror *m)
{
    char text[ZC_STATUS_TEXT];
    unsigned state = m->st->state;
    if (state == m->told)
        return;
    m->told = state;
    zc_mirror_get_text(m->st, text, NULL);
    if (state == ZC_MIRROR_WATCHING)
        zc_log(ZC_LOG_INFO, "%s: watching %" PRIu64 " %s", m->opt->name,
               (uint64_t)m->st->dirs,
               m->st->dirs == 1 ? "directory" : "directories");
    else if (state == ZC_MIRROR_GONE)
        zc_log(ZC_LOG_ERROR, "%s: %s; nothing is sent until it is back",
               m->opt->name, text);
    tell_changed(m, ZC_MIRROR_ITSELF, state, "", text);
}

void zc_mreport_tell_peer(struct zc_mpeer *p)
{
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    struct zc_mreport *r = p->report;
    unsigned state = p->st->state;
    if (state == ZC_PEER_SCANNING && p->leisure)
        return;
    if (state == r->told || state == ZC_PEER_BEHIND ||
        state == ZC_PEER_CONNECTING || state == ZC_PEER_DISCONNECTED)
        return;
    r->told = state;
    zc_peer_get_text(p->st, path, text, NULL);
    if (state == ZC_PEER_SCANNING)
        zc_log(ZC_LOG_INFO, "%s: connected, comparing everything",
               p->conf->name);
    else if (state == ZC_PEER_IN_SYNC)
        zc_log(ZC_LOG_INFO, "%s: in sync", p->conf->name);
    else if (state == ZC_PEER_PAUSED)
        zc_log(ZC_LOG_INFO, "%s: paused", p->conf->name);
    else if (state == ZC_PEER_BLOCKED && p->braked)
        zc_log(ZC_LOG_ERROR, "%s: %s", p->conf->name, text);
    tell_changed(p->mirror, p->number, state, path, text);
}

void zc_mreport_connected(struct zc_mpeer *p)
{
    p->report->reason[0] = '\0';
}

void zc_mreport_disconnected(struct zc_mpeer *p, const struct zc_err *err,
                             int64_t delay)
{
    const char *why = *err->text ? err->text : "the connection was lost";
    struct zc_mirror *m = p->mirror;
    struct zc_mreport *r = p->report;
    zc_mirror_lock(m);
    zc_peer_set_text(p->st, "", why);
    zc_peer_set_state(p->st, ZC_PEER_DISCONNECTED);
    p->st->retry_at = zc_clock_ns() + delay;
    zc_mirror_wake_asked(m);
    zc_mirror_unlock(m);
    /* The same reason again and again is one line, not two a minute. */
    if (r->told == ZC_PEER_DISCONNECTED &&
        strncmp(r->reason, why, 500) == 0)
        return;
    snprintf(r->reason, sizeof r->reason, "%.500s", why);
    r->told = ZC_PEER_DISCONNECTED;
    zc_log(ZC_LOG_WARN, "%s: disconnected: %s; trying again in %.1f s",
           p->conf->name, why, (double)delay / ZC_NSEC_PER_SEC);
    tell_changed(m, p->number, ZC_PEER_DISCONNECTED, "", why);
}

void zc_mreport_paused(struct zc_mpeer *p)
{
    p->st->retry_at = 0;
    zc_peer_set_text(p->st, "", "");
    zc_peer_set_state(p->st, ZC_PEER_PAUSED);
}

void zc_mreport_draining(struct zc_mirror *m, int64_t left)
{
    for (size_t i = 0; i < m->n_peers; i++) {
        const struct zc_mpeer *p = &m->peers[i];
        uint64_t names = p->st->behind;
        char size[ZC_TEXT_MAX];
        zc_mirror_lock(m);
        bool busy = !p->ended && p->connected && names;
        zc_mirror_unlock(m);
        if (busy)
            zc_log(ZC_LOG_INFO, "%s: still sending %" PRIu64 " change%s, %s, "
                   "for up to %.0f s", p->conf->name, names,
                   names == 1 ? "" : "s",
                   zc_text_size(size, (double)p->st->behind_bytes),
                   (double)ZC_MAX(left, 0) / ZC_NSEC_PER_SEC);
    }
}

void zc_mreport_left_behind(struct zc_mpeer *p)
{
    struct zc_dirty_stats ds;
    zc_dirty_get_stats(p->dirty, &ds);
    if (!ds.names && !ds.all && !p->braked)
        return;
    if (ds.all)
        zc_log(ZC_LOG_WARN, "%s: not known to be in sync at the end",
               p->conf->name);
    else if (p->braked)
        zc_log(ZC_LOG_WARN, "%s: deletions were not done at the end",
               p->conf->name);
    else
        zc_log(ZC_LOG_WARN, "%s: %" PRIu64 " changes were not sent at the end",
               p->conf->name, ds.names);
}

/* --- entries --- */

void zc_mreport_round_begins(struct zc_mpeer *p)
{
    struct zc_mreport *r = p->report;
    struct zc_round_status *now = &p->st->now;
    zc_pace_begin(&r->pace, &p->stats, zc_clock_ns());
    now->listed = now->writing = false;
    now->entries = now->rate = 0;
    now->need_files = now->need_bytes = now->done_files = now->done_bytes = 0;
    now->left = -1;
    now->whole = p->full;
    now->began = zc_clock_wall_ns();
    if (p->full)
        r->meta = 0;
}

void zc_mreport_round_ended(struct zc_mpeer *p)
{
    p->st->now.began = 0;
}

void zc_mreport_cleared(struct zc_mpeer *p)
{
    struct zc_mreport *r = p->report;
    zc_peer_set_text(p->st, r->meta ? r->meta_path : "",
                     r->meta ? r->meta_text : "");
    zc_said_clear(r->said);
}

void zc_mreport_round_over(struct zc_mpeer *p)
{
    zc_said_round(p->report->said, zc_clock_ns());
}

void zc_mreport_item(void *arg, const struct zc_item *item)
{
    struct zc_mpeer *p = arg;
    struct zc_mirror *m = p->mirror;
    pthread_mutex_lock(&m->report_lock);
    m->opt->item(m->opt->arg, p->number, item);
    pthread_mutex_unlock(&m->report_lock);
}

/* A number for a reason. */
static uint64_t hash_text(uint64_t kind, const char *text)
{
    return XXH3_64bits_withSeed(text, strlen(text), kind);
}

/* A file that vanished, or that kept changing: what is there next time decides.
 * The mark is as old as the round, for barriers. */
static void mark_again(struct zc_mpeer *p, const char *path, int eno)
{
    struct zc_mirror *m = p->mirror;
    zc_mirror_lock(m);
    if (eno)
        zc_dirty_refused(p->dirty, path, zc_clock_ns());
    else
        zc_dirty_unsettled(p->dirty, path, zc_clock_ns());
    zc_mirror_unlock(m);
}

/* Metadata that a peer cannot take is not tried for ever: it is counted, and
 * said once for each kind. */
static void meta_refused(struct zc_mpeer *p, const char *path,
                         const char *text, uint64_t kind)
{
    struct zc_mreport *r = p->report;
    if (!r->meta++) {
        snprintf(r->meta_path, sizeof r->meta_path, "%s", path);
        snprintf(r->meta_text, sizeof r->meta_text,
                 "applied, but some metadata was refused: %s", text);
    }
    zc_said_met(r->said, kind, path, text, zc_clock_ns());
}

/* PASSING: the tree was changing just then, at either end. */
static void entry_refused(struct zc_mpeer *p, const char *path,
                          const char *text, uint64_t kind, bool passing)
{
    struct zc_mirror *m = p->mirror;
    zc_mirror_lock(m);
    zc_dirty_failed(p->dirty, path, passing, zc_clock_ns());
    p->blocked = true;
    zc_peer_set_text(p->st, *path ? path : ".", text);
    zc_peer_set_state(p->st, ZC_PEER_BLOCKED);
    zc_mirror_unlock(m);
    zc_said_met(p->report->said, kind, path, text, zc_clock_ns());
}

/* True for what will be the same next time: this user, or this file system,
 * cannot do it. */
static bool is_lasting(int eno)
{
    switch (eno) {
    case EROFS:
    case ENOSPC:
    case EDQUOT:
    case EIO:
    case ENOMEM:
    case EBUSY:
    case EAGAIN:
    case ESTALE:
    case EMFILE:
    case ENFILE:
    /* A server that the file system asks, and the way there. */
    case EINTR:
    case ETIMEDOUT:
    case ENOTCONN:
    case ECONNABORTED:
    case ECONNREFUSED:
    case ECONNRESET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENETDOWN:
    case ENETUNREACH:
    case ENOLCK:
    case EREMOTEIO:
    case ESHUTDOWN:
        return false;
    default:
        return true;
    }
}

/* True for what names that move about bring along. */
static bool is_passing(int eno)
{
    return eno == ENOENT || eno == ENOTDIR || eno == ENOTEMPTY ||
           eno == EEXIST || eno == EISDIR || eno == ELOOP;
}

void zc_mreport_trouble(void *arg, enum zc_trouble kind, const char *what,
                        const char *path, int eno)
{
    struct zc_mpeer *p = arg;
    struct zc_mirror *m = p->mirror;
    char why[128], text[256];
    uint64_t hash = hash_text((uint64_t)kind * 1000003 + (unsigned)eno, what);

    /* The line, or the status, names the peer: it is not the one to blame. */
    bool here = kind == ZC_TROUBLE_SOURCE || kind == ZC_TROUBLE_VANISHED;
    snprintf(text, sizeof text, "could not %.100s%s%s%s", what,
             here ? " at the source" : "", eno ? ": " : "",
             eno ? zc_err_reason(eno, why, sizeof why) : "");
    if (kind == ZC_TROUBLE_VANISHED) {
        mark_again(p, path, eno);
    } else {
        atomic_fetch_add(&p->st->errors, 1);
        if (kind == ZC_TROUBLE_META && is_lasting(eno))
            meta_refused(p, path, text, hash);
        else
            entry_refused(p, path, text, hash, is_passing(eno));
    }
    if (!m->opt->trouble)
        return;
    pthread_mutex_lock(&m->report_lock);
    m->opt->trouble(m->opt->arg, p->number, kind, what, path, eno);
    pthread_mutex_unlock(&m->report_lock);
}

/* So many nanoseconds of rest for a byte that is read on both sides, or sent. */
#define REST_NS 20

void zc_mreport_costly(void *arg, const char *path, uint64_t bytes)
{
    struct zc_mpeer *p = arg;
    const char *name;
    int64_t rest = (int64_t)ZC_MIN(bytes, (uint64_t)1 << 40) * REST_NS;
    zc_mirror_lock(p->mirror);
    zc_wdir dir = zc_mirror_split(p->mirror, path, &name);
    if (dir != ZC_WDIR_NONE)
        zc_dirty_rest(p->dirty, dir, name, strlen(name), rest, zc_clock_ns());
    zc_mirror_unlock(p->mirror);
}

void zc_mreport_not_renamed(void *arg, const char *to)
{
    struct zc_mpeer *p = arg;
    zc_mirror_lock(p->mirror);
    zc_dirty_refused(p->dirty, to, zc_clock_ns());
    zc_mirror_unlock(p->mirror);
}
