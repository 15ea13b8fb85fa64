// SPDX-License-Identifier: GPL-2.0-or-later
/* `zcsync status`: a snapshot in words and in JSON; see status_show.h. */
#include "cli/status_show.h"

#include "cli/text.h"
#include "daemon/conf_value.h"

#include <inttypes.h>
#include <string.h>

#define NS 1e9
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

static void put_peer(struct zc_buf *out, const struct zc_snap_peer *p,
                     uint64_t at, size_t width)
{
    size_t from = out->len;
    zc_buf_put_str(out, "  ");
    zc_text_name(out, p->name);
    for (size_t n = out->len - from; n < width + 4; n++)
        zc_buf_u8(out, ' ');
    zc_buf_put_str(out, zc_peer_state_text((unsigned)p->state));
    put_age(out, at, p->since);
    put_reason(out, p->path, p->text);
    if (p->failed > 1)
        put_count(out, " (and ", p->failed - 1, " more)");
    put_next(out, p);
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
                       double seconds)
{
    size_t width = 0;
    zc_text_name(out, m->name);
    zc_buf_put_str(out, " (");
    zc_text_name(out, m->source);
    zc_buf_printf(out, "): %s", zc_mirror_state_text((unsigned)m->state));
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
        put_peer(out, p, at, width);
        put_speed(out, p, find_peer(before, p->name), seconds);
        zc_buf_put_str(out, "\n");
    }
}

static void put_sessions(struct zc_buf *out, const struct zc_snapshot *s)
{
    if (*s->listen)
        zc_buf_printf(out, "listening on %s: %zu of %" PRIu64
                      " connections open\n", s->listen, s->sessions.len,
                      s->max_connections);
    for (size_t i = 0; i < s->sessions.len; i++) {
        const struct zc_snap_session *c = &s->sessions.v[i];
        zc_buf_put_str(out, "  ");
        zc_text_name(out, c->peer);
        zc_buf_put_str(out, *c->share ? " pushes to " : " connects");
        zc_text_name(out, c->share);
        put_age(out, s->at, c->since);
        put_security(out, c->security, c->key);
        zc_buf_put_str(out, "\n");
    }
}

void zc_status_text(const struct zc_snapshot *s,
                    const struct zc_snapshot *before, bool sessions,
                    struct zc_buf *out)
{
    double seconds = before ? ((double)s->at - (double)before->at) / NS : 0;
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        put_mirror(out, m, s->at, find_mirror(before, m->name), seconds);
    }
    if (s->mirrors.len == 0)
        zc_buf_put_str(out, "no mirrors\n");
    if (sessions)
        put_sessions(out, s);
}

/* JSON. */

/* A member: ', "KEY": "TEXT"'; the first one of an object has no comma. */
static void json_text(struct zc_buf *out, const char *key, const char *text)
{
    bool first = out->len && out->data[out->len - 1] == '{';
    zc_buf_printf(out, "%s\"%s\":", first ? "" : ",", key);
    zc_text_json(out, text);
}

static void json_number(struct zc_buf *out, const char *key, uint64_t n)
{
    zc_buf_printf(out, ",\"%s\":%" PRIu64, key, n);
}

/* A time; null: never. */
static void json_time(struct zc_buf *out, const char *key, uint64_t ns)
{
    char text[ZC_TEXT_MAX];
    if (ns)
        json_text(out, key,
                  zc_text_utc(text, (int64_t)(ns / 1000000000),
                              (uint32_t)(ns % 1000000000)));
    else
        zc_buf_printf(out, ",\"%s\":null", key);
}

/* What is not there is null. */
static void json_text_or_null(struct zc_buf *out, const char *key,
                              const char *text)
{
    if (*text)
        json_text(out, key, text);
    else
        zc_buf_printf(out, ",\"%s\":null", key);
}

static void json_security(struct zc_buf *out, const char *security,
                          const char *key)
{
    json_text_or_null(out, "security", security);
    json_text_or_null(out, "key", key);
}

