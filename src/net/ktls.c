// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Keys for the kernel. Each side derives, from either of the two keys K that
 * Noise's Split() gave it,
 *
 *     key | salt | iv  =  BLAKE2b(44 bytes, keyed with K, of the label)
 *        32     4    8
 *     label            =  "zcsync kernel TLS, AES-256-GCM"    (no NUL)
 *
 * (RFC 7693, section 2.9: keyed BLAKE2b is a PRF), and sets them as TLS_TX or
 * TLS_RX. The nonce of a record is salt | iv with the record's number XORed
 * into the last eight bytes (RFC 8446, section 5.3).
 *
 * How much one key may encrypt. Kernels before 6.14 cannot change the key of a
 * socket; in later ones a program has to send KeyUpdate messages, and to look
 * for them between the data. So the records of a direction are limited, and it
 * is the kernel that counts, since sendfile passes us by: record numbers do not
 * begin at 0 but at 2^64 - ZC_KTLS_RECORDS. A kernel that comes to the end
 * of the numbers fails the send with EBADMSG (the last record stays behind),
 * and recv when there is nothing more to read; until then this costs nothing.
 * A mirror then connects again, with new keys; a push has to be run again, and
 * goes on where it stopped. 2^28 full records are 2^38 blocks of AES: an
 * attacker who sees all of them tells them from noise with an advantage of
 * (2^38)^2 / 2^129 = 2^-53. As the numbers would go on from 0, no nonce can
 * come twice even if the error went unheard.
 *
 * Sending a file is for sendfile (0.86 times the sender's CPU time of read and
 * send), receiving one for recv and write: splice takes 1.4 times the
 * receiver's (decrypting into pages of the kernel, and copying from there all
 * the same, one record at a time), and it is the wrong tool besides: poll(2)
 * tells of parts of records that a splice which may not block cannot have, and
 * an error that meets it in the middle is lost. So whoever starts kernel TLS
 * takes away a transport's raw_rfd, and leaves it its raw_wfd. (Measured in
 * User-Mode Linux 6.1 with the AES of the kernel's own C code, medians of 10.)
 *
 * TLS_TX_ZEROCOPY_RO is not used: with it, what a network card encrypts after
 * sendfile has returned is what the file holds by then, and what it sends
 * again may differ from what it sent first. TLS_RX_EXPECT_NO_PAD is: it saves
 * a copy, and all a peer that pads its records all the same can do is to cost
 * us that copy.
 */
#include "net/ktls.h"

#include <assert.h>
#include <linux/tls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#ifndef SOL_TLS
#define SOL_TLS 282
#endif

static const char label[] = "zcsync kernel TLS, AES-256-GCM";

void zc_ktls_derive(const uint8_t key[ZC_AEAD_KEY], struct zc_ktls_secret *out)
{
    static_assert(sizeof *out == 44, "no padding");
    (void)crypto_generichash((uint8_t *)out, sizeof *out,
                             (const uint8_t *)label, sizeof label - 1, key,
                             ZC_AEAD_KEY);
}

/* NAME is TLS_TX or TLS_RX. */
static int set_key(int fd, int name, const uint8_t key[ZC_AEAD_KEY],
                   uint64_t records)
{
    struct zc_ktls_secret s;
    struct tls12_crypto_info_aes_gcm_256 info = {
        .info = {TLS_1_3_VERSION, TLS_CIPHER_AES_GCM_256},
    };
    static_assert(sizeof s.key == sizeof info.key &&
                      sizeof s.salt == sizeof info.salt &&
                      sizeof s.iv == sizeof info.iv,
                  "the sizes of linux/tls.h");
    zc_ktls_derive(key, &s);
    memcpy(info.key, s.key, sizeof s.key);
    memcpy(info.salt, s.salt, sizeof s.salt);
    memcpy(info.iv, s.iv, sizeof s.iv);
    uint64_t first = 0 - records;
    for (size_t i = 0; i < sizeof info.rec_seq; i++)
        info.rec_seq[i] = (uint8_t)(first >> (56 - 8 * i));
    int r = setsockopt(fd, SOL_TLS, name, &info, sizeof info);
    sodium_memzero(&s, sizeof s);
    sodium_memzero(&info, sizeof info);
    return r;
}

