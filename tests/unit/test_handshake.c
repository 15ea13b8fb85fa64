// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * net/handshake.c: what two sides agree on, and every way in which they must
 * not: somebody in between who changes any byte, garbage, truncation, replay,
 * silence, bytes that drip in, keys that are not the right ones.
 */
#include "net/compress.h"
#include "net/handshake.h"

#include "proto/proto.h"

#include "../tap.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

/* Bytes of a sealed handshake, connecting side to the other and back. */
#define EARLY (ZC_HELLO_SIZE + 2 + 32) /* before a word was heard */
#define UP (EARLY + 2 + 64)
#define DOWN (ZC_HELLO_SIZE + 2 + 96)

static struct zc_identity *alice, *bob; /* alice connects */
static struct zc_err err;

/* Arg is the key that is wanted; NULL: none will do. */
static int trust(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *e)
{
    if (arg && zc_key_equal(arg, key))
        return 0;
    return zc_err_set(e, ZC_EXIT_START, 0, "that is somebody else");
}

static struct zc_security of_alice(void)
{
    return (struct zc_security){
        .identity = alice, .trust = trust, .arg = bob->public_key};
}

static struct zc_security of_bob(void)
{
    return (struct zc_security){.identity = bob};
}

/* --- two sides and somebody in between --- */

struct side {
    struct zc_transport *t;
    bool initiator;
    struct zc_security sec;
    int result;
    struct zc_secured out;
    struct zc_err err;
};

static void *shake(void *arg)
{
    struct side *s = arg;
    s->result = zc_handshake(s->t,
                             s->initiator ? ZC_ROLE_SENDER : ZC_ROLE_RECEIVER,
                             s->initiator, &s->sec, &s->out, &s->err);
    if (s->result) {
        zc_transport_free(s->t);
        s->t = NULL;
    } else {
        shutdown(s->t->poll_wfd, SHUT_WR);
    }
    return NULL;
}

struct middle {
    /* The byte at AT of what goes up (or down) is XORed with this; 0: none. */
    uint8_t mask_up, mask_down;
    size_t at_up, at_down;
    size_t seen[2];
    uint8_t bytes[2][512]; /* as they came */
};

static bool pass_on(struct middle *m, int dir, int from, int to)
{
    uint8_t b[256];
    uint8_t mask = dir ? m->mask_down : m->mask_up;
    size_t at = dir ? m->at_down : m->at_up, seen = m->seen[dir];
    ssize_t n = recv(from, b, sizeof b, 0);
    if (n <= 0) {
        shutdown(to, SHUT_WR);
        return false;
    }
    if (seen + (size_t)n <= sizeof m->bytes[dir])
        memcpy(m->bytes[dir] + seen, b, (size_t)n);
    if (at >= seen && at < seen + (size_t)n)
        b[at - seen] ^= mask;
    m->seen[dir] += (size_t)n;
    (void)!send(to, b, (size_t)n, MSG_NOSIGNAL);
    return true;
}

static struct side a, b;

/* Both shake hands with M in between, until both are done. */
static void meet(struct middle *m, struct zc_security sa,
                 struct zc_security sb)
{
    struct zc_transport *ma, *mb;
    pthread_t ta, tb;
    a = (struct side){.initiator = true, .sec = sa};
    b = (struct side){.sec = sb};
    if (zc_transport_pair(&a.t, &ma, &err) ||
        zc_transport_pair(&b.t, &mb, &err))
        skip_all("%s", err.text);
    pthread_create(&ta, NULL, shake, &a);
    pthread_create(&tb, NULL, shake, &b);
    struct pollfd p[] = {{.fd = ma->poll_rfd, .events = POLLIN},
                         {.fd = mb->poll_rfd, .events = POLLIN}};
    int to[] = {mb->poll_wfd, ma->poll_wfd};
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        poll(p, 2, -1);
        for (int i = 0; i < 2; i++)
            if (p[i].fd >= 0 && p[i].revents && !pass_on(m, i, p[i].fd, to[i]))
                p[i].fd = -1;
    }
    pthread_join(ta, NULL);
    pthread_join(tb, NULL);
    zc_transport_free(ma);
    zc_transport_free(mb);
}

static void part(void)
{
    zc_transport_free(a.t);
    zc_transport_free(b.t);
    zc_secured_wipe(&a.out);
    zc_secured_wipe(&b.out);
}

