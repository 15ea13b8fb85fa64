// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync status`: a snapshot in words; see status_show.h. */
#include "cli/status_show.h"

#include "base/text.h"
#include "daemon/conf_value.h"

#include <inttypes.h>
#include <string.h>

#define NS 1e9
#define LINE_COLUMNS 80
#define PROGRESS_INDENT 4
#define KEY_SHOWN 12 /* letters of a key, 72 bits: enough to compare */

/* Words. */

static void put_count(struct zc_buf *out, const char *before, uint64_t n,
                      const char *after)
{
    char text[ZC_TEXT_MAX];
    zc_buf_printf(out, "%s%s%s", before, zc_text_count(text, n, ZC_TEXT_COMMAS),
                  after);
}

static void put_size(struct zc_buf *out, const char *before, double bytes,
                     const char *after)
{
    char text[ZC_TEXT_MAX];
    zc_buf_printf(out, "%s%s%s", before, zc_text_size(text, bytes), after);
}

/* What is well, what is not yet, and what will not be without help. */
enum mood { WELL, UNDER_WAY, TROUBLE };

static void put_word(struct zc_buf *out, const char *word, enum mood mood,
                     bool coloured)
{
    static const char *const colours[] = {
        [WELL] = "\033[32m", [UNDER_WAY] = "\033[33m", [TROUBLE] = "\033[31m"};
    zc_buf_printf(out, "%s%s%s", coloured ? colours[mood] : "", word,
                  coloured ? "\033[0m" : "");
}

static enum mood mirror_mood(uint64_t state)
{
    return state == ZC_MIRROR_WATCHING ? WELL
           : state == ZC_MIRROR_STARTING || state == ZC_MIRROR_SCANNING
               ? UNDER_WAY
               : TROUBLE;
}

static enum mood peer_mood(uint64_t state)
{
    return state == ZC_PEER_IN_SYNC ? WELL
           : state == ZC_PEER_DISCONNECTED || state == ZC_PEER_BLOCKED
               ? TROUBLE
               : UNDER_WAY;
}

static enum mood copy_mood(const struct zc_snap_copy *c)
{
    return *c->text || c->errors_left || (c->mirror && !c->state) ? TROUBLE
           : c->state == ZC_COPY_RECEIVING || c->state == ZC_COPY_COMPARING
               ? UNDER_WAY
               : WELL;
}

/* " for 1:02:03": from THEN, by the wall clock, which may have been set. */
static void put_age(struct zc_buf *out, uint64_t at, uint64_t then)
{
    char text[ZC_TEXT_MAX];
    if (then && then <= at)
        zc_buf_printf(out, " for %s",
                      zc_text_duration(text, (double)(at - then) / NS));
}

/* "dir/name: Permission denied", whichever of them there is. */
static void put_reason(struct zc_buf *out, const char *path, const char *text)
{
    if (*path || *text)
        zc_buf_put_str(out, ": ");
    zc_text_name(out, path);
    if (*path && *text)
        zc_buf_put_str(out, ": ");
    zc_text_name(out, text);
}

/* "; AES-256-GCM, user space, key AbCdEfGhIjKl...": how the bytes cross. */
static void put_security(struct zc_buf *out, const char *security,
                         const char *key)
{
    if (!*security)
        return;
    zc_buf_put_str(out, "; ");
    zc_text_name(out, security);
    if (!*key)
        return;
    if (!strstr(security, "kernel"))
        zc_buf_put_str(out, ", user space");
    char some[KEY_SHOWN + 1];
    snprintf(some, sizeof some, "%s", key);
    zc_buf_put_str(out, ", key ");
    zc_text_name(out, some);
    zc_buf_put_str(out, "...");
}

/* What happens next, where something is in the way. */
static void put_next(struct zc_buf *out, const struct zc_snap_peer *p)
{
    bool stuck = p->state == ZC_PEER_DISCONNECTED || p->state == ZC_PEER_BLOCKED;
    if (stuck && p->retry_in)
        zc_buf_printf(out, "; next try in %.0f s",
                      (double)p->retry_in / NS + 0.5);
}

