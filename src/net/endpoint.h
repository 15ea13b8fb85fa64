/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SRC and DEST as users write them:
 *   DIR or FILE                       local (a path with a slash before the
 *                                     first colon is always local)
 *   HOST::SHARE[/SUB]                 a daemon
 *   zcsync://HOST[:PORT]/SHARE[/SUB]  a daemon
 *   zcsync://[/SOCKET]/SHARE[/SUB]    a daemon of this machine, by the path of
 *                                     its socket, which HOST holds then
 *   [USER@]HOST:PATH                  over SSH
 *   ssh://[USER@]HOST[:PORT]/PATH     over SSH, from the root; /~ is a home
 * IPv6 addresses stand in brackets. Bytes stand for themselves: nothing is
 * percent-decoded.
 */
#ifndef ZC_NET_ENDPOINT_H
#define ZC_NET_ENDPOINT_H

#include "base/err.h"
#include "net/keys.h"

enum zc_endpoint_kind { ZC_AT_LOCAL, ZC_AT_DAEMON, ZC_AT_SSH };

struct zc_endpoint {
    enum zc_endpoint_kind kind;
    char *user, *host, *port; /* NULL where not given; a daemon's PORT has its
                                 default */
    char *share;              /* daemon: the share's name */
    char *path; /* local or SSH: the path (SSH, when empty: "."); daemon: SUB,
                   "" when none */
    bool trailing_slash; /* PATH ended in one (taken off, but for "/") */
    /* How a daemon is to be reached; not written in TEXT. */
    int family;       /* AF_INET or AF_INET6; 0: either */
    const char *from; /* a local address, not owned; NULL: any */
    struct zc_keys keys; /* it has to have one of them, not owned; none: not
                            known */
};

/* Fills in *E (to be finished with _fini). -1 with a sentence that quotes
 * TEXT (ZC_EXIT_USAGE). SUB is checked with zc_relpath_ok. */
int zc_endpoint_parse(const char *text, struct zc_endpoint *e,
                      struct zc_err *err);
void zc_endpoint_fini(struct zc_endpoint *e);

/* True when the N bytes at NAME may name a share: 1 to ZC_NAME_MAX bytes, no
 * '/', no ':', no control bytes, not "." or "..". */
bool zc_share_name_ok(const char *name, size_t n);

#endif