static bool agree(void)
{
    return a.result == 0 && b.result == 0 && a.out.sealed == b.out.sealed &&
           a.out.suite == b.out.suite && a.out.ktls == b.out.ktls &&
           !memcmp(a.out.tx, b.out.rx, sizeof a.out.tx) &&
           !memcmp(a.out.rx, b.out.tx, sizeof a.out.rx);
}

static bool refused(const struct side *s, enum zc_exit code, const char *why)
{
    bool good = s->result == -1 && s->err.code == code &&
                strstr(s->err.text, why);
    if (!good)
        diag("%d, code %d: %s", s->result, s->err.code, s->err.text);
    return good;
}

/* --- what they agree on --- */

static void agreement(void)
{
    static const uint8_t zero[ZC_AEAD_KEY];
    struct middle m = {0};
    meet(&m, of_alice(), of_bob());
    ok(agree() && a.out.sealed, "two identities: sealed");
    is_int(a.out.suite,
           zc_suite_has_aes() ? ZC_SUITE_AESGCM : ZC_SUITE_CHACHAPOLY,
           "with what this CPU is good at");
    ok(zc_key_equal(a.out.peer_key, bob->public_key), "alice knows bob");
    ok(zc_key_equal(b.out.peer_key, alice->public_key), "bob knows alice");
    ok(memcmp(a.out.tx, a.out.rx, sizeof zero) &&
           memcmp(a.out.tx, zero, sizeof zero), "two keys");
    is_int(m.seen[0], UP, "so many bytes up");
    is_int(m.seen[1], DOWN, "and down");
    ok(!a.out.ktls, "no kernel TLS over a Unix socket");
    part();

    static const unsigned sets[] = {0, ZC_SUITE_CHACHAPOLY, ZC_SUITE_AESGCM,
                                    ZC_SUITE_CHACHAPOLY | ZC_SUITE_AESGCM};
    for (size_t i = 1; i < 16; i++) {
        struct zc_security sa = of_alice(), sb = of_bob();
        sa.suites = sets[i & 3];
        sb.suites = sets[i >> 2];
        if (!sa.suites || !sb.suites)
            continue;
        unsigned both = sa.suites & sb.suites;
        meet(&m, sa, sb);
        ok(both ? agree() && a.out.suite == (both & ZC_SUITE_AESGCM
                                                 ? ZC_SUITE_AESGCM
                                                 : ZC_SUITE_CHACHAPOLY)
                : refused(&a, ZC_EXIT_START, "no cipher") &&
                      refused(&b, ZC_EXIT_START, "no cipher"),
           "suites %u and %u", sa.suites, sb.suites);
        part();
    }
}

static void plain(void)
{
    struct middle m = {0};
    struct zc_security sa = of_alice(), sb = of_bob();
    meet(&m, zc_security_plain, zc_security_plain);
    ok(agree() && !a.out.sealed, "no identities: plain");
    is_int(m.seen[0] + m.seen[1], 2 * ZC_HELLO_SIZE, "nothing but HELLO");
    part();

    sa.plain = true;
    meet(&m, sa, zc_security_plain);
    ok(agree() && !a.out.sealed, "one that can seal, and need not");
    part();
    meet(&m, of_alice(), zc_security_plain);
    ok(refused(&a, ZC_EXIT_START, "local speaks plain only"),
       "one that must: %s", a.err.text);
    ok(refused(&b, ZC_EXIT_START, "local does not speak plain"),
       "and what the other says: %s", b.err.text);
    part();
    meet(&m, zc_security_plain, sb);
    ok(refused(&b, ZC_EXIT_START, "local speaks plain only"), "the same");
    ok(refused(&a, ZC_EXIT_START, "there is no identity"), "... reversed");
    part();

    sb.plain = true;
    meet(&m, sa, sb);
    ok(agree() && a.out.sealed, "both may: sealed");
    part();
    sb = (struct zc_security){0};
    meet(&m, sa, sb);
    ok(refused(&b, ZC_EXIT_START, "no identity"), "nothing at all: %s",
       b.err.text);
    part();
}

