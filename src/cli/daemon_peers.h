/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The [peer] sections of zcsyncd's configuration on this machine, for commands
 * that reach the same hosts: NAME::SHARE means the same to both, and has the same
 * key, where the file may be read. Plain memory: any thread.
 */
#ifndef ZC_CLI_DAEMON_PEERS_H
#define ZC_CLI_DAEMON_PEERS_H

#include "daemon/conf.h"
#include "net/endpoint.h"

/* FILE NULL: the usual one, and *CONF is NULL when it cannot be used; else -1 with
 * a sentence then. *CONF is the caller's, for zc_conf_free. */
int zc_daemon_peers_load(const char *file, struct zc_conf **conf,
                         struct zc_err *err);

/* The peer called NAME (N bytes), or NULL. CONF may be NULL. */
const struct zc_conf_peer *zc_daemon_peer(const struct zc_conf *conf,
                                          const char *name, size_t n);

/* AT, which TEXT was made into, is a [peer] of CONF: it gets its address and key,
 * which stay CONF's. Otherwise nothing happens. -1 with a sentence. */
int zc_daemon_peers_resolve(const struct zc_conf *conf, const char *text,
                            struct zc_endpoint *at, struct zc_err *err);

#endif
