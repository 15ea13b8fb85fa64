/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What ssh_config(5) says about a host. `ssh -G` is asked where OpenSSH is
 * installed, as nobody reads the user's files better; a reader of our own knows
 * the common keys where it is not (config_read.c).
 *
 * File names and commands stay as they are written until somebody uses them:
 * zc_ssh_expand.
 */
#ifndef ZC_SSH_CONFIG_H
#define ZC_SSH_CONFIG_H

#include "base/err.h"
#include "base/vec.h"
#include "ssh/ssh.h"

#define ZC_SSH_VALUE_MAX 4096 /* bytes in a value */
#define ZC_SSH_WORDS_MAX 64   /* values of one key */

enum zc_ssh_strict {
    ZC_SSH_STRICT_ASK,
    ZC_SSH_STRICT_YES,
    ZC_SSH_STRICT_NO,
    ZC_SSH_STRICT_ACCEPT_NEW,
};

struct zc_ssh_words {
    char **v;
    size_t len, cap;
};

struct zc_ssh_config {
    char *host; /* as the user wrote it */
    char *hostname, *user, *host_key_alias, *identity_agent;
    char *proxy_jump, *proxy_command; /* NULL: none; one of them at most */
    /* Names with commas between them, the only ones allowed; NULL: all. */
    char *ciphers, *macs, *kex, *host_key_algorithms;
    struct zc_ssh_words identity_files, certificate_files;
    struct zc_ssh_words user_known_hosts, global_known_hosts;
    unsigned port;
    unsigned connect_timeout_s; /* 0: none */
    unsigned alive_interval_s, alive_count;
    unsigned prompts; /* how often a password is asked for */
    int family;       /* AF_UNSPEC, AF_INET, AF_INET6 */
    enum zc_ssh_strict strict;
    bool batch, hash_known_hosts, identities_only;
    bool use_pubkey, use_password, use_interactive;
    uint32_t seen;       /* keys that have their value: the first one wins */
};

/* All about PLACE, defaults filled in. To be finished with _fini either way. */
int zc_ssh_config_get(struct zc_ssh_config *c, const struct zc_ssh_place *place,
                      const struct zc_ssh_options *options,
                      struct zc_err *err);
void zc_ssh_config_fini(struct zc_ssh_config *c);

/* TEXT with `~`, `${NAME}` and %-tokens (ssh_config(5), TOKENS) replaced by
 * what they are for C; on the heap. NULL with a sentence. FILE: it is a file's
 * name; else a command, in which only tokens are. */
char *zc_ssh_expand(const struct zc_ssh_config *c, const char *text, bool file,
                    struct zc_err *err);

/* --- for those who fill it in --- */

/* The first value of KEY (any case): COUNT words. A key that is of no interest
 * is passed over. -1 with the reason alone: the value makes no sense. */
int zc_ssh_config_set(struct zc_ssh_config *c, const char *key,
                      const char *const *words, size_t count,
                      struct zc_err *err);
/* How the value of KEY is to be cut up. */
enum zc_ssh_shape { ZC_SSH_WORDS, ZC_SSH_LINE };
enum zc_ssh_shape zc_ssh_config_shape(const char *key);

int zc_ssh_words_add(struct zc_ssh_words *w, const char *word, size_t n);
void zc_ssh_words_fini(struct zc_ssh_words *w);

/* From `ssh -G`. 1: there is no such program. */
int zc_ssh_config_ask(struct zc_ssh_config *c, const struct zc_ssh_place *place,
                      const struct zc_ssh_options *options,
                      struct zc_err *err);
/* The N bytes that it has written. */
int zc_ssh_config_take(struct zc_ssh_config *c, const char *bytes, size_t n,
                       struct zc_err *err);
/* From what the user has typed, and the files. */
int zc_ssh_config_read(struct zc_ssh_config *c,
                       const struct zc_ssh_place *place,
                       const struct zc_ssh_options *options,
                       struct zc_err *err);
/* The N bytes of a file called FILE; nothing is included. */
int zc_ssh_config_parse(struct zc_ssh_config *c, const char *file,
                        const char *bytes, size_t n, struct zc_err *err);

/* The local user's home and name: of the password database, as for ssh(1);
 * where it knows nothing, of the environment. */
struct zc_ssh_me {
    char home[ZC_SSH_VALUE_MAX], user[256];
};
void zc_ssh_me(struct zc_ssh_me *me);

#endif
