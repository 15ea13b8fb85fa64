// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC and DEST as the options have them; see push_places.h. */
#include "cli/push_places.h"

#include "cli/daemon_peers.h"
#include "net/address.h"

#include <string.h>

int zc_push_args_fake(const struct zc_push_args *a, bool pulls, bool local,
                      struct zc_options *opt, struct zc_err *err)
{
    bool other = a->remote_fake ||
                 (local && a->fake_super && !a->remote_super);
    bool reads = pulls ? other : a->fake_super;
    bool writes = pulls ? a->fake_super : other;
    if (reads)
        opt->walk |= ZC_WALK_FAKE;
    if (reads && !pulls)
        opt->keep |= ZC_KEEP_FAKE;
    if (writes)
        opt->apply |= ZC_APPLY_FAKE;
    return zc_options_check_walk(opt->walk, err);
}

int zc_push_args_dest(const struct zc_push_args *a, struct zc_endpoint *at,
                      struct zc_err *err)
{
    if (!a->list_only)
        return zc_endpoint_parse(a->operands.v[a->operands.len - 1], at, err);
    *at = (struct zc_endpoint){.kind = ZC_AT_LOCAL,
                               .path = strdup(""),
                               .trailing_slash = true};
    return at->path ? 0 : zc_err_nomem(err);
}

int zc_push_args_reach(const struct zc_push_args *a, const char *text,
                       struct zc_endpoint *at, struct zc_err *err)
{
    if (at->kind != ZC_AT_DAEMON || *at->host == '/')
        return 0;
    if (zc_daemon_peers_resolve(a->conf, text, at, err))
        return -1;
    at->family = a->family;
    at->from = a->from;
    if (!a->port || strcmp(at->port, ZC_DEFAULT_PORT) != 0)
        return 0;
    char *port = strdup(a->port);
    if (!port)
        return zc_err_nomem(err);
    free(at->port);
    at->port = port;
    return 0;
}
