/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OpenSSH's certificates of users (PROTOCOL.certkeys): a public key that an
 * authority has signed, under a type of its own, and the public key without all
 * that, which is what signs. And the names of keys that lie on a security key
 * (PROTOCOL.u2f).
 */
#ifndef ZC_SSH_CERT_H
#define ZC_SSH_CERT_H

#include "base/buf.h"
#include "ssh/known_hosts.h"

/* The type of a key that signs for TYPE: "ssh-ed25519" for
 * "ssh-ed25519-cert-v01@openssh.com". False: TYPE is no certificate's, and
 * PLAIN a copy of it. */
bool zc_ssh_cert_type(const char *type, char plain[ZC_SSH_KEY_TYPE_MAX]);

/* The public key in the certificate of N bytes at BLOB, as servers know it. -1:
 * it is no certificate, or of a kind nobody knows. */
int zc_ssh_cert_key(const uint8_t *blob, size_t n, struct zc_buf *out);

/* A key on a security key, or the algorithm of one; not its certificate. */
bool zc_ssh_on_token(const char *plain_type);

#endif