static void put_behind(struct zc_buf *out, const struct zc_snap_peer *p)
{
    char text[ZC_TEXT_MAX];
    if (!p->behind && !p->behind_bytes)
        return;
    put_count(out, "; ", p->behind, p->behind == 1 ? " change" : " changes");
    if (p->behind_bytes)
        put_size(out, ", ", (double)p->behind_bytes, "");
    zc_buf_put_str(out, " to go");
    if (p->held)
        put_count(out, ", ", p->held, " held back");
    if (p->oldest_age)
        zc_buf_printf(out, ", the oldest for %s",
                      zc_text_duration(text, (double)p->oldest_age / NS));
}

static const struct zc_snap_mirror *find_mirror(const struct zc_snapshot *s,
                                                const char *name)
{
    for (size_t i = 0; s && i < s->mirrors.len; i++)
        if (strcmp(s->mirrors.v[i].name, name) == 0)
            return &s->mirrors.v[i];
    return NULL;
}

static const struct zc_snap_peer *find_peer(const struct zc_snap_mirror *m,
                                            const char *name)
{
    for (size_t i = 0; m && i < m->peers.len; i++)
        if (strcmp(m->peers.v[i].name, name) == 0)
            return &m->peers.v[i];
    return NULL;
}

static void put_speed(struct zc_buf *out, const struct zc_snap_peer *p,
                      const struct zc_snap_peer *before, double seconds)
{
    char text[ZC_TEXT_MAX];
    /* Counters begin anew with another configuration. */
    if (!before || seconds <= 0 || p->sent_files < before->sent_files ||
        p->sent_bytes < before->sent_bytes)
        return;
    double files = (double)(p->sent_files - before->sent_files) / seconds;
    zc_buf_printf(out, "; now %s files/s",
                  zc_text_rate(text, files, ZC_TEXT_COMMAS));
    put_size(out, ", ", (double)(p->sent_bytes - before->sent_bytes) / seconds,
             "/s");
}

/* The last verification, and the one under way. */
static void put_verify(struct zc_buf *out, const struct zc_snap_peer *p,
                       uint64_t at)
{
    char text[ZC_TEXT_MAX];
    if (p->verify_ended) {
        put_count(out, "\n    verified ", p->verify_files,
                  p->verify_files == 1 ? " file" : " files");
        put_size(out, ", ", (double)p->verify_bytes, "");
        if (p->verify_ended <= at)
            zc_buf_printf(out, " %s ago",
                          zc_text_duration(text, (double)(at - p->verify_ended) /
                                                     NS));
        if (p->verify_found)
            put_count(out, ": ", p->verify_found, " differed");
        else
            zc_buf_put_str(out, ": nothing differed");
        if (p->verify_repaired)
            put_count(out, ", ", p->verify_repaired, " repaired");
        if (p->verify_unread)
            put_count(out, ", ", p->verify_unread, " could not be read");
    }
    if (p->verify_began) {
        zc_buf_put_str(out, "\n    verifying");
        put_age(out, at, p->verify_began);
        put_count(out, ": ", p->verify_now_files,
                  p->verify_now_files == 1 ? " file" : " files");
        put_size(out, ", ", (double)p->verify_now_bytes, " so far");
        if (p->verify_now_found)
            put_count(out, ", ", p->verify_now_found, " differed");
    }
}

static void put_progress(struct zc_buf *out, const struct zc_snap_peer *p,
                         uint64_t at)
{
    char line[LINE_COLUMNS];
    struct zc_progress_view v;
    if (!zc_snapshot_progress(p, at, &v))
        return;
    zc_progress_line(line, sizeof line, LINE_COLUMNS - PROGRESS_INDENT, &v);
    zc_buf_printf(out, "\n%*s%s", PROGRESS_INDENT, "", line);
}

/* GONE: there is no source, and so no reason to connect, whatever was last. */
static void put_state(struct zc_buf *out, const struct zc_snap_peer *p,
                      bool gone, uint64_t at, bool coloured)
{
    if (gone && (p->state == ZC_PEER_CONNECTING ||
                 p->state == ZC_PEER_DISCONNECTED)) {
        zc_buf_put_str(out, "waits for the source");
        return;
    }
    put_word(out, zc_peer_state_text((unsigned)p->state), peer_mood(p->state),
             coloured);
    put_age(out, at, p->since);
    put_reason(out, p->path, p->text);
    if (p->failed > 1)
        put_count(out, " (and ", p->failed - 1, " more)");
    put_next(out, p);
}