static void trusting(void)
{
    struct middle m = {0};
    struct zc_security sa = of_alice(), sb = of_bob();
    sa.arg = NULL;
    meet(&m, sa, sb);
    ok(refused(&a, ZC_EXIT_START, "somebody else"), "alice wants another bob");
    ok(refused(&b, ZC_EXIT_STREAM, "closed"), "bob hears nothing more");
    is_int(m.seen[0], UP - 66, "he has not learnt who she is");
    part();

    sa.trust = NULL;
    meet(&m, sa, sb);
    ok(refused(&a, ZC_EXIT_START, "no telling"),
       "whoever connects has to care");
    part();

    sa = of_alice();
    sb.trust = trust;
    meet(&m, sa, sb);
    ok(refused(&b, ZC_EXIT_START, "somebody else"), "bob wants another alice");
    part();
    sb.arg = alice->public_key;
    meet(&m, sa, sb);
    ok(agree(), "that one");
    part();
}

/* --- somebody in between --- */

/* One bit changed. True when it was noticed by one of them before anything but
 * the handshake was said, and by both unless it was in the last message. */
static bool noticed(bool up, size_t at, uint8_t mask)
{
    struct middle m = {0};
    if (up) {
        m.mask_up = mask;
        m.at_up = at;
    } else {
        m.mask_down = mask;
        m.at_down = at;
    }
    meet(&m, of_alice(), of_bob());
    bool last = up && at >= UP - 66;
    bool good = b.result == -1 && b.err.text[0] && (last || a.result == -1);
    if (!good)
        diag("%s, byte %zu, %02x: %d %s, %d %s", up ? "up" : "down", at, mask,
             a.result, a.err.text, b.result, b.err.text);
    part();
    return good;
}

static void changed_on_the_way(void)
{
    size_t got_by = 0;
    for (size_t i = 0; i < UP; i++)
        got_by += !noticed(true, i, (uint8_t)(1 << i % 8));
    is_int(got_by, 0, "any byte up, %d of them", UP);
    for (size_t i = got_by = 0; i < DOWN; i++)
        got_by += !noticed(false, i, (uint8_t)(1 << i % 8));
    is_int(got_by, 0, "any byte down, %d of them", DOWN);
    for (int up = 0; up < 2; up++) {
        for (int bit = got_by = 0; bit < 8; bit++)
            got_by += !noticed(up, 24, (uint8_t)(1 << bit));
        is_int(got_by, 0, "any bit of the security byte");
        ok(noticed(up, 16, ZC_FEATURE_KTLS), "the feature bit of kernel TLS");
        ok(noticed(up, 24, ZC_HELLO_CHACHAPOLY | ZC_HELLO_AESGCM),
           "both suites struck out");
        ok(noticed(up, 24, 7), "and plain let in");
    }
}

/* Who may do both can be made to speak plain, and only then. */
static void downgrade(void)
{
    uint8_t both = ZC_HELLO_CHACHAPOLY | ZC_HELLO_AESGCM;
    struct zc_security sa = of_alice(), sb = of_bob();
    sa.plain = sb.plain = true;
    sa.suites = sb.suites = both;
    struct middle m = {both, both, 24, 24, {0}, {{0}}};
    meet(&m, sa, sb);
    ok(agree() && !a.out.sealed, "both allow plain: it can be had");
    part();
    sb.plain = false;
    m = (struct middle){both | 4, both | 4, 24, 24, {0}, {{0}}};
    meet(&m, sa, sb);
    ok(b.result == -1, "bob does not, whatever his HELLO is made to say");
    part();
}

/* --- one side by hand --- */

static struct zc_transport *open_side(struct side *s, bool initiator,
                                      pthread_t *thread)
{
    struct zc_transport *other;
    *s = (struct side){.initiator = initiator,
                       .sec = initiator ? of_alice() : of_bob()};
    if (zc_transport_pair(&s->t, &other, &err))
        skip_all("%s", err.text);
    pthread_create(thread, NULL, shake, s);
    return other;
}

static void say(struct zc_transport *t, const void *bytes, size_t n)
{
    (void)!send(t->poll_wfd, bytes, n, MSG_NOSIGNAL);
}

static void close_side(struct side *s, pthread_t thread,
                       struct zc_transport *other)
{
    pthread_join(thread, NULL);
    zc_transport_free(other);
    zc_transport_free(s->t);
}

