/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ssh-agent(1): the keys it holds, and signatures with them. libssh2 knows
 * agents too, but has them sign for RSA with SHA-1, and waits for them without
 * an end. One thread.
 */
#ifndef ZC_SSH_AGENT_H
#define ZC_SSH_AGENT_H

#include "base/buf.h"
#include "base/vec.h"

#include <stdatomic.h>

struct zc_ssh_agent_key {
    uint8_t *blob; /* the public key */
    size_t len;
    char *comment;
};

struct zc_ssh_agent {
    int fd;
    const atomic_bool *stop; /* may be NULL */
    ZC_VEC(struct zc_ssh_agent_key) keys;
};

/* Connects to the socket PATH and asks for the keys. -1: there is no agent, or
 * it makes no sense; A is to be finished either way. */
int zc_ssh_agent_open(struct zc_ssh_agent *a, const char *path,
                      const atomic_bool *stop);
void zc_ssh_agent_fini(struct zc_ssh_agent *a);

/* Has the N bytes at DATA signed with K as ALGORITHM has it, and appends what
 * zc_ssh_key_sign would; for a security key all that stands behind the name of
 * the algorithm: the signature, as a string, its flags and its counter. -1:
 * refused. May wait for a person. */
int zc_ssh_agent_sign(struct zc_ssh_agent *a, const struct zc_ssh_agent_key *k,
                      const char *algorithm, const uint8_t *data, size_t n,
                      struct zc_buf *out);

/* The N bytes of an answer that lists keys. -1: it makes no sense. */
int zc_ssh_agent_take(struct zc_ssh_agent *a, const uint8_t *bytes, size_t n);

#endif
