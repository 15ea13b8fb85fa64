// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The format wants all samples of a metric in one group below its HELP and
 * TYPE lines, so the outer loop goes over metrics and the inner one over
 * mirrors and peers. A table names the metrics; states, which are one sample a
 * state with 1 for the one that holds, come by hand.
 */
#include "daemon/metrics.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <string.h>

enum scale { COUNT, NANOSECONDS };

struct metric {
    const char *name, *type, *help;
    size_t at; /* of the number, in the struct the table is about */
    enum scale scale;
};

#define M(s, f, name, type, help) \
    {"zcsync_" name, type, help, offsetof(struct s, f), COUNT}
#define M_TIME(s, f, name, help) \
    {"zcsync_" name "_seconds", "gauge", help, offsetof(struct s, f), \
     NANOSECONDS}

static const struct metric top_metrics[] = {
    M_TIME(zc_snapshot, started, "start_time",
           "When zcsyncd was started, in seconds since 1970."),
    M(zc_snapshot, reloads, "reloads_total", "counter",
      "Configurations that were read again and taken."),
    M(zc_snapshot, accepted, "connections_accepted_total", "counter",
      "Connections that got a receiver."),
    M(zc_snapshot, refused, "connections_refused_total", "counter",
      "Connections that got none, mostly because of the limit."),
    M(zc_snapshot, max_connections, "connections_limit", "gauge",
      "How many receivers there may be at a time."),
    M(zc_snapshot, unauthenticated, "connections_unauthenticated", "gauge",
      "Connections whose peer has not shown yet who it is."),
    M(zc_snapshot, waiting, "waiting_clients", "gauge",
      "Calls of zcsync wait that are under way."),
};

static const struct metric mirror_metrics[] = {
    M(zc_snap_mirror, restarts, "mirror_restarts_total", "counter",
      "Times that the watcher process was started again after it died."),
    M(zc_snap_mirror, dirs, "mirror_directories", "gauge",
      "Directories known."),
    M(zc_snap_mirror, watches, "mirror_watches", "gauge", "Watches in use."),
    M(zc_snap_mirror, watch_limit, "mirror_watches_limit", "gauge",
      "fs.inotify.max_user_watches; 0 where it does not apply."),
    M(zc_snap_mirror, unwatched, "mirror_unwatched_directories", "gauge",
      "Directories for which there was no watch left."),
    M(zc_snap_mirror, events, "mirror_events_total", "counter",
      "Events read from the kernel."),
    M(zc_snap_mirror, overflows, "mirror_overflows_total", "counter",
      "Times that the kernel's event queue overflowed."),
};

