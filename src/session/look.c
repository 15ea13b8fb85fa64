// SPDX-License-Identifier: GPL-2.0-or-later
/* LOOK out, and its answers in; see look.h. */
#include "session/look.h"

#include "session/conn.h"
#include "session/told.h"

#include <string.h>

struct asked {
    void (*share)(void *arg, const char *name, unsigned uses);
    const struct zc_events *events;
    struct zc_stats ignored;
    struct zc_told_verdict verdict;
};

static int take_share(struct asked *a, struct zc_bytes body,
                      struct zc_err *err)
{
    struct zc_msg_share m;
    if (zc_share_decode(body, &m, err))
        return -1;
    zc_auto_free char *name = strndup((const char *)m.name.p, m.name.n);
    if (!name)
        return zc_err_nomem(err);
    a->share(a->events->arg, name, m.uses);
    return 0;
}

static int take(struct zc_conn *c, struct asked *a, const struct zc_frame *f,
                struct zc_bytes body, struct zc_err *err)
{
    if (f->type == ZC_FRAME_ERROR)
        return zc_conn_peer_error(c, body, err);
    if (f->type == ZC_FRAME_PING)
        return 0;
    if (f->type == ZC_FRAME_SHARE)
        return take_share(a, body, err);
    if (zc_told_is(f->type))
        return zc_told_take(f->type, body, a->events, &a->ignored,
                            &a->verdict, err);
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the peer answered LOOK with message type %u", f->type);
}

static int ask(struct zc_conn *c, const struct zc_msg_look *what,
               struct asked *a, struct zc_err *err)
{
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    zc_look_encode(&out, what);
    int r = zc_conn_send(c, &out, err);
    zc_buf_fini(&out);
    while (!r && !a->verdict.there)
        r = zc_conn_recv(c, false, &f, &body, &slab, err) ||
                    take(c, a, &f, body, err)
                ? -1
                : 0;
    return r;
}

enum zc_exit zc_look(struct zc_transport *t, const struct zc_msg_look *what,
                     void (*share)(void *arg, const char *name, unsigned uses),
                     const struct zc_events *events, struct zc_err *err)
{
    struct asked a = {.share = share, .events = events};
    struct zc_conn c;
    int r = zc_conn_init(&c, t, err);
    if (!r)
        r = ask(&c, what, &a, err);
    zc_conn_fini(&c);
    if (r)
        return err->code;
    if (a.verdict.code == ZC_EXIT_OK || a.verdict.code == ZC_EXIT_PARTIAL)
        return a.verdict.code;
    zc_err_set(err,
               a.verdict.code > ZC_EXIT_CONTIMEOUT ? ZC_EXIT_STREAM
                                                   : a.verdict.code,
               0, "%s", *a.verdict.text ? a.verdict.text
                                        : "the peer did not say why it failed");
    return err->code;
}
