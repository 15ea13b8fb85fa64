// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon says of itself: to who asks at its control socket, and to
 * `systemctl status`. */
#include "daemon/supervisor_state.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

/* After a start or a reload the first peers are in sync soon, and nothing but
 * time tells. */
#define SETTLE_NS (2 * ZC_NSEC_PER_SEC)
/* While everything is compared somewhere, STATUS= tells how far it is so often. */
#define PROGRESS_NS (2 * ZC_NSEC_PER_SEC)

static int add_sessions(const struct supervisor *s, struct zc_snapshot *snap)
{
    for (size_t i = 0; i < s->receivers.v.len; i++) {
        const struct zc_receiver_process *r = &s->receivers.v.v[i];
        struct zc_snap_session c = {.pid = (uint64_t)r->pid,
                                    .since = (uint64_t)r->since};
        snprintf(c.peer, sizeof c.peer, "%s", r->peer);
        snprintf(c.security, sizeof c.security, "%s", r->security);
        snprintf(c.key, sizeof c.key, "%s", r->key);
        if (r->note && atomic_load(&r->note->opened))
            /* Written by a process that may be anybody's by now. */
            snprintf(c.share, sizeof c.share, "%.*s",
                     (int)sizeof r->note->share - 1, r->note->share);
        int64_t low_at = r->note ? atomic_load(&r->note->low_at) : 0;
        if (low_at && zc_clock_ns() - low_at < ZC_RECEIVER_LOW_NS)
            snprintf(c.room, sizeof c.room, "%.*s",
                     (int)sizeof r->note->room - 1, r->note->room);
        if (zc_vec_push(&snap->sessions, c))
            return -1;
    }
    return 0;
}

/* The name that the configuration has for who has KEY; NULL: none. */
static const char *peer_name(const struct supervisor *s, const char *key)
{
    char text[ZC_KEY_TEXT_SIZE];
    for (size_t i = 0; *key && i < s->conf->peers.len; i++) {
        const struct zc_conf_peer *p = &s->conf->peers.v[i];
        for (size_t k = 0; k < p->keys.len; k++) {
            zc_key_text(p->keys.v[k].key, text);
            if (strcmp(text, key) == 0)
                return p->name;
        }
    }
    return NULL;
}

static int add_copies(const struct supervisor *s, struct zc_snapshot *snap)
{
    if (zc_pushers_snapshot(s->pushers, &s->receivers, snap))
        return -1;
    for (size_t i = 0; i < snap->copies.len; i++) {
        struct zc_snap_copy *c = &snap->copies.v[i];
        const char *name = peer_name(s, c->key);
        if (name)
            snprintf(c->peer, sizeof c->peer, "%s", name);
    }
    return 0;
}

static int take_snapshot(const struct supervisor *s, struct zc_snapshot *snap)
{
    snprintf(snap->version, sizeof snap->version, "%s", PACKAGE_VERSION);
    snprintf(snap->file, sizeof snap->file, "%s", s->file);
    for (size_t i = 0, n = 0; i < s->listeners.v.len; i++) {
        n += (size_t)snprintf(snap->listen + n, sizeof snap->listen - n,
                              "%s%s", i ? ", " : "",
                              s->listeners.v.v[i].bound);
        if (n >= sizeof snap->listen)
            break;
    }
    snap->at = (uint64_t)zc_clock_wall_ns();
    snap->started = (uint64_t)s->started;
    snap->pid = (uint64_t)getpid();
    snap->reloads = s->reloads;
    snap->accepted = s->receivers.accepted;
    snap->refused = s->receivers.handshakes.refused;
    snap->unauthenticated = s->receivers.handshakes.waiting;
    snap->max_connections = zc_receivers_max(&s->receivers);
    snap->waiting = zc_waits_clients(s->waits);
    return zc_mirrors_snapshot(s->mirrors, snap) || add_sessions(s, snap) ||
                   add_copies(s, snap) || zc_hooks_snapshot(s->hooks, snap)
               ? -1
               : 0;
}

void zc_super_on_status(void *arg, struct zc_buf *out)
{
    struct supervisor *s = arg;
    struct zc_snapshot snap = {0};
    if (take_snapshot(s, &snap))
        out->failed = true;
    else
        zc_snapshot_encode(&snap, out);
    zc_snapshot_fini(&snap);
    s->status_at = zc_clock_ns();
}

void zc_super_show_status(struct supervisor *s)
{
    struct zc_snapshot snap = {0};
    char line[sizeof s->notify.status];
    s->status_at = 0;
    if (s->notify.fd < 0)
        return;
    if (take_snapshot(s, &snap) == 0) {
        zc_snapshot_line(&snap, line, sizeof line);
        int64_t again = zc_notify_status(&s->notify, line);
        if (again != INT64_MAX)
            s->status_at = zc_clock_ns() + again;
        const struct zc_snap_mirror *mirror;
        if (!s->status_at && zc_snapshot_busiest(&snap, &mirror))
            s->status_at = zc_clock_ns() + PROGRESS_NS;
    }
    zc_snapshot_fini(&snap);
}

void zc_super_look_again(struct supervisor *s)
{
    if (s->notify.fd >= 0)
        s->status_at = zc_clock_ns() + SETTLE_NS;
}
