/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What zcsync.conf(5) says, in memory: a struct for each kind of section. Made
 * and freed by conf.h; plain memory.
 */
#ifndef ZC_DAEMON_CONF_TYPES_H
#define ZC_DAEMON_CONF_TYPES_H

#include "base/vec.h"
#include "fs/partial.h"
#include "fs/room.h"
#include "mirror/holds.h"
#include "net/command.h"
#include "net/direct.h"
#include "net/endpoint.h"
#include "net/keys.h"
#include "session/options.h"
#include "watch/watch.h"

#define ZC_CONF_DEFAULT "/etc/zcsync/zcsync.conf"
#define ZC_CONTROL_DEFAULT "/run/zcsync/control"

struct zc_conf_key_of {
    uint8_t key[ZC_KEY_SIZE];
};

typedef ZC_VEC(struct zc_conf_key_of) zc_conf_key_list;

static inline struct zc_keys zc_conf_keys_of(const zc_conf_key_list *l)
{
    return (struct zc_keys){l->len ? &l->v[0].key : NULL, l->len};
}

/* More than a rotation takes. */
#define ZC_CONF_PEER_KEYS_MAX 8

struct zc_conf_peer { /* [peer NAME] */
    char *name;
    char *host, *port; /* address = HOST[:PORT]; NULL: it only pushes to us */
    zc_conf_key_list keys; /* public key = BASE64, any of which will do; with
                              one it is spoken to sealed only */
    unsigned line;
};

#define ZC_HOOK_INTERVAL_S 1
#define ZC_HOOK_TIMEOUT_S 300

struct zc_conf_on_change { /* of a share or mirror */
    char *command; /* as written; NULL: nothing is run */
    zc_words words;
    char *user;    /* NULL: the daemon's */
    struct zc_filter *patterns; /* NULL: any change */
    unsigned interval_s, timeout_s;
};

struct zc_conf_share { /* [share NAME] */
    char *name, *path;
    unsigned partial_s;    /* 0: nothing that came in part is kept */
    uint64_t partial_size; /* 0: a tenth of the file system */
    unsigned keep_s;    /* 0: nothing that is lost is kept */
    uint64_t keep_size; /* 0: what leaves a tenth of the file system free */
    struct zc_min_free min_free;
    struct zc_conf_on_change on_change;
    bool read_only;
    bool fake_super;
    bool readable; /* whoever may push may pull */
    struct zc_require require;
    /* The keys of `peers`, and of `readers`. None: whoever connects in plain,
     * which other hosts can with `security = plain` only. */
    zc_conf_key_list keys, read_keys;
    ZC_VEC(uint32_t) users; /* plain users */
    bool any_user;          /* plain users = any */
    bool trust;
    unsigned line;
};

/* Whether it takes a key to open S. */
static inline bool zc_conf_share_keyed(const struct zc_conf_share *s)
{
    return s->keys.len || s->read_keys.len;
}

struct zc_conf_dest { /* one of `to` */
    char *text; /* as written: PEER::SHARE[/SUB], HOST::SHARE, zcsync://...,
                   [USER@]HOST:PATH, ssh://..., or a local path */
    struct zc_endpoint at; /* a [peer]'s address filled in */
    const struct zc_conf_peer *peer; /* one with keys; NULL: it is none */
};

struct zc_conf_mirror { /* [mirror NAME] */
    char *name, *path;
    ZC_VEC(struct zc_conf_dest) to;
    /* src, filter, chmod, keep, del (default true), ... ; share and path are
     * left to each peer. Owned parts below. */
    struct zc_options push;
    struct zc_filter *filter;
    struct zc_chmod *chmod;
    char *chown, *usermap, *groupmap, *skip_compress;
    char *backup_dir, *suffix;
    enum zc_watch_kind watch;
    unsigned rescan_s, compare_s, contimeout_s, drain_s;
    unsigned verify_s; /* 0: never */
    zc_holds holds;
    bool verify_repair, verify_cold;
    struct { /* of destinations over SSH; NULL: not said */
        char *identity, *config, *command;
        ZC_VEC(char *) options;
        enum zc_direct_way data;
    } ssh;
    int compress; /* as in struct zc_reach */
    struct zc_conf_on_change on_change;
    unsigned to_line;
    char *text; /* the section in a canonical form: two mirrors whose texts are
                   equal are the same, and a reload leaves them alone */
    unsigned line;
};

struct zc_conf_web { /* [web] */
    char *listen;     /* NULL, "none": there is no page */
    char *token_file; /* NULL: nobody is asked for one */
    char *names;      /* of this host, as written; NULL: none */
    unsigned line, listen_line;
};

#define ZC_STATE_DEFAULT "/var/lib/zcsync"

struct zc_conf {
    char *file;
    /* [daemon] */
    char *listen;        /* NULL: 127.0.0.1 and the default port; "none": do not
                            listen */
    bool plain;          /* security = plain */
    char *control;       /* path of the control socket */
    char *control_group; /* its group; NULL: "zcsync" where there is one */
    char *state;         /* a directory, for what is to be kept */
    char *identity;      /* path of the private key; NULL: none, plain only */
    bool ktls;           /* kernel TLS where it is possible */
    unsigned max_connections;
    unsigned max_unauthenticated, max_unauthenticated_per_address;
    unsigned timeout_s;
    struct zc_conf_web web;
    ZC_VEC(struct zc_conf_peer) peers;
    ZC_VEC(struct zc_conf_share) shares;
    ZC_VEC(struct zc_conf_mirror) mirrors;
};

/* Whether C asks for a status page. */
static inline bool zc_conf_web_wanted(const struct zc_conf *c)
{
    return c->web.listen && strcmp(c->web.listen, "none") != 0;
}

#endif
