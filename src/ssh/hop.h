/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host on the way, as ProxyJump of ssh_config(5) and --jump have it. Memory only;
 * any thread. */
#ifndef ZC_SSH_HOP_H
#define ZC_SSH_HOP_H

#include <stdbool.h>

struct zc_ssh_hop {
    char *user, *host, *port; /* NULL where it is not given */
};

/* Takes [ssh://][USER@]HOST[:PORT] in TEXT apart, which is written to, and which H
 * points into. False: it is none. */
bool zc_ssh_hop_parse(char *text, struct zc_ssh_hop *h);

#endif
