/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request to log in with an Ed25519 certificate, or with a security key, by
 * libssh2 before 1.11. It offers them well, and has the right bytes signed, but
 * then writes
 *
 *     string { string TYPE, string SIGNATURE }
 *
 * behind the request, where TYPE has to be that of the key and not of its
 * certificate, and where a security key's signature has a byte and a counter
 * behind its string. So it is given a signature of the length that makes the
 * whole right, and the bytes are put right before the packet is sealed: memory
 * is ours to give out, libssh2 writes the packet into a block of a size that is
 * known, and frees the signature when it has written it.
 *
 * Nothing is guessed: where the block is not found, or does not hold what was
 * to be signed, nothing is signed.
 */
#ifndef ZC_SSH_AMEND_H
#define ZC_SSH_AMEND_H

#include "base/buf.h"

struct zc_ssh_amend {
    size_t size;     /* of the block that is looked out for; 0: of none */
    uint8_t *packet; /* the block; NULL: not seen */
    size_t at;       /* where in it the signature goes */
    void *stand_in;  /* the signature that libssh2 was given */
    struct zc_buf whole; /* what is to stand there */
};

/* libssh2 is about to be told to log in USER with a key whose blob is of KEY_LEN
 * bytes and whose type is of TYPE_LEN. To be finished with _end. */
void zc_ssh_amend_begin(struct zc_ssh_amend *a, const char *user,
                        size_t type_len, size_t key_len);
void zc_ssh_amend_end(struct zc_ssh_amend *a);

/* What is to be signed was given as the N bytes at DATA, and WHOLE (its bytes
 * are taken over) is to stand behind it: a signature to give to libssh2, on the
 * heap, *SIG_LEN bytes. NULL: that cannot be done. */
uint8_t *zc_ssh_amend_sign(struct zc_ssh_amend *a, size_t type_len,
                           const uint8_t *data, size_t n,
                           struct zc_buf *whole, size_t *sig_len);

/* For libssh2: a block of N bytes was given out as P; P is about to be freed. */
void zc_ssh_amend_given(struct zc_ssh_amend *a, void *p, size_t n);
void zc_ssh_amend_freed(struct zc_ssh_amend *a, const void *p);

#endif