static void put_peer(struct zc_buf *out, const struct zc_snap_peer *p,
                     bool gone, uint64_t at, size_t width, bool coloured)
{
    size_t from = out->len;
    zc_buf_put_str(out, "  ");
    zc_text_name(out, p->name);
    for (size_t n = out->len - from; n < width + 4; n++)
        zc_buf_u8(out, ' ');
    put_state(out, p, gone, at, coloured);
    put_behind(out, p);
    put_count(out, "; sent ", p->sent_files,
              p->sent_files == 1 ? " file" : " files");
    put_size(out, ", ", (double)p->sent_bytes, "");
    if (p->deleted)
        put_count(out, ", deleted ", p->deleted, "");
    if (p->plain_bytes && p->plain_bytes != p->wire_bytes)
        zc_buf_printf(out, "; compressed to %.1f %% of",
                      100 * (double)p->wire_bytes / (double)p->plain_bytes);
    if (p->plain_bytes && p->plain_bytes != p->wire_bytes)
        put_size(out, " ", (double)p->plain_bytes, "");
    put_security(out, p->security, p->key);
}

static void put_watches(struct zc_buf *out, const struct zc_snap_mirror *m)
{
    put_count(out, "  ", m->dirs, m->dirs == 1 ? " directory" : " directories");
    if (m->watch_kind != ZC_WATCH_AUTO) /* it is known by now */
        zc_buf_printf(out, ", watched by %s",
                      zc_conf_watch_name((enum zc_watch_kind)m->watch_kind));
    put_count(out, ", ", m->watches, m->watches == 1 ? " watch" : " watches");
    if (m->watch_limit)
        put_count(out, " of ", m->watch_limit, " allowed");
    if (m->unwatched)
        put_count(out, "; ", m->unwatched,
                  " not watched, but looked at now and then: raise "
                  "fs.inotify.max_user_watches");
    if (m->overflows)
        put_count(out, "; the kernel lost events ", m->overflows,
                  m->overflows == 1 ? " time" : " times");
    zc_buf_put_str(out, "\n");
}

static void put_mirror(struct zc_buf *out, const struct zc_snap_mirror *m,
                       uint64_t at, const struct zc_snap_mirror *before,
                       double seconds, bool coloured)
{
    size_t width = 0;
    zc_text_name(out, m->name);
    zc_buf_put_str(out, " (");
    zc_text_name(out, m->source);
    zc_buf_put_str(out, "): ");
    put_word(out, zc_mirror_state_text((unsigned)m->state),
             mirror_mood(m->state), coloured);
    if (m->state != ZC_MIRROR_WATCHING)
        put_age(out, at, m->since);
    put_reason(out, "", m->text);
    if (m->restarts)
        put_count(out, "; its process died ", m->restarts,
                  m->restarts == 1 ? " time" : " times");
    if (m->start_in)
        zc_buf_printf(out, ", next start in %.1f s", (double)m->start_in / NS);
    zc_buf_put_str(out, "\n");
    put_watches(out, m);
    if (*m->note) {
        zc_buf_put_str(out, "  ");
        zc_text_name(out, m->note);
        zc_buf_put_str(out, "\n");
    }
    for (size_t i = 0; i < m->peers.len; i++)
        width = ZC_MAX(width, strlen(m->peers.v[i].name));
    for (size_t i = 0; i < m->peers.len; i++) {
        const struct zc_snap_peer *p = &m->peers.v[i];
        put_peer(out, p, m->state == ZC_MIRROR_GONE, at, width, coloured);
        put_speed(out, p, find_peer(before, p->name), seconds);
        put_progress(out, p, at);
        put_verify(out, p, at);
        zc_buf_put_str(out, "\n");
    }
}

