// SPDX-License-Identifier: GPL-2.0-or-later
/* Peers by the names that zcsyncd has for them; see daemon_peers.h. */
#include "cli/daemon_peers.h"

#include "base/log.h"

#include <string.h>
#include <unistd.h>

int zc_daemon_peers_load(const char *file, struct zc_conf **conf,
                         struct zc_err *err)
{
    struct zc_err why;
    *conf = NULL;
    if (file) {
        *conf = zc_conf_load(file, err);
        return *conf ? 0 : -1;
    }
    if (access(ZC_CONF_DEFAULT, R_OK))
        return 0;
    *conf = zc_conf_load(ZC_CONF_DEFAULT, &why);
    if (!*conf) /* its daemon has more to say about that */
        zc_log(ZC_LOG_INFO, "no [peer] is known: %s", why.text);
    return 0;
}

const struct zc_conf_peer *zc_daemon_peer(const struct zc_conf *conf,
                                          const char *name, size_t n)
{
    for (size_t i = 0; conf && i < conf->peers.len; i++) {
        const struct zc_conf_peer *p = &conf->peers.v[i];
        if (strlen(p->name) == n && strncmp(p->name, name, n) == 0)
            return p;
    }
    return NULL;
}

int zc_daemon_peers_resolve(const struct zc_conf *conf, const char *text,
                            struct zc_endpoint *at, struct zc_err *err)
{
    if (at->kind != ZC_AT_DAEMON || !strstr(text, "::") ||
        strncmp(text, "zcsync://", 9) == 0)
        return 0;
    const struct zc_conf_peer *p = zc_daemon_peer(conf, at->host,
                                                  strlen(at->host));
    if (!p)
        return 0;
    if (!p->host)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: [peer %s] in %s has no 'address'", text, p->name,
                          conf->file);
    char *host = strdup(p->host), *port = strdup(p->port);
    if (!host || !port) {
        free(host);
        free(port);
        return zc_err_nomem(err);
    }
    free(at->host);
    free(at->port);
    at->host = host;
    at->port = port;
    at->keys = zc_conf_keys_of(&p->keys);
    return 0;
}
