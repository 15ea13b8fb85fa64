/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one table of sections and keys, and the texts made from it. Constant;
 * any thread.
 */
#ifndef ZC_DAEMON_CONF_TABLE_H
#define ZC_DAEMON_CONF_TABLE_H

#include "base/util.h"

#include <stdio.h>

enum zc_conf_section {
    ZC_CONF_DAEMON,
    ZC_CONF_WEB,
    ZC_CONF_PEER,
    ZC_CONF_SHARE,
    ZC_CONF_MIRROR,
    ZC_CONF_SECTIONS
};

enum zc_conf_type {
    ZC_CONF_TEXT,     /* char * */
    ZC_CONF_PATH,     /* char *, absolute */
    ZC_CONF_BOOL,     /* bool */
    ZC_CONF_NUMBER,   /* unsigned, min to max */
    ZC_CONF_UNTOLD,   /* likewise; another one makes no other mirror */
    ZC_CONF_COUNT,    /* uint64_t */
    ZC_CONF_SIZE,     /* uint64_t, bytes */
    ZC_CONF_RATE,     /* uint64_t, bytes a second */
    ZC_CONF_BIT,      /* a bit of an unsigned: min */
    ZC_CONF_BIT_NOT,  /* likewise, of the opposite */
    ZC_CONF_KEEP,     /* a bit of push.keep: min */
    ZC_CONF_IDMAP,    /* char *: usermap or groupmap */
    ZC_CONF_WINDOW,   /* push.window_s */
    ZC_CONF_FSYNC,    /* enum zc_fsync */
    ZC_CONF_MOVER,    /* enum zc_mover_kind */
    ZC_CONF_DELTA,    /* enum zc_delta */
    ZC_CONF_COMPRESS, /* int: see net/compress.h */
    ZC_CONF_WATCH,    /* enum zc_watch_kind */
    ZC_CONF_SSH_DATA, /* enum zc_direct_way */
    ZC_CONF_OFTEN,    /* unsigned: seconds; 0: never */
    ZC_CONF_DAYS,     /* unsigned: seconds; 0: no */
    ZC_CONF_PARTIAL,  /* likewise; yes: ZC_PARTIAL_AGE_S */
    ZC_CONF_BYTES,    /* uint64_t, at least one byte */
    ZC_CONF_ROOM,     /* struct zc_min_free */
    ZC_CONF_LISTEN,   /* char * */
    ZC_CONF_WEB_LISTEN, /* likewise */
    ZC_CONF_HOST_NAMES, /* likewise */
    ZC_CONF_SECURITY, /* bool: plain */
    ZC_CONF_COMMAND,  /* struct zc_conf_on_change: command, words */
    ZC_CONF_USER,     /* char *: a user here */
    ZC_CONF_ADDRESS,  /* host and port of a peer */
    ZC_CONF_PEERS,    /* names of peers */
    ZC_CONF_USERS,    /* names of users here, or "any" */
    ZC_CONF_TO,       /* destinations of a mirror */
    ZC_CONF_CHOWN,
    ZC_CONF_CHMOD,
    ZC_CONF_MOUNT,  /* struct zc_require: its mount */
    ZC_CONF_MARKER, /* ... its file */
    ZC_CONF_KEY,        /* from here on they may be repeated: keys of a peer */
    ZC_CONF_PATTERN,    /* struct zc_filter * */
    ZC_CONF_SETTLE,     /* zc_holds: settle, */
    ZC_CONF_PACE,       /* min interval */
    ZC_CONF_SSH_OPTION, /* ssh.options */
    ZC_CONF_EXCLUDE,    /* and these are rules */
    ZC_CONF_INCLUDE,
    ZC_CONF_FILTER,
    ZC_CONF_EXCLUDE_FROM,
    ZC_CONF_INCLUDE_FROM,
};

struct zc_conf_key {
    enum zc_conf_section section;
    const char *name;
    const char *value; /* for --help */
    const char *def;   /* the default as it would be written; NULL: nothing
                          that could be written is the same */
    bool required;
    enum zc_conf_type type;
    size_t at; /* offset in struct zc_conf, zc_conf_peer, ... */
    uint64_t min, max; /* of the number; max: bytes of a path, 0: PATH_MAX */
    const char *help;
};

extern const struct zc_conf_key zc_conf_keys[];
extern const size_t zc_conf_n_keys;
#define ZC_CONF_KEYS_MAX 128 /* there are fewer */

static inline bool zc_conf_key_repeats(const struct zc_conf_key *k)
{
    return k->type >= ZC_CONF_KEY;
}

/* "mirror" */
const char *zc_conf_section_name(enum zc_conf_section s);
/* False for [daemon] and [web]. */
bool zc_conf_section_named(enum zc_conf_section s);

/* ZC_CONF_SECTIONS, or NULL, when there is none; *NEAR is then the one that may
 * have been meant, or NULL. */
enum zc_conf_section zc_conf_find_section(const char *name, const char **near);
const struct zc_conf_key *zc_conf_find_key(enum zc_conf_section s,
                                           const char *name,
                                           const char **near);

/* Why an option of zcsync push is no key of S, where that is not because nobody
 * has thought of it; NULL. */
const char *zc_conf_no_key(enum zc_conf_section s, const char *name);

/* The table as `check-config --help` shows it. */
void zc_conf_print_keys(FILE *to);

#endif
