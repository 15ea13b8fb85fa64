/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may look at the status page. Two questions for each request:
 *
 *   Host            is it asked for by an address or a name that is ours? A page
 *                   of somebody else's whose name leads here all of a sudden
 *                   (DNS rebinding) comes with that name.
 *   Authorization   where there is a token: does the request know it?
 *
 * Memory only but for reading the file of the token; any thread.
 */
#ifndef ZC_WEB_DOOR_H
#define ZC_WEB_DOOR_H

#include "base/err.h"

#define ZC_WEB_TOKEN_MIN 16
#define ZC_WEB_TOKEN_MAX 256

/* Of a token nothing is kept but its hash, so that no copy of a process's
 * memory has it, and two of them are compared in the same time wherever they
 * differ. */
struct zc_web_token {
    bool set; /* false: nobody is asked for one */
    uint8_t hash[32];
};

struct zc_web_door {
    const char *names; /* of this host, parted by commas or spaces; NULL: none */
    struct zc_web_token token;
};

/* Takes the first line of the N bytes at TEXT, which lie in a file called NAME.
 * -1 with a sentence. */
int zc_web_token_parse(struct zc_web_token *t, const char *name,
                       const char *text, size_t n, struct zc_err *err);
/* The same of the file PATH, which others than its owner must not be able to
 * read. */
int zc_web_token_load(struct zc_web_token *t, const char *path,
                      struct zc_err *err);

/* Whether the value of a Host header (NULL: there is none) is an IP address,
 * localhost or one of the names. */
bool zc_web_host_ok(const struct zc_web_door *d, const char *host);

/* Whether the value of an Authorization header (NULL: there is none) has the
 * token: "Bearer TOKEN", or "Basic" with TOKEN for a password. */
bool zc_web_token_ok(const struct zc_web_door *d, const char *authorization);

/* Whether LIST could be `names`: parts of host names, and what is between. */
bool zc_web_names_ok(const char *list);

#endif