static const struct metric peer_metrics[] = {
    M_TIME(zc_snap_peer, since, "peer_state_since",
           "When the peer's state changed last, in seconds since 1970."),
    M_TIME(zc_snap_peer, last_sync, "peer_last_sync",
           "When the peer was in sync last, in seconds since 1970; 0: never."),
    M(zc_snap_peer, behind, "peer_behind_changes", "gauge",
      "Changes that the peer does not have yet."),
    M(zc_snap_peer, held, "peer_held_changes", "gauge",
      "Of them, those that 'settle' and 'min interval' hold back."),
    M(zc_snap_peer, behind_bytes, "peer_behind_bytes", "gauge",
      "File bytes known to be missing at the peer."),
    M_TIME(zc_snap_peer, oldest_age, "peer_behind",
           "Age of the oldest change that the peer does not have yet."),
    M(zc_snap_peer, failed, "peer_refused_names", "gauge",
      "Names that are refused at present."),
    M(zc_snap_peer, sent_files, "peer_sent_files_total", "counter",
      "Files sent."),
    M(zc_snap_peer, sent_bytes, "peer_sent_bytes_total", "counter",
      "File bytes sent."),
    M(zc_snap_peer, wire_bytes, "peer_wire_bytes_total", "counter",
      "Bytes that crossed, both ways."),
    M(zc_snap_peer, plain_bytes, "peer_plain_bytes_total", "counter",
      "What they were before they were compressed."),
    M(zc_snap_peer, deleted, "peer_deleted_total", "counter",
      "Entries deleted at the peer."),
    M(zc_snap_peer, rounds, "peer_rounds_total", "counter",
      "Rounds of changes sent."),
    M(zc_snap_peer, full_rounds, "peer_full_rounds_total", "counter",
      "Rounds in which the whole tree was compared."),
    M_TIME(zc_snap_peer, compared, "peer_last_comparison",
           "When a comparison of the whole tree was over last, in seconds since "
           "1970; 0: never."),
    M_TIME(zc_snap_peer, now_began, "peer_round_began",
           "When the round under way began, in seconds since 1970; 0: there is "
           "none."),
    M(zc_snap_peer, now_entries, "peer_round_entries", "gauge",
      "Entries that it has looked at so far."),
    M(zc_snap_peer, now_need_files, "peer_round_files", "gauge",
      "Files that it has to send, as far as is known."),
    M(zc_snap_peer, now_done_files, "peer_round_done_files", "gauge",
      "Those of them that the peer has."),
    M(zc_snap_peer, now_need_bytes, "peer_round_bytes", "gauge",
      "Bytes that it has to send, as far as is known."),
    M(zc_snap_peer, now_done_bytes, "peer_round_done_bytes", "gauge",
      "Those of them that were sent."),
    M(zc_snap_peer, now_rate, "peer_round_bytes_per_second", "gauge",
      "How fast that goes."),
    M_TIME(zc_snap_peer, now_left, "peer_round_left",
           "Until it is over; 0: not known, or there is none."),
    M_TIME(zc_snap_peer, verify_ended, "peer_verified",
           "When the last verification ended, in seconds since 1970; 0: "
           "never."),
    M(zc_snap_peer, verify_files, "peer_verified_files", "gauge",
      "Files that the last verification compared."),
    M(zc_snap_peer, verify_bytes, "peer_verified_bytes", "gauge",
      "Bytes of them."),
    M(zc_snap_peer, verify_found, "peer_verify_found", "gauge",
      "Entries that it found to differ."),
    M(zc_snap_peer, verify_repaired, "peer_verify_repaired", "gauge",
      "Those of them that it repaired."),
    M(zc_snap_peer, verify_unread, "peer_verify_unreadable", "gauge",
      "Entries that it could not read."),
    M(zc_snap_peer, errors, "peer_errors_total", "counter",
      "Sessions and names that failed."),
    M(zc_snap_peer, connects, "peer_connects_total", "counter",
      "Connections made to the peer."),
};

static const struct metric copy_metrics[] = {
    M_TIME(zc_snap_copy, since, "copy_state_since",
           "When it was connected, or not any more, in seconds since 1970."),
    M_TIME(zc_snap_copy, compared, "copy_last_comparison",
           "When a comparison of all of it was over last, in seconds since 1970; "
           "0: never since the start."),
    M_TIME(zc_snap_copy, durable, "copy_durable",
           "What had come by then is on stable storage, in seconds since 1970; "
           "0: nothing is known to be."),
    M_TIME(zc_snap_copy, last_round, "copy_last_round",
           "When the last round of changes was over, in seconds since 1970; 0: "
           "never since the start."),
    M_TIME(zc_snap_copy, last_round_took, "copy_last_round_duration",
           "How long that took."),
    M(zc_snap_copy, errors, "copy_errors_total", "counter",
      "Times that an entry could not be done; each try counts."),
    M(zc_snap_copy, errors_left, "copy_errors", "gauge",
      "Those since the last comparison began; a later try may have gone well."),
    M(zc_snap_copy, sessions, "copy_sessions_total", "counter", "Sessions."),
    M(zc_snap_copy, rounds, "copy_rounds_total", "counter",
      "Rounds of changes, and comparisons."),
    M(zc_snap_copy, bytes, "copy_received_bytes_total", "counter",
      "Bytes that came."),
    M(zc_snap_copy, created, "copy_created_total", "counter",
      "Entries that are new, or were replaced."),
    M(zc_snap_copy, deleted, "copy_deleted_total", "counter",
      "Entries that were deleted."),
};

void zc_metrics_label(struct zc_buf *out, const char *text)
{
    zc_buf_u8(out, '"');
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        uint32_t cp;
        size_t n = zc_utf8_sequence(p, &cp);
        if (n == 0)
            zc_buf_put_str(out, "\xef\xbf\xbd");
        else if (*p == '\n')
            zc_buf_put_str(out, "\\n");
        else if (*p == '"' || *p == '\\')
            zc_buf_printf(out, "\\%c", *p);
        else
            zc_buf_put(out, p, n);
        p += ZC_MAX(n, 1);
    }
    zc_buf_u8(out, '"');
}

