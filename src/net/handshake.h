/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of every connection: HELLO both ways, and, when both sides have
 * an identity, a Noise XX handshake. zcsync-protocol(7), "HELLO" and "SEALED".
 *
 * Each HELLO says which suites its sender can do and whether plain will not do;
 * what is used follows from the two: AES-256-GCM if both offer it, else
 * ChaCha20-Poly1305, else plain unless one of them refuses that. Both HELLOs
 * are the prologue of the handshake (the connecting side's first), so that
 * nobody in between can change a byte of them.
 *
 * What comes of it is a struct zc_secured: plain data that can be handed to
 * another process, which makes the transport with zc_secure.
 */
#ifndef ZC_NET_HANDSHAKE_H
#define ZC_NET_HANDSHAKE_H

#include "net/noise.h"
#include "net/transport.h"
#include "proto/hello.h"

/* How connections are to be secured. */
struct zc_security {
    const struct zc_identity *identity; /* NULL: plain only */
    /* Why it is NULL, for messages: "--plain was asked for". NULL: there is
     * none. */
    const char *plain_only;
    bool plain;       /* plain will do */
    bool no_ktls;     /* do not hand keys to the kernel */
    unsigned suites;  /* enum zc_suite bits; 0: what this CPU is good at */
    /* Of the connecting side: what is sent is compressed, both ways, if the peer
     * can do so: how (net/compress.h). 0: not. The other always can. */
    int compress;
    /* Of the connecting side: it would send over several channels (net/lanes.h).
     * Of the other: it can receive so. */
    bool lanes;
    /* Seconds for the peer's HELLO, and for all of it; absolute, however slowly
     * bytes drip in. 0: 1 and 10, and 30 for both on the connecting side, where
     * the daemon may have to be started first. A time-out of the transport that
     * is shorter holds for both. */
    unsigned hello_s, handshake_s;
    /* Bytes that may come before the peer's HELLO, as from a shell that greets:
     * they are dropped. The connecting side's; 0: none. */
    size_t noise;
    /* Whether KEY, which the peer has proved to own, is the one wanted. Called
     * once, before the peer gets anything but handshake messages; -1 with a
     * sentence (ZC_EXIT_START). The connecting side must have it; NULL on the
     * other: any key will do here, and shares are chosen by it. */
    int (*trust)(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *err);
    void *arg;
};

struct zc_secured {
    enum zc_role role; /* ours, which where any would do the peer has chosen */
    bool sealed, ktls;
    bool lanes; /* the connecting side sends so, from the next byte on */
    uint64_t features; /* of ZC_FEATURES_MESSAGES, those that both ends know */
    int compress; /* how: as the connecting side has asked; 0: not at all */
    enum zc_suite suite;
    uint8_t peer_key[ZC_KEY_SIZE];
    uint8_t tx[ZC_AEAD_KEY], rx[ZC_AEAD_KEY]; /* secrets */
};

/*
 * Does it over T, as ROLE, which the side that was connected to may leave open
 * (ZC_ROLE_ANY); INITIATOR is the side that connected. Receives no byte beyond
 * the handshake. T's time-out is as before afterwards. -1 with a sentence that
 * names T's peer: ZC_EXIT_PROTOCOL, ZC_EXIT_START (nothing in common, wrong
 * key, forged, garbage), ZC_EXIT_TIMEOUT, ZC_EXIT_SOCKET, ZC_EXIT_STREAM;
 * ZC_EXIT_SIGNAL when a signal handler of the caller's ran meanwhile. A peer
 * that is no zcsync, or of another version, is not named. OUT is to be wiped
 * with zc_secured_wipe.
 */
int zc_handshake(struct zc_transport *t, enum zc_role role, bool initiator,
                 const struct zc_security *sec, struct zc_secured *out,
                 struct zc_err *err);
void zc_secured_wipe(struct zc_secured *s);
/* "plain", "AES-256-GCM", "AES-256-GCM, kernel TLS". */
void zc_secured_text(const struct zc_secured *s, char *text, size_t size);

/* The transport to use from now on: T itself when it is plain, one that seals
 * what crosses T (which then belongs to it), or T with its keys in the kernel.
 * Sets `security` and `peer_key`. NULL with a sentence; T is then still the
 * caller's. */
struct zc_transport *zc_secure(struct zc_transport *t,
                               const struct zc_secured *s, struct zc_err *err);

/* zc_handshake and zc_secure over T, which it takes: freed when it fails. */
struct zc_transport *zc_shake(struct zc_transport *t, enum zc_role role,
                              bool initiator, const struct zc_security *sec,
                              struct zc_err *err);

/* For the two ends of a socket pair or a pipe, where nobody can listen. */
extern const struct zc_security zc_security_plain;

#endif