static void json_peer(struct zc_buf *out, const struct zc_snap_peer *p)
{
    zc_buf_put_str(out, "{");
    json_text(out, "peer", p->name);
    json_text(out, "state", zc_peer_state_text((unsigned)p->state));
    json_time(out, "since", p->since);
    json_time(out, "last_sync", p->last_sync);
    json_text(out, "path", p->path);
    json_text(out, "text", p->text);
    json_security(out, p->security, p->key);
    json_number(out, "behind", p->behind);
    json_number(out, "behind_bytes", p->behind_bytes);
    zc_buf_printf(out, ",\"oldest_seconds\":%.3f", (double)p->oldest_age / NS);
    json_number(out, "refused", p->failed);
    if (p->retry_in)
        zc_buf_printf(out, ",\"retry_seconds\":%.3f", (double)p->retry_in / NS);
    else
        zc_buf_put_str(out, ",\"retry_seconds\":null");
    json_number(out, "sent_files", p->sent_files);
    json_number(out, "sent_bytes", p->sent_bytes);
    json_number(out, "wire_bytes", p->wire_bytes);
    json_number(out, "plain_bytes", p->plain_bytes);
    json_number(out, "deleted", p->deleted);
    json_number(out, "rounds", p->rounds);
    json_number(out, "full_rounds", p->full_rounds);
    json_number(out, "errors", p->errors);
    json_number(out, "connects", p->connects);
    zc_buf_put_str(out, "}");
}

static void json_mirror(struct zc_buf *out, const struct zc_snap_mirror *m)
{
    zc_buf_put_str(out, "{");
    json_text(out, "mirror", m->name);
    json_text(out, "source", m->source);
    json_text(out, "state", zc_mirror_state_text((unsigned)m->state));
    json_time(out, "since", m->since);
    json_text(out, "text", m->text);
    json_text(out, "note", m->note);
    json_number(out, "pid", m->pid);
    json_number(out, "restarts", m->restarts);
    zc_buf_printf(out, ",\"restart_seconds\":%.3f", (double)m->start_in / NS);
    json_text(out, "watch",
              zc_conf_watch_name((enum zc_watch_kind)m->watch_kind));
    json_number(out, "directories", m->dirs);
    json_number(out, "watches", m->watches);
    json_number(out, "watches_limit", m->watch_limit);
    json_number(out, "unwatched_directories", m->unwatched);
    json_number(out, "events", m->events);
    json_number(out, "overflows", m->overflows);
    zc_buf_put_str(out, ",\"peers\":[");
    for (size_t i = 0; i < m->peers.len; i++) {
        if (i)
            zc_buf_put_str(out, ",");
        json_peer(out, &m->peers.v[i]);
    }
    zc_buf_put_str(out, "]}\n");
}

static void json_session(struct zc_buf *out, const struct zc_snap_session *c)
{
    zc_buf_put_str(out, "{");
    json_text(out, "session", c->peer);
    json_text(out, "share", c->share);
    json_security(out, c->security, c->key);
    json_number(out, "pid", c->pid);
    json_time(out, "since", c->since);
    zc_buf_put_str(out, "}\n");
}

static void json_daemon(struct zc_buf *out, const struct zc_snapshot *s)
{
    zc_buf_put_str(out, "{");
    json_text(out, "daemon", s->version);
    json_text(out, "config", s->file);
    json_text(out, "listen", s->listen);
    json_number(out, "pid", s->pid);
    json_time(out, "since", s->started);
    json_number(out, "reloads", s->reloads);
    json_number(out, "accepted", s->accepted);
    json_number(out, "refused", s->refused);
    json_number(out, "max_connections", s->max_connections);
    json_number(out, "unauthenticated", s->unauthenticated);
    json_number(out, "waiting", s->waiting);
    zc_buf_put_str(out, "}\n");
}

void zc_status_json(const struct zc_snapshot *s, bool sessions,
                    struct zc_buf *out)
{
    for (size_t i = 0; i < s->mirrors.len; i++)
        json_mirror(out, &s->mirrors.v[i]);
    if (!sessions)
        return;
    for (size_t i = 0; i < s->sessions.len; i++)
        json_session(out, &s->sessions.v[i]);
    json_daemon(out, s);
}
