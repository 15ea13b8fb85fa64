// SPDX-License-Identifier: GPL-2.0-or-later
/* The way to an endpoint; see reach.h. */
#include "net/reach.h"

#include "net/dial.h"
#include "net/preamble.h"

/* T, which it takes, with the keys that are wanted. */
static struct zc_transport *shake(const struct zc_reach *how,
                                  struct zc_transport *t, struct zc_err *err)
{
    struct zc_security sec = {0};
    if (how->secure(how->secure_arg, t, &sec, err)) {
        zc_transport_free(t);
        return NULL;
    }
    sec.compress = how->compress;
    return zc_shake(t, how->role, true, &sec, err);
}

static struct zc_transport *reach_daemon(const struct zc_reach *how,
                                         struct zc_err *err)
{
    if (how->expect && how->expect(how->secure_arg, err))
        return NULL;
    const struct zc_endpoint *at = how->at;
    struct zc_transport *t = zc_dial_from(at->from, at->family, at->host,
                                          at->port, how->contimeout_s, err);
    if (t && how->timeout_s)
        zc_transport_set_timeout(t, how->timeout_s);
    return t ? shake(how, t, err) : NULL;
}

/* OUT->t becomes what goes on over it, or NULL. */
static int shake_remote(const struct zc_reach *how, struct zc_reached *out,
                        struct zc_err *err)
{
    const struct zc_security sec = {.plain = true,
                                    .compress = how->compress,
                                    .lanes = out->lanes != NULL,
                                    .noise = ZC_PREAMBLE_MAX};
    struct zc_transport *t = out->t;
    struct zc_secured s;
    out->t = NULL;
    if (!zc_handshake(t, how->role, true, &sec, &s, err) &&
        !(s.lanes && out->lanes(out->arg, err)))
        out->t = zc_secure(t, &s, err);
    zc_secured_wipe(&s);
    if (!out->t)
        zc_transport_free(t);
    return out->t ? 0 : -1;
}

static int reach_remote(const struct zc_reach *how, struct zc_reached *out,
                        struct zc_err *err)
{
    if (how->remote(how->remote_arg, how, out, err)) {
        *out = (struct zc_reached){0};
        return -1;
    }
    if (how->timeout_s)
        zc_transport_set_timeout(out->t, how->timeout_s);
    if (out->shaken || !shake_remote(how, out, err))
        return 0;
    if (how->explain)
        how->explain(how->remote_arg, err);
    zc_reached_end(out);
    return -1;
}

int zc_reach(const struct zc_reach *how, struct zc_reached *out,
             struct zc_err *err)
{
    *out = (struct zc_reached){0};
    switch (how->at->kind) {
    case ZC_AT_LOCAL:
        if (how->local(how->local_arg, how->at->path, out, err)) {
            *out = (struct zc_reached){0};
            return -1;
        }
        if (how->timeout_s)
            zc_transport_set_timeout(out->t, how->timeout_s);
        return 0;
    case ZC_AT_DAEMON:
        out->t = reach_daemon(how, err);
        return out->t ? 0 : -1;
    case ZC_AT_SSH:
        break;
    }
    return reach_remote(how, out, err);
}

void zc_reached_end(struct zc_reached *r)
{
    zc_transport_free(r->t);
    if (r->end)
        r->end(r->arg);
    *r = (struct zc_reached){0};
}