int zc_ktls_start_limited(int fd, const uint8_t tx[ZC_AEAD_KEY],
                          const uint8_t rx[ZC_AEAD_KEY], uint64_t records)
{
    if (setsockopt(fd, IPPROTO_TCP, TCP_ULP, "tls", sizeof "tls") ||
        set_key(fd, TLS_TX, tx, records) || set_key(fd, TLS_RX, rx, records))
        return -1;
#ifdef TLS_RX_EXPECT_NO_PAD
    /* From Linux 6.0 on; without it there is one more copy. */
    (void)setsockopt(fd, SOL_TLS, TLS_RX_EXPECT_NO_PAD, &(int){1}, sizeof(int));
#endif
    return 0;
}

int zc_ktls_start(int fd, const uint8_t tx[ZC_AEAD_KEY],
                  const uint8_t rx[ZC_AEAD_KEY])
{
    return zc_ktls_start_limited(fd, tx, rx, ZC_KTLS_RECORDS);
}

/* True when the record numbers of that direction have started again from 0. */
static bool used_up(int fd, int name)
{
    struct tls12_crypto_info_aes_gcm_256 info;
    socklen_t n = sizeof info;
    memset(&info, 0, sizeof info);
    bool yes = getsockopt(fd, SOL_TLS, name, &info, &n) == 0 &&
               n == sizeof info && info.rec_seq[0] == 0;
    sodium_memzero(&info, sizeof info); /* the key is in it */
    return yes;
}

int zc_ktls_why(int fd, int eno)
{
    if (eno == EBADMSG && (used_up(fd, TLS_TX) || used_up(fd, TLS_RX)))
        return EKEYEXPIRED;
    return eno;
}

bool zc_ktls_fits(int fd)
{
    int domain = 0, protocol = 0;
    socklen_t n = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n))
        return false;
    n = sizeof protocol;
    if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &n))
        return false;
    return (domain == AF_INET || domain == AF_INET6) && protocol == IPPROTO_TCP;
}

/* No call on FD may wait for longer: a firewall might drop even this. */
static int new_socket(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
    struct timeval tv = {.tv_sec = 1};
    if (fd >= 0 &&
        (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) ||
         setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv)))
        zc_close(&fd);
    return fd;
}

/* The two ends of a TCP connection over loopback. False: not to be had; what is
 * in V is then still to be closed. */
static bool tcp_pair(int v[2])
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in mine, theirs;
    socklen_t n = sizeof a, mine_n = sizeof mine, theirs_n = sizeof theirs;
    zc_auto_close int listener = new_socket();
    v[0] = new_socket();
    if (listener < 0 || v[0] < 0 ||
        bind(listener, (struct sockaddr *)&a, sizeof a) ||
        listen(listener, 1) ||
        getsockname(listener, (struct sockaddr *)&a, &n) ||
        connect(v[0], (struct sockaddr *)&a, sizeof a) ||
        getsockname(v[0], (struct sockaddr *)&mine, &mine_n))
        return false;
    /* The time-out of the listener is that of accept, and not inherited. */
    v[1] = accept4(listener, (struct sockaddr *)&theirs, &theirs_n,
                   SOCK_CLOEXEC);
    struct timeval tv = {.tv_sec = 1};
    /* Somebody else may have been quicker than we. */
    return v[1] >= 0 && theirs.sin_port == mine.sin_port &&
           theirs.sin_addr.s_addr == mine.sin_addr.s_addr &&
           setsockopt(v[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv) == 0;
}

static bool carries(int from, int to)
{
    static const char text[] = "zcsync";
    char got[sizeof text];
    return send(from, text, sizeof text, MSG_NOSIGNAL) == sizeof text &&
           recv(to, got, sizeof got, MSG_WAITALL) == sizeof got &&
           memcmp(got, text, sizeof text) == 0;
}

/* Written once, under pthread_once: what the kernel can do is one fact for the
 * whole process. */
static struct {
    pthread_once_t once;
    bool possible;
} probed = {.once = PTHREAD_ONCE_INIT};

static void probe(void)
{
    static const uint8_t a[ZC_AEAD_KEY] = {1}, b[ZC_AEAD_KEY] = {2};
    int v[2] = {-1, -1};
    int keep = errno;
    probed.possible = tcp_pair(v) && zc_ktls_start(v[0], a, b) == 0 &&
                      zc_ktls_start(v[1], b, a) == 0 && carries(v[0], v[1]) &&
                      carries(v[1], v[0]);
    zc_close(&v[0]);
    zc_close(&v[1]);
    errno = keep;
}

bool zc_ktls_possible(void)
{
    (void)pthread_once(&probed.once, probe);
    return probed.possible;
}
