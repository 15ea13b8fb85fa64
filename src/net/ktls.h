/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel TLS (Documentation/networking/tls.rst): the kernel encrypts what is
 * written to a socket, sendfile(2) included, and decrypts what is read or
 * spliced from it, in TLS 1.3 application-data records with AES-256-GCM. There
 * is no TLS handshake: the keys come from a Noise session.
 *
 * What system calls say then (Linux 6.1; test_ktls.c):
 *
 *   forged or changed record   recv and splice: EBADMSG, and nothing of it
 *   not application data       recv: EIO, splice: EINVAL
 *   no TLS record at all       recv and splice: EINVAL, EBADMSG or EMSGSIZE
 *   end, or a cut record       recv and splice: 0, whole records before it
 *   SO_RCVTIMEO                recv and splice: EAGAIN
 *   shutdown(2)                recv and splice: 0; sendfile and send: EPIPE
 *   ZC_KTLS_RECORDS are over   EBADMSG: see zc_ktls_why
 *
 * poll(2) may tell of a part of a record, which recv then waits for the rest
 * of. An error may be told once only, to whoever calls first; the connection
 * is to be ended then.
 */
#ifndef ZC_NET_KTLS_H
#define ZC_NET_KTLS_H

#include "net/aead.h"

/* What one direction may carry before its connection ends; ktls.c says why. At
 * most 16 KiB each: 4 TiB. */
#define ZC_KTLS_RECORDS (UINT64_C(1) << 28)

/* True when this kernel can do both directions; tried once per process on a
 * connection of its own over loopback, in at most a few seconds. Thread-safe.
 * A child knows what its parent had found out: call it before a process is
 * confined, and (where the module is not loaded yet) with CAP_NET_ADMIN. */
bool zc_ktls_possible(void);

/* True when FD is a socket that it works on: TCP over IPv4 or IPv6. */
bool zc_ktls_fits(int fd);

/* Hands keys derived from TX and RX (the two of Noise's Split(), which must not
 * be used for anything else) to the kernel. Nothing may be unread in FD but
 * what the peer's kernel has encrypted. -1 and errno; FD is then good for
 * nothing. */
int zc_ktls_start(int fd, const uint8_t tx[ZC_AEAD_KEY],
                  const uint8_t rx[ZC_AEAD_KEY]);
/* The same for RECORDS records in each direction, 1 to ZC_KTLS_RECORDS; both
 * sides must say the same. For tests. */
int zc_ktls_start_limited(int fd, const uint8_t tx[ZC_AEAD_KEY],
                          const uint8_t rx[ZC_AEAD_KEY], uint64_t records);

/* What a call on FD that failed with ENO means: EKEYEXPIRED in place of EBADMSG
 * when all records of a direction are used up, else ENO. Any FD will do. */
int zc_ktls_why(int fd, int eno);

/* What the kernel gets of KEY, one of Noise's Split(): struct
 * tls12_crypto_info_aes_gcm_256, in that order. For start and tests. */
struct zc_ktls_secret {
    uint8_t key[32], salt[4], iv[8];
};
void zc_ktls_derive(const uint8_t key[ZC_AEAD_KEY], struct zc_ktls_secret *out);

#endif