static void put_sessions(struct zc_buf *out, const struct zc_snapshot *s)
{
    if (*s->listen) {
        zc_buf_put_str(out, "listening on ");
        zc_text_name(out, s->listen);
        zc_buf_printf(out, ": %zu of %" PRIu64 " connections open\n",
                      s->sessions.len, s->max_connections);
    }
    for (size_t i = 0; i < s->sessions.len; i++) {
        const struct zc_snap_session *c = &s->sessions.v[i];
        zc_buf_put_str(out, "  ");
        zc_text_name(out, c->peer);
        zc_buf_put_str(out, *c->share ? " pushes to " : " connects");
        zc_text_name(out, c->share);
        put_age(out, s->at, c->since);
        put_security(out, c->security, c->key);
        if (*c->room) {
            zc_buf_put_str(out, "; not all is written: ");
            zc_text_name(out, c->room);
        }
        zc_buf_put_str(out, "\n");
    }
}

/* "BEFORE1:02 ago", of a time. */
static void put_ago(struct zc_buf *out, const char *before, uint64_t at,
                    uint64_t then)
{
    char text[ZC_TEXT_MAX];
    double seconds = then < at ? (double)(at - then) / NS : 0;
    zc_buf_printf(out, "%s%s ago", before, zc_text_duration(text, seconds));
}

/* "received here": what is pushed, by whom, and how current it is. */
static void put_copy(struct zc_buf *out, const struct zc_snap_copy *c,
                     uint64_t at, bool coloured)
{
    zc_buf_put_str(out, "share ");
    zc_text_name(out, c->share);
    zc_buf_put_str(out, c->mirror ? ", mirrored by " : ", pushed by ");
    zc_text_name(out, c->peer);
    zc_buf_put_str(out, ": ");
    put_word(out, zc_copy_state_text((unsigned)c->state), copy_mood(c),
             coloured);
    put_age(out, at, c->since);
    put_reason(out, "", c->text);
    zc_buf_put_str(out, "\n");
    if (c->compared)
        put_ago(out, "  compared with all of the source ", at, c->compared);
    else
        zc_buf_put_str(out, "  not compared with all of the source yet");
    if (c->last_round) {
        put_ago(out, "; last change or look ", at, c->last_round);
        zc_buf_printf(out, ", in %.3f s", (double)c->last_round_took / NS);
    }
    zc_buf_put_str(out, "\n  ");
    if (c->durable)
        put_ago(out, "on disk: what had come ", at, c->durable);
    else
        zc_buf_put_str(out, "not known to be on disk");
    put_size(out, "; ", (double)c->bytes, " received");
    if (c->errors_left)
        put_count(out, "; ", c->errors_left,
                  c->errors_left == 1 ? " failed try" : " failed tries");
    else
        zc_buf_put_str(out, "; no errors");
    zc_buf_put_str(out, "\n");
}

static void put_hooks(struct zc_buf *out, const struct zc_snapshot *s)
{
    for (size_t i = 0; i < s->hooks.len; i++) {
        const struct zc_snap_hook *c = &s->hooks.v[i];
        zc_buf_printf(out, "on change of %s ", c->mirror ? "mirror" : "share");
        zc_text_name(out, c->name);
        zc_buf_printf(out, ": %" PRIu64 " run%s", c->runs,
                      c->runs == 1 ? "" : "s");
        if (c->failures)
            zc_buf_printf(out, ", %" PRIu64 " failed", c->failures);
        if (c->running) {
            zc_buf_put_str(out, "; runs");
            put_age(out, s->at, c->began);
        } else if (c->pending) {
            zc_buf_put_str(out, "; is due");
        }
        if (*c->fate) {
            zc_buf_put_str(out, "; the last one ");
            zc_text_name(out, c->fate);
        }
        zc_buf_put_str(out, "\n");
    }
}

void zc_status_text(const struct zc_snapshot *s,
                    const struct zc_snapshot *before, bool sessions,
                    bool coloured, struct zc_buf *out)
{
    double seconds = before ? ((double)s->at - (double)before->at) / NS : 0;
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        put_mirror(out, m, s->at, find_mirror(before, m->name), seconds,
                   coloured);
    }
    if (s->mirrors.len == 0)
        zc_buf_put_str(out, "no mirrors\n");
    if (!sessions)
        return;
    put_sessions(out, s);
    for (size_t i = 0; i < s->copies.len; i++)
        put_copy(out, &s->copies.v[i], s->at, coloured);
    put_hooks(out, s);
}