static void head(struct zc_buf *out, const char *name, const char *type,
                 const char *help)
{
    zc_buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* "{mirror=...,peer=...,state=...} ", those that are not NULL. */
static void labels(struct zc_buf *out, const char *mirror, const char *peer,
                   const char *state)
{
    if (mirror) {
        zc_buf_put_str(out, "{mirror=");
        zc_metrics_label(out, mirror);
        if (peer) {
            zc_buf_put_str(out, ",peer=");
            zc_metrics_label(out, peer);
        }
        if (state) {
            zc_buf_put_str(out, ",state=");
            zc_metrics_label(out, state);
        }
        zc_buf_u8(out, '}');
    }
    zc_buf_u8(out, ' ');
}

static void number(struct zc_buf *out, const struct metric *m,
                   const void *from)
{
    uint64_t v;
    memcpy(&v, (const char *)from + m->at, sizeof v);
    if (m->scale == COUNT)
        zc_buf_printf(out, "%" PRIu64 "\n", v);
    else
        zc_buf_printf(out, "%" PRIu64 ".%09" PRIu64 "\n", v / 1000000000,
                      v % 1000000000);
}

static void sample(struct zc_buf *out, const struct metric *m,
                   const char *mirror, const char *peer, const void *from)
{
    zc_buf_put_str(out, m->name);
    labels(out, mirror, peer, NULL);
    number(out, m, from);
}

/* "{share=...,peer=...,id=...,state=...} ", the last where it is not NULL. */
static void copy_labels(struct zc_buf *out, const struct zc_snap_copy *c,
                        const char *state)
{
    zc_buf_put_str(out, "{share=");
    zc_metrics_label(out, c->share);
    zc_buf_put_str(out, ",peer=");
    zc_metrics_label(out, c->peer);
    zc_buf_put_str(out, ",id=");
    zc_metrics_label(out, c->id);
    if (state) {
        zc_buf_put_str(out, ",state=");
        zc_metrics_label(out, state);
    }
    zc_buf_put_str(out, "} ");
}

static void copies(struct zc_buf *out, const struct zc_snapshot *s)
{
    head(out, "zcsync_copy_state", "gauge",
         "1 for the state of what is pushed to a share here.");
    for (size_t i = 0; i < s->copies.len; i++)
        for (unsigned k = 0; k < ZC_COPY_STATES; k++) {
            zc_buf_put_str(out, "zcsync_copy_state");
            copy_labels(out, &s->copies.v[i], zc_copy_state_text(k));
            zc_buf_put_str(out, s->copies.v[i].state == k ? "1\n" : "0\n");
        }
    for (size_t i = 0; i < ZC_ARRAY_LEN(copy_metrics); i++) {
        const struct metric *m = &copy_metrics[i];
        head(out, m->name, m->type, m->help);
        for (size_t k = 0; k < s->copies.len; k++) {
            zc_buf_put_str(out, m->name);
            copy_labels(out, &s->copies.v[k], NULL);
            number(out, m, &s->copies.v[k]);
        }
    }
}

static void state(struct zc_buf *out, const char *name, const char *mirror,
                  const char *peer, const char *text, bool on)
{
    zc_buf_put_str(out, name);
    labels(out, mirror, peer, text);
    zc_buf_put_str(out, on ? "1\n" : "0\n");
}

static void states(struct zc_buf *out, const struct zc_snapshot *s)
{
    head(out, "zcsync_mirror_state", "gauge",
         "1 for the state the mirror is in.");
    for (size_t i = 0; i < s->mirrors.len; i++)
        for (unsigned k = 0; k <= ZC_MIRROR_STOPPED; k++)
            state(out, "zcsync_mirror_state", s->mirrors.v[i].name, NULL,
                  zc_mirror_state_text(k), s->mirrors.v[i].state == k);
    head(out, "zcsync_peer_state", "gauge", "1 for the state the peer is in.");
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        for (size_t p = 0; p < m->peers.len; p++)
            for (unsigned k = 0; k < ZC_PEER_STATES; k++)
                state(out, "zcsync_peer_state", m->name, m->peers.v[p].name,
                      zc_peer_state_text(k), m->peers.v[p].state == k);
    }
}