/* S gets BYTES and then the end. */
static void tell(struct side *s, bool initiator, const void *bytes, size_t n)
{
    pthread_t thread;
    struct zc_transport *t = open_side(s, initiator, &thread);
    say(t, bytes, n);
    shutdown(t->poll_wfd, SHUT_WR);
    close_side(s, thread, t);
}

static void cut_short(void)
{
    struct middle m = {0};
    size_t wrong = 0;
    meet(&m, of_alice(), of_bob());
    part();
    for (size_t n = 0; n < UP; n++) {
        tell(&b, false, m.bytes[0], n);
        wrong += !refused(&b, ZC_EXIT_STREAM, "closed the connection");
    }
    is_int(wrong, 0, "cut off after any byte, up");
    for (size_t n = wrong = 0; n < DOWN; n++) {
        tell(&a, true, m.bytes[1], n);
        wrong += !refused(&a, ZC_EXIT_STREAM, "closed the connection");
    }
    is_int(wrong, 0, "and down");

    tell(&b, false, m.bytes[0], UP);
    ok(refused(&b, ZC_EXIT_START, "forged"), "alice, played back to bob: %s",
       b.err.text);
    tell(&a, true, m.bytes[1], DOWN);
    ok(refused(&a, ZC_EXIT_START, "forged"), "bob, played back to alice");

    /* Messages in another order. */
    uint8_t odd[UP];
    memcpy(odd, m.bytes[0], ZC_HELLO_SIZE);
    memcpy(odd + ZC_HELLO_SIZE, m.bytes[0] + UP - 66, 66);
    memcpy(odd + ZC_HELLO_SIZE + 66, m.bytes[0] + ZC_HELLO_SIZE, 34);
    tell(&b, false, odd, sizeof odd);
    ok(refused(&b, ZC_EXIT_START, "something else"), "the third comes first");
}

static void garbage(void)
{
    uint8_t bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 131 + (i >> 3));
    for (int i = 0; i < 2; i++) {
        tell(&a, i, bytes, sizeof bytes);
        ok(refused(&a, ZC_EXIT_PROTOCOL, "zcsync protocol"), "garbage: %s",
           a.err.text);
    }

    struct zc_hello h = {1, 1, ZC_ROLE_SENDER, 0, ZC_HELLO_CHACHAPOLY, 0};
    zc_hello_encode(&h, bytes);
    tell(&b, false, bytes, sizeof bytes);
    ok(refused(&b, ZC_EXIT_START, "something else"), "garbage after HELLO: %s",
       b.err.text);
    bytes[ZC_HELLO_SIZE] = 0;
    bytes[ZC_HELLO_SIZE + 1] = 32;
    tell(&b, false, bytes, sizeof bytes);
    ok(refused(&b, ZC_EXIT_START, "something else"), "after a first message");
    memset(bytes + ZC_HELLO_SIZE + 2, 0, 32);
    tell(&b, false, bytes, sizeof bytes);
    ok(refused(&b, ZC_EXIT_START, "key"), "a key of small order: %s",
       b.err.text);

    /* Of another version: it is answered, so that it can say so, too. */
    pthread_t thread;
    uint8_t answer[ZC_HELLO_SIZE];
    struct zc_transport *t = open_side(&b, false, &thread);
    h.version = h.version_min = 0x7fff;
    zc_hello_encode(&h, bytes);
    say(t, bytes, ZC_HELLO_SIZE);
    is_int(recv(t->poll_rfd, answer, sizeof answer, MSG_WAITALL),
           ZC_HELLO_SIZE, "another version gets an answer");
    close_side(&b, thread, t);
    ok(refused(&b, ZC_EXIT_PROTOCOL, "versions"), "and is refused");
}

/* A length that is not the one that is due: not a byte behind it is taken. */
static void lengths(void)
{
    static const uint16_t bad[] = {0, 1, 31, 33, 64, 96, 256, 0x2000, 65535};
    struct zc_hello h = {1, 1, ZC_ROLE_SENDER, 0, ZC_HELLO_CHACHAPOLY, 0};
    uint8_t bytes[ZC_HELLO_SIZE + 2 + 7];
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        struct zc_transport *ours, *theirs;
        struct zc_security sec = of_bob();
        struct zc_secured out;
        if (zc_transport_pair(&ours, &theirs, &err))
            return;
        zc_hello_encode(&h, bytes);
        bytes[ZC_HELLO_SIZE] = (uint8_t)(bad[i] >> 8);
        bytes[ZC_HELLO_SIZE + 1] = (uint8_t)bad[i];
        say(theirs, bytes, sizeof bytes);
        int r = zc_handshake(ours, ZC_ROLE_RECEIVER, false, &sec, &out, &err);
        ok(r == -1 && err.code == ZC_EXIT_START, "a message of %u bytes",
           bad[i]);
        is_int(recv(ours->poll_rfd, bytes, sizeof bytes, MSG_DONTWAIT), 7,
               "what follows is left alone");
        zc_transport_free(ours);
        zc_transport_free(theirs);
    }
}

