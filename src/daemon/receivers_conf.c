// SPDX-License-Identifier: GPL-2.0-or-later
/* What a new configuration means for receivers that are at work. */
#include "daemon/receivers.h"

#include "base/log.h"
#include "daemon/process.h"

#include <stdio.h>
#include <string.h>

/* Whether SHARE (NULL: any) is among those of O that a peer with KEY, or with
 * NULL that one in PLAIN, may open for us to be ROLE. */
static bool is_for(const struct zc_accept_options *o, const char *share,
                   enum zc_role role, const uint8_t *key,
                   const struct zc_plain_peer *plain)
{
    for (size_t i = 0; i < o->n_shares; i++)
        if (zc_share_visible(&o->shares[i], key) &&
            zc_share_allows(&o->shares[i], key, role) &&
            (key || zc_share_admits(&o->shares[i], plain) != ZC_ADMIT_NO) &&
            (!share || strcmp(o->shares[i].name, share) == 0))
            return true;
    return false;
}

/* The share that C has opened, in OUT; false: none. What it says of itself is in
 * memory that somebody may have broken into. */
static bool share_of(const struct zc_receiver_process *c,
                     char out[ZC_RECEIVER_SHARE_MAX])
{
    if (!c->note || !atomic_load(&c->note->opened))
        return false;
    snprintf(out, ZC_RECEIVER_SHARE_MAX, "%.*s", ZC_RECEIVER_SHARE_MAX - 1,
             c->note->share);
    return true;
}

/* Whether C may have, by the configuration NOW, what it has or, while it has
 * opened none, could open by the configuration BEFORE, which it knows. */
static bool still_may(const struct zc_receiver_process *c,
                      const struct zc_accept_options *before,
                      const struct zc_accept_options *now)
{
    const uint8_t *key = c->sealed ? c->peer_key : NULL;
    char share[ZC_RECEIVER_SHARE_MAX];
    if (share_of(c, share))
        return is_for(now, share, c->role, key, &c->plain);
    for (size_t i = 0; i < before->n_shares; i++)
        if (zc_share_visible(&before->shares[i], key) &&
            zc_share_allows(&before->shares[i], key, c->role) &&
            !is_for(now, before->shares[i].name, c->role, key, &c->plain))
            return false;
    return true;
}

static bool same_rules(const struct zc_filter *a, const struct zc_filter *b)
{
    struct zc_buf x = ZC_BUF_INIT, y = ZC_BUF_INIT;
    if (!a || !b)
        return a == b;
    zc_filter_encode(a, &x);
    zc_filter_encode(b, &y);
    bool same = !x.failed && !y.failed && x.len == y.len &&
                memcmp(x.data, y.data, x.len) == 0;
    zc_buf_fini(&x);
    zc_buf_fini(&y);
    return same;
}

/* C, which knows what BEFORE says, does not tell what `on change` of NOW is to be
 * told. */
static bool tells_too_little(const struct zc_receiver_process *c,
                             const struct zc_accept_options *before,
                             const struct zc_accept_options *now)
{
    char share[ZC_RECEIVER_SHARE_MAX];
    bool opened = share_of(c, share);
    for (size_t i = 0; c->role == ZC_ROLE_RECEIVER && i < before->n_shares;
         i++) {
        const struct zc_share *was = &before->shares[i];
        const struct zc_bytes name = {(const uint8_t *)was->name,
                                      strlen(was->name)};
        const struct zc_share *is = zc_share_find(
            now->shares, now->n_shares, name, c->sealed ? c->peer_key : NULL);
        if (!is || !is->on_change || (opened && strcmp(was->name, share) != 0))
            continue;
        if (!was->on_change ||
            !same_rules(was->change_patterns, is->change_patterns))
            return true;
    }
    return false;
}

static bool same_identity(const struct zc_identity *a,
                          const struct zc_identity *b)
{
    return a && b ? zc_key_equal(a->public_key, b->public_key) : a == b;
}

/* Sessions of before that may not go on. RENAMED: we have another identity. */
static void end_revoked(struct zc_receivers *r,
                        const struct zc_accept_options *before, bool renamed)
{
    if (renamed)
        zc_handshakes_kill(&r->handshakes);
    for (size_t i = 0; i < r->v.len; i++) {
        const struct zc_receiver_process *c = &r->v.v[i];
        const char *why = "its share is gone, or no longer for it";
        if (renamed && c->sealed)
            why = "this daemon has another identity now";
        else if (still_may(c, before, &r->conf.receive) &&
                 tells_too_little(c, before, &r->conf.receive))
            why = "'on change' of its share is about more than it tells";
        else if (still_may(c, before, &r->conf.receive))
            continue;
        zc_log(ZC_LOG_WARN, "%s: %s: the session ends", c->peer, why);
        kill(c->pid, SIGTERM);
    }
}

int zc_receivers_configure(struct zc_receivers *r,
                           const struct zc_receivers_conf *conf,
                           struct zc_err *err)
{
    struct zc_accept_options before = r->conf.receive;
    bool renamed = !same_identity(r->conf.identity, conf->identity);
    if (zc_handshakes_prepare(&conf->security, err))
        return -1;
    if (conf->identity)
        zc_process_keep_secrets();
    r->conf = *conf;
    r->handshakes.security = conf->security;
    r->handshakes.max = conf->max_unauthenticated;
    r->handshakes.max_per_address = conf->max_unauthenticated_per_address;
    end_revoked(r, &before, renamed);
    return 0;
}