/* Of each peer that is connected. */
static void peer_security(struct zc_buf *out, const struct zc_snapshot *s)
{
    head(out, "zcsync_peer_security", "gauge",
         "1, labelled with how the connection to the peer is secured.");
    for (size_t i = 0; i < s->mirrors.len; i++) {
        const struct zc_snap_mirror *m = &s->mirrors.v[i];
        for (size_t k = 0; k < m->peers.len; k++) {
            const struct zc_snap_peer *p = &m->peers.v[k];
            if (!*p->security)
                continue;
            zc_buf_put_str(out, "zcsync_peer_security{mirror=");
            zc_metrics_label(out, m->name);
            zc_buf_put_str(out, ",peer=");
            zc_metrics_label(out, p->name);
            zc_buf_put_str(out, ",security=");
            zc_metrics_label(out, p->security);
            zc_buf_put_str(out, "} 1\n");
        }
    }
}

/* Commands of `on change`. */
static void hooks(struct zc_buf *out, const struct zc_snapshot *s)
{
    static const struct {
        const char *name, *help;
        size_t at;
    } m[] = {
        {"zcsync_on_change_runs_total", "Commands of 'on change' that were run.",
         offsetof(struct zc_snap_hook, runs)},
        {"zcsync_on_change_failures_total", "Of them, those that failed.",
         offsetof(struct zc_snap_hook, failures)},
    };
    for (size_t k = 0; s->hooks.len && k < ZC_ARRAY_LEN(m); k++) {
        head(out, m[k].name, "counter", m[k].help);
        for (size_t i = 0; i < s->hooks.len; i++) {
            const struct zc_snap_hook *c = &s->hooks.v[i];
            uint64_t n;
            memcpy(&n, (const char *)c + m[k].at, sizeof n);
            zc_buf_printf(out, "%s{%s=", m[k].name,
                          c->mirror ? "mirror" : "share");
            zc_metrics_label(out, c->name);
            zc_buf_printf(out, "} %" PRIu64 "\n", n);
        }
    }
}

/* How many of each kind; a kind is told of with its first session. */
static void session_security(struct zc_buf *out, const struct zc_snapshot *s)
{
    head(out, "zcsync_receivers_security", "gauge",
         "Sessions that are open here, by how they are secured.");
    for (size_t i = 0; i < s->sessions.len; i++) {
        const char *kind = s->sessions.v[i].security;
        size_t n = 0, before = 0;
        for (size_t k = 0; k < s->sessions.len; k++) {
            bool same = strcmp(s->sessions.v[k].security, kind) == 0;
            n += same;
            before += same && k < i;
        }
        if (before)
            continue;
        zc_buf_put_str(out, "zcsync_receivers_security{security=");
        zc_metrics_label(out, kind);
        zc_buf_printf(out, "} %zu\n", n);
    }
}

void zc_metrics_write(const struct zc_snapshot *s, struct zc_buf *out)
{
    head(out, "zcsync_build_info", "gauge", "1, labelled with the version.");
    zc_buf_put_str(out, "zcsync_build_info{version=");
    zc_metrics_label(out, s->version);
    zc_buf_put_str(out, "} 1\n");
    for (size_t i = 0; i < ZC_ARRAY_LEN(top_metrics); i++) {
        const struct metric *m = &top_metrics[i];
        head(out, m->name, m->type, m->help);
        sample(out, m, NULL, NULL, s);
    }
    head(out, "zcsync_receivers", "gauge", "Sessions that are open here.");
    zc_buf_printf(out, "zcsync_receivers %zu\n", s->sessions.len);
    size_t low = 0;
    for (size_t i = 0; i < s->sessions.len; i++)
        low += *s->sessions.v[i].room != 0;
    head(out, "zcsync_receivers_short_of_room", "gauge",
         "Of them, those that 'min free' has kept from writing something in the "
         "last minute.");
    zc_buf_printf(out, "zcsync_receivers_short_of_room %zu\n", low);
    session_security(out, s);
    hooks(out, s);
    states(out, s);
    peer_security(out, s);
    for (size_t i = 0; i < ZC_ARRAY_LEN(mirror_metrics); i++) {
        const struct metric *m = &mirror_metrics[i];
        head(out, m->name, m->type, m->help);
        for (size_t k = 0; k < s->mirrors.len; k++)
            sample(out, m, s->mirrors.v[k].name, NULL, &s->mirrors.v[k]);
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(peer_metrics); i++) {
        const struct metric *m = &peer_metrics[i];
        head(out, m->name, m->type, m->help);
        for (size_t k = 0; k < s->mirrors.len; k++) {
            const struct zc_snap_mirror *mirror = &s->mirrors.v[k];
            for (size_t p = 0; p < mirror->peers.len; p++)
                sample(out, m, mirror->name, mirror->peers.v[p].name,
                       &mirror->peers.v[p]);
        }
    }
    copies(out, s);
}
