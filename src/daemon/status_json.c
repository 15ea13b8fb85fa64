// SPDX-License-Identifier: GPL-2.0-or-later
/* A snapshot in JSON; see status_json.h. */
#include "daemon/status_json.h"

#include "base/text.h"
#include "daemon/conf_value.h"

#include <inttypes.h>

#define NS 1e9

/* What follows is the value of KEY; the first one of an object has no comma. */
static void json_key(struct zc_buf *out, const char *key)
{
    bool first = out->len && out->data[out->len - 1] == '{';
    zc_buf_printf(out, "%s\"%s\":", first ? "" : ",", key);
}

static void json_text(struct zc_buf *out, const char *key, const char *text)
{
    json_key(out, key);
    zc_text_json(out, text);
}

static void json_null(struct zc_buf *out, const char *key)
{
    json_key(out, key);
    zc_buf_put_str(out, "null");
}

static void json_number(struct zc_buf *out, const char *key, uint64_t n)
{
    json_key(out, key);
    zc_buf_printf(out, "%" PRIu64, n);
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
        json_null(out, key);
}

/* What is not there is null. */
static void json_text_or_null(struct zc_buf *out, const char *key,
                              const char *text)
{
    if (*text)
        json_text(out, key, text);
    else
        json_null(out, key);
}

static void json_security(struct zc_buf *out, const char *security,
                          const char *key)
{
    json_text_or_null(out, "security", security);
    json_text_or_null(out, "key", key);
}

static void json_bool(struct zc_buf *out, const char *key, bool on)
{
    json_key(out, key);
    zc_buf_put_str(out, on ? "true" : "false");
}

static void json_progress(struct zc_buf *out, const struct zc_snap_peer *p)
{
    if (!p->now_began) {
        json_null(out, "progress");
        return;
    }
    json_key(out, "progress");
    zc_buf_put_str(out, "{");
    json_time(out, "began", p->now_began);
    json_bool(out, "everything", p->now_whole);
    json_bool(out, "listed", p->now_listed);
    json_bool(out, "writing", p->now_writing);
    json_number(out, "entries", p->now_entries);
    json_number(out, "files", p->now_need_files);
    json_number(out, "files_done", p->now_done_files);
    json_number(out, "bytes", p->now_need_bytes);
    json_number(out, "bytes_done", p->now_done_bytes);
    json_number(out, "bytes_per_second", p->now_rate);
    if (p->now_left)
        zc_buf_printf(out, ",\"seconds_left\":%.3f",
                      (double)(p->now_left - 1) / NS);
    else
        json_null(out, "seconds_left");
    zc_buf_put_str(out, "}");
}

static void json_peer(struct zc_buf *out, const struct zc_snap_peer *p)
{
    zc_buf_put_str(out, "{");
    json_text(out, "peer", p->name);
    json_text(out, "state", zc_peer_state_text((unsigned)p->state));
    json_time(out, "since", p->since);
    json_time(out, "last_sync", p->last_sync);
    json_time(out, "last_comparison", p->compared);
    zc_text_json_field(out, "path", p->path);
    json_text(out, "text", p->text);
    json_security(out, p->security, p->key);
    json_number(out, "behind", p->behind);
    json_number(out, "held", p->held);
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
    json_progress(out, p);
    json_key(out, "verify");
    zc_buf_put_str(out, "{");
    json_number(out, "files", p->verify_files);
    json_time(out, "ended", p->verify_ended);
    json_number(out, "bytes", p->verify_bytes);
    json_number(out, "found", p->verify_found);
    json_number(out, "repaired", p->verify_repaired);
    json_number(out, "unreadable", p->verify_unread);
    json_time(out, "began", p->verify_began);
    json_number(out, "files_so_far", p->verify_now_files);
    json_number(out, "bytes_so_far", p->verify_now_bytes);
    json_number(out, "found_so_far", p->verify_now_found);
    zc_buf_put_str(out, "}}");
}

static void json_mirror(struct zc_buf *out, const struct zc_snap_mirror *m)
{
    zc_buf_put_str(out, "{");
    json_text(out, "mirror", m->name);
    zc_text_json_field(out, "source", m->source);
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
    if (*c->room)
        json_text(out, "room", c->room);
    json_number(out, "pid", c->pid);
    json_time(out, "since", c->since);
    zc_buf_put_str(out, "}\n");
}

static void json_copy(struct zc_buf *out, const struct zc_snap_copy *c)
{
    zc_buf_put_str(out, "{");
    json_text(out, "copy", c->share);
    json_text(out, "peer", c->peer);
    json_text_or_null(out, "key", c->key);
    json_bool(out, "mirror", c->mirror);
    json_text_or_null(out, "id", c->id);
    json_text(out, "state", zc_copy_state_text((unsigned)c->state));
    json_time(out, "since", c->since);
    json_text(out, "text", c->text);
    json_time(out, "last_comparison", c->compared);
    json_time(out, "durable_up_to", c->durable);
    json_time(out, "last_round", c->last_round);
    zc_buf_printf(out, ",\"last_round_seconds\":%.6f",
                  (double)c->last_round_took / NS);
    json_number(out, "errors", c->errors);
    json_number(out, "errors_since_comparison", c->errors_left);
    json_number(out, "sessions", c->sessions);
    json_number(out, "rounds", c->rounds);
    json_number(out, "bytes", c->bytes);
    json_number(out, "created", c->created);
    json_number(out, "deleted", c->deleted);
    zc_buf_put_str(out, "}\n");
}

static void json_hook(struct zc_buf *out, const struct zc_snap_hook *c)
{
    zc_buf_put_str(out, "{");
    json_text(out, "on_change", c->name);
    json_text(out, "kind", c->mirror ? "mirror" : "share");
    json_text(out, "state", c->running   ? "running"
                            : c->pending ? "due"
                                         : "idle");
    json_number(out, "runs", c->runs);
    json_number(out, "failures", c->failures);
    json_time(out, "began", c->began);
    json_time(out, "ended", c->ended);
    json_text(out, "last_failure", c->fate);
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
    for (size_t i = 0; i < s->copies.len; i++)
        json_copy(out, &s->copies.v[i]);
    for (size_t i = 0; i < s->hooks.len; i++)
        json_hook(out, &s->hooks.v[i]);
    json_daemon(out, s);
}
