/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Identity files: private keys of ssh-keygen(1) (its own format, or PEM), that
 * sign. Ed25519, ECDSA and RSA. libssh2 can read them too, but it signs for RSA
 * with SHA-1 only before 1.11, which no server of today takes, and cannot say
 * whose key a file has before it has the passphrase.
 */
#ifndef ZC_SSH_KEY_H
#define ZC_SSH_KEY_H

#include "base/buf.h"
#include "base/err.h"
#include "ssh/known_hosts.h"

#define ZC_SSH_KEY_FILE_MAX 65536

struct zc_ssh_key;

enum zc_ssh_unlock {
    ZC_SSH_UNLOCKED,
    ZC_SSH_LOCKED, /* the passphrase is wrong, or one is needed */
    ZC_SSH_UNLOCK_FAILED,
};

/* From the file PATH, and PATH.pub where the public key is in the dark. NULL
 * with a sentence; err->eno is ENOENT when there is no such file. */
struct zc_ssh_key *zc_ssh_key_load(const char *path, struct zc_err *err);
/* From the N bytes of a file. */
struct zc_ssh_key *zc_ssh_key_parse(const char *path, const char *bytes,
                                    size_t n, struct zc_err *err);
void zc_ssh_key_free(struct zc_ssh_key *k);

/* The public key as servers know it, *N bytes; NULL: not known before it is
 * unlocked. */
const uint8_t *zc_ssh_key_public(const struct zc_ssh_key *k, size_t *n);
/* Appends the public key, or the certificate, in the file PATH, as servers know
 * it. -1: there is none. */
int zc_ssh_key_read_public(const char *path, struct zc_buf *out);
/* From the N bytes of text of such a file. */
int zc_ssh_key_take_public(const char *text, size_t n, struct zc_buf *out);

/* Makes it ready to sign; PASSPHRASE NULL: without one. A sentence with
 * ZC_SSH_UNLOCK_FAILED. */
enum zc_ssh_unlock zc_ssh_key_unlock(struct zc_ssh_key *k,
                                     const char *passphrase,
                                     struct zc_err *err);

/* Appends the signature of the N bytes at DATA as ALGORITHM has it, without the
 * name in front: "ssh-ed25519", "ecdsa-sha2-*", "rsa-sha2-256", "rsa-sha2-512",
 * "ssh-rsa". -1: cannot be done. */
int zc_ssh_key_sign(const struct zc_ssh_key *k, const char *algorithm,
                    const uint8_t *data, size_t n, struct zc_buf *out);

#endif
