/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys of peers that a user trusts: ~/.config/zcsync/known_peers, as
 * known_hosts is for ssh(1). A line is
 *
 *     NAME KEY
 *
 * NAME is the host as the user types it, in lower case: web2, 192.0.2.1,
 * fe80::1%eth0; with another port than the default one [web2]:9000,
 * [fe80::1%eth0]:9000. KEY is base64 (net/keys.h). Blank lines and lines that
 * start with '#' say nothing. Whatever else there is in the file is an error
 * that names it and the line.
 *
 * What is read is a copy: any thread. Several processes and threads may change
 * the file at a time; nothing that they add is lost.
 */
#ifndef ZC_NET_KNOWN_PEERS_H
#define ZC_NET_KNOWN_PEERS_H

#include "base/err.h"
#include "base/vec.h"
#include "net/keys.h"

#define ZC_KNOWN_PEERS_MAX ZC_MIB /* bytes in the file */
#define ZC_KNOWN_PEER_NAME 320    /* bytes of a NAME at most, with NUL */

struct zc_known_peer {
    char *name;
    uint8_t key[ZC_KEY_SIZE];
    unsigned line;
};

struct zc_known_peers {
    char *file; /* for messages */
    ZC_VEC(struct zc_known_peer) v;
};

/* The NAME for the N bytes at TEXT: HOST, HOST:PORT, [HOST]:PORT, or an IPv6
 * address with or without brackets. -1 with a sentence (ZC_EXIT_USAGE). */
int zc_known_peer_name(const char *text, size_t n,
                       char name[ZC_KNOWN_PEER_NAME], struct zc_err *err);
/* The NAME for a HOST without brackets and a PORT. */
int zc_known_peer_name_at(const char *host, const char *port,
                          char name[ZC_KNOWN_PEER_NAME], struct zc_err *err);

/* From the N bytes of a file called FILE. NULL with a sentence "FILE:LINE: ..."
 * (ZC_EXIT_USAGE). */
struct zc_known_peers *zc_known_peers_parse(const char *file,
                                            const char *bytes, size_t n,
                                            struct zc_err *err);
/* The same from a file; one that is not there is empty. A file that belongs to
 * another user than this one or root, or that others can write, is refused
 * (ZC_EXIT_START). */
struct zc_known_peers *zc_known_peers_load(const char *file,
                                           struct zc_err *err);
void zc_known_peers_free(struct zc_known_peers *k);

/* NULL: not known. */
const struct zc_known_peer *zc_known_peers_find(const struct zc_known_peers *k,
                                                const char *name);

/*
 * Adds NAME with KEY to FILE, which is made (mode 0600, missing directories
 * 0700) when it is not there, and is on stable storage afterwards. That key for
 * that name is there already: nothing is done. Another key is: with REPLACE it
 * is replaced, else -1 with a sentence that names the line (ZC_EXIT_START).
 * Whatever fails, the lines that were in FILE stay there, whole.
 */
int zc_known_peers_add(const char *file, const char *name,
                       const uint8_t key[ZC_KEY_SIZE], bool replace,
                       struct zc_err *err);
/* Takes NAME out of FILE. -1 with a sentence when it is not there, either. */
int zc_known_peers_remove(const char *file, const char *name,
                          struct zc_err *err);

#endif