/* --- time --- */

static void in_time(void)
{
    struct zc_security sec = of_bob();
    struct zc_secured out;
    struct zc_transport *ours, *theirs;
    uint8_t bytes[ZC_HELLO_SIZE];
    struct zc_hello h = {1, 1, ZC_ROLE_SENDER, 0, ZC_HELLO_CHACHAPOLY, 0};
    zc_hello_encode(&h, bytes);
    for (int n = 0; n <= ZC_HELLO_SIZE; n += 16) {
        if (zc_transport_pair(&ours, &theirs, &err))
            return;
        sec.hello_s = sec.handshake_s = 1;
        say(theirs, bytes, (size_t)n);
        is_int(zc_handshake(ours, ZC_ROLE_RECEIVER, false, &sec, &out, &err),
               -1, "%d bytes, and silence", n);
        ok(err.code == ZC_EXIT_TIMEOUT, "%s", err.text);
        zc_transport_free(ours);
        zc_transport_free(theirs);
    }

    /* A byte comes long before the time is up, each time, and it is up all the
     * same before there are enough of them. */
    pthread_t thread;
    b = (struct side){.sec = of_bob()};
    if (zc_transport_pair(&b.t, &theirs, &err))
        return;
    b.t->timeout_ms = 300;
    pthread_create(&thread, NULL, shake, &b);
    for (int i = 0; i < ZC_HELLO_SIZE - 1; i++) {
        say(theirs, bytes + i, 1);
        poll(NULL, 0, 30);
    }
    close_side(&b, thread, theirs);
    ok(refused(&b, ZC_EXIT_TIMEOUT, "in time"), "bytes that drip in");
}

static void on_signal(int sig)
{
    (void)sig;
}

/* A stop signal of the caller's must not have to wait. */
static void interrupted(void)
{
    pthread_t thread;
    struct sigaction sa = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &sa, NULL);
    struct zc_transport *t = open_side(&a, true, &thread);
    uint8_t said[EARLY];
    recv(t->poll_rfd, said, sizeof said, MSG_WAITALL);
    for (int i = 0; i < 1000; i++) { /* it may not sleep yet */
        pthread_kill(thread, SIGUSR1);
        poll(NULL, 0, 10);
        struct pollfd p = {.fd = t->poll_rfd, .events = POLLIN};
        if (poll(&p, 1, 0) == 1) /* it hung up */
            break;
    }
    close_side(&a, thread, t);
    ok(refused(&a, ZC_EXIT_SIGNAL, "stopped"), "a signal ends it");
}

/* How many bytes SEC sends to whoever says nothing, and hangs up. */
static size_t unasked(struct zc_security sec)
{
    pthread_t thread;
    struct zc_transport *t;
    uint8_t bytes[UP];
    a = (struct side){.initiator = true, .sec = sec};
    if (zc_transport_pair(&a.t, &t, &err))
        skip_all("%s", err.text);
    pthread_create(&thread, NULL, shake, &a);
    shutdown(t->poll_wfd, SHUT_WR);
    ssize_t n = 0, got;
    while ((got = recv(t->poll_rfd, bytes, sizeof bytes, 0)) > 0)
        n += got;
    close_side(&a, thread, t);
    return (size_t)n;
}

/* Message 1 waits for no answer where it cannot be for nothing. */
static void early(void)
{
    struct zc_security sec = of_alice();
    is_int(unasked(sec), EARLY, "who must seal begins at once");
    sec.plain = true;
    is_int(unasked(sec), ZC_HELLO_SIZE, "who need not says HELLO");
    is_int(unasked(zc_security_plain), ZC_HELLO_SIZE, "as who cannot");
}

/* --- and then --- */

