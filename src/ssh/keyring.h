/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keys that could let us in: those of the agent, of identity files, and of
 * the certificates beside them. Where half of a key is here and half in the
 * agent, the two are found.
 */
#ifndef ZC_SSH_KEYRING_H
#define ZC_SSH_KEYRING_H

#include "ssh/agent.h"
#include "ssh/config.h"
#include "ssh/key.h"

/* What a file has. */
struct zc_ssh_identity {
    char *name;
    struct zc_ssh_key *key; /* NULL: it is a public key or a certificate */
    struct zc_buf open;     /* which is this */
    struct zc_buf plain;    /* the key that a certificate is for */
};

struct zc_ssh_keyring {
    struct zc_ssh_agent agent;
    ZC_VEC(struct zc_ssh_identity) files, certs;
};

/* Reads what C names, and asks the agent for its keys. What is of no use is
 * said, and TRIED called with it. -1 with a sentence: there is no memory, or C
 * makes no sense. To be finished either way. */
int zc_ssh_keyring_open(struct zc_ssh_keyring *ring,
                        const struct zc_ssh_config *c,
                        const struct zc_ssh_options *o,
                        void (*tried)(void *arg, const char *what,
                                      const char *name),
                        void *arg, struct zc_err *err);
void zc_ssh_keyring_fini(struct zc_ssh_keyring *ring);

/* The public half, *N bytes; NULL: it is behind a passphrase. */
const uint8_t *zc_ssh_identity_public(const struct zc_ssh_identity *i,
                                      size_t *n);
/* The agent's key with that public half; NULL: it has none. */
const struct zc_ssh_agent_key *
zc_ssh_keyring_in_agent(const struct zc_ssh_keyring *ring, const uint8_t *key,
                        size_t n);
/* The file with that public half; NULL: there is none. PRIVATE: with the other
 * one, too. */
const struct zc_ssh_identity *
zc_ssh_keyring_in_files(const struct zc_ssh_keyring *ring, const uint8_t *key,
                        size_t n, bool private);
/* True when a file has the certificate CERT. */
bool zc_ssh_keyring_has_cert(const struct zc_ssh_keyring *ring,
                             const uint8_t *cert, size_t n);

#endif