static void *secure(void *arg)
{
    struct side *s = arg;
    struct zc_transport *t =
        zc_shake(s->t, s->initiator ? ZC_ROLE_SENDER : ZC_ROLE_RECEIVER,
                 s->initiator, &s->sec, &s->err);
    /* At once behind the handshake, and not to be eaten by it. */
    if (t && s->initiator)
        zc_transport_send(t, &(struct iovec){"first words", 11}, 1);
    s->t = t;
    return NULL;
}

static void transports(void)
{
    static const char *const texts[] = {"plain", "ChaCha20-Poly1305",
                                        "AES-256-GCM"};
    char key[ZC_KEY_TEXT_SIZE], got[64];
    zc_key_text(alice->public_key, key);
    for (unsigned suite = 0; suite < 3; suite++) {
        pthread_t thread;
        a = (struct side){.initiator = true, .sec = of_alice()};
        b = (struct side){.sec = of_bob()};
        if (zc_transport_pair(&a.t, &b.t, &err))
            return;
        zc_transport_set_timeout(b.t, 20);
        a.sec.suites = b.sec.suites = suite;
        if (!suite)
            a.sec = b.sec = zc_security_plain;
        pthread_create(&thread, NULL, secure, &a);
        secure(&b);
        pthread_join(thread, NULL);
        if (!ok(a.t && b.t, "%s: %s%s", texts[suite], a.err.text, b.err.text))
            continue;
        is_str(a.t->security, texts[suite], "is what it says");
        is_str(b.t->peer_key, suite ? key : "", "and who it is");
        is_str(b.t->peer, "local", "and where");
        for (size_t n = 0; n < 11;) {
            ssize_t r = zc_transport_recv(b.t, got + n, 11 - n);
            if (r <= 0)
                break;
            n += (size_t)r;
        }
        ok(memcmp(got, "first words", 11) == 0, "what was said at once");
        zc_transport_free(a.t);
        zc_transport_free(b.t);
    }
}

/* How it is compressed when the peer's HELLO has these FEATURES and this byte. */
static int how(bool initiator, int ours, uint64_t features, int theirs)
{
    struct zc_transport *t, *peer;
    struct zc_secured out;
    const struct zc_security sec = {.plain = true, .compress = ours};
    struct zc_hello h = {1, 1, initiator ? ZC_ROLE_RECEIVER : ZC_ROLE_SENDER,
                         features, 0, (int8_t)theirs};
    uint8_t bytes[ZC_HELLO_SIZE];
    if (zc_transport_pair(&t, &peer, &err))
        return -1;
    zc_hello_encode(&h, bytes);
    say(peer, bytes, sizeof bytes);
    if (zc_handshake(t, initiator ? ZC_ROLE_SENDER : ZC_ROLE_RECEIVER,
                     initiator, &sec, &out, &err))
        out.compress = -1000;
    zc_transport_free(t);
    zc_transport_free(peer);
    return out.compress;
}

static void compression(void)
{
    const uint64_t can = ZC_FEATURE_COMPRESS;
    is_int(how(true, ZC_COMPRESS_AUTO, can, 0), ZC_COMPRESS_AUTO, "asked for");
    is_int(how(true, 9, can, 0), 9, "with a level");
    is_int(how(true, 9, 0, 0), 0, "of a peer that cannot");
    is_int(how(true, 0, can, 5), 0, "of one that can, and was not asked");
    is_int(how(false, 0, can, 0), ZC_COMPRESS_AUTO, "a peer asks");
    is_int(how(false, 0, can, ZC_COMPRESS_AUTO), ZC_COMPRESS_AUTO, "likewise");
    is_int(how(false, 0, can, -128), ZC_COMPRESS_LEVEL_MIN, "below all levels");
    is_int(how(false, 0, can, 126), ZC_COMPRESS_LEVEL_MAX, "above them");
    is_int(how(false, 0, 0, 5), 0, "a peer that does not ask");
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    alice = zc_identity_new(&err);
    bob = zc_identity_new(&err);
    if (!alice || !bob)
        skip_all("%s", err.text);
    agreement();
    plain();
    trusting();
    changed_on_the_way();
    downgrade();
    cut_short();
    garbage();
    lengths();
    in_time();
    interrupted();
    early();
    transports();
    compression();
    zc_identity_free(alice);
    zc_identity_free(bob);
    return done_testing();
}
