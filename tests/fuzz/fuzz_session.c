// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whole sessions: a real sender or receiver, dialling or dialled, plain or
 * behind the handshake, and at the other end a peer that says what the input
 * says (session_peer.h). The first byte chooses which;
 * tests/tools/record-sessions.pl makes the seeds of real sessions.
 *
 * Whatever the peer says: no crash and nothing for the sanitizers, an end in time,
 * a sentence if it is not a good one, and no byte changed but in the share
 * (session_place.h). How much memory it takes is for libFuzzer to bound.
 */
#include "session_peer.h"
#include "session_place.h"

#include "receiver/receive.h"
#include "sender/serve.h"
#include "sender/session.h"


#define TIME_MAX_S 60

enum {
    SENDS = 1 << 0,   /* we send, the peer receives; else the other way round */
    PULL = 1 << 1,    /* whoever receives has dialled */
    SEALED = 1 << 2,
    OLD = 1 << 3,     /* the peer knows neither digests nor deltas */
    ROUNDS = 1 << 4,  /* we send as a mirror does */
    DELETE = 1 << 5,
    CHECKSUM = 1 << 6,
    DELTA = 1 << 7,   /* bytes cost more than looking for what is there */
};

struct victim {
    uint8_t mode;
    struct zc_transport *t;
    const struct zc_security *security;
    bool ended_well;
    struct zc_err err;
};

static int anybody(void *arg, const uint8_t key[ZC_KEY_SIZE], struct zc_err *err)
{
    (void)arg;
    (void)key;
    (void)err;
    return 0;
}

static struct zc_identity *identity(void)
{
    static const char text[] =
        "zcsync-private-key-v1:dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=\n";
    struct zc_err err;
    struct zc_identity *id = zc_identity_parse("fuzz", text, sizeof text - 1,
                                               &err);
    if (!id)
        abort();
    return id;
}

/* What a puller's peer tells: as good as any. */
static int hear(void *arg, unsigned type, struct zc_bytes body)
{
    (void)arg;
    (void)type;
    (void)body;
    return 0;
}

static void options(const struct victim *v, struct zc_options *o)
{
    zc_options_init(o);
    o->src = place_in_src;
    o->share = "www";
    o->path = "";
    o->threads = 2;
    o->fsync = ZC_FSYNC_NONE;
    o->del = o->want_items = v->mode & DELETE;
    o->checksum = v->mode & CHECKSUM;
    o->rounds = v->mode & ROUNDS;
    o->delta_always = v->mode & DELTA;
}

/* We have dialled, to send: one round, and as a mirror another one about names. */
static int push(struct victim *v)
{
    static const struct zc_round_name names[] = {
        {"dir", ZC_CHANGE_NAME | ZC_CHANGE_DEEP},
        {"gone", ZC_CHANGE_NAME},
        {"small", ZC_CHANGE_DATA}};
    static const struct zc_round_dir top = {
        .path = "", .names = names, .n = ZC_ARRAY_LEN(names)};
    static const struct zc_round_rename renames[] = {{"old", "small", false}};
    const struct zc_round rounds[] = {
        {.all = true},
        {.renames = renames, .n_renames = 1, .dirs = &top, .n_dirs = 1}};
    const struct zc_source source = zc_source_path(place_in_src, NULL);
    struct zc_stats stats;
    struct zc_options opt;
    memset(&stats, 0, sizeof stats);
    options(v, &opt);
    if (!(v->mode & ROUNDS))
        return (int)zc_push_run(v->t, &source, &opt, NULL, &stats, NULL,
                                &v->err);
    struct zc_session *s = zc_session_open(v->t, &source, &opt, NULL, &stats,
                                           &v->err);
    int code = s ? 0 : (int)v->err.code;
    for (size_t i = 0; s && i < ZC_ARRAY_LEN(rounds) && !code; i++)
        code = (int)zc_session_round(s, &rounds[i], &v->err);
    zc_session_close(s);
    return code;
}

static int pull(struct victim *v)
{
    struct zc_options opt;
    const struct zc_pull how = {.dest = place_in_share, .threads = 2, .tell = hear};
    options(v, &opt);
    return zc_receive_from(v->t, &opt, &how, &v->err);
}

/* The peer has dialled. */
static int serve(struct victim *v)
{
    const bool sends = v->mode & SENDS;
    const struct zc_identity *id = v->security->identity; /* both ends' */
    const struct zc_share share = {
        .name = "www", .path = sends ? place_in_src : place_in_share, .read_only = sends,
        .readable = sends,
        .keys = v->mode & SEALED ? &id->public_key : NULL,
        .n_keys = v->mode & SEALED ? 1 : 0};
    const struct zc_accept_options opt = {
        .shares = &share, .n_shares = 1, .threads = 2,
        .peer_key = v->mode & SEALED ? id->public_key : NULL};
    return sends ? zc_source_run(v->t, &opt, &v->err)
                 : zc_receive_run(v->t, &opt, &v->err);
}

static bool dials(uint8_t mode)
{
    return !(mode & SENDS) == !!(mode & PULL);
}

static void *victim_main(void *arg)
{
    struct victim *v = arg;
    v->t = zc_shake(v->t, v->mode & SENDS ? ZC_ROLE_SENDER : ZC_ROLE_RECEIVER,
                    dials(v->mode), v->security, &v->err);
    if (!v->t)
        return NULL;
    v->t->near = !(v->mode & DELTA);
    if (v->mode & OLD)
        v->t->features &= ~(ZC_FEATURE_DELTA | ZC_FEATURE_DIGESTS);
    int r = !dials(v->mode) ? serve(v) : v->mode & SENDS ? push(v) : pull(v);
    /* what could not be done with single entries has been told by itself */
    v->ended_well = r == 0 || r == ZC_EXIT_PARTIAL || r == ZC_EXIT_VANISHED;
    zc_transport_free(v->t);
    return NULL;
}

/* Both ends, until they have ended. */
static void session(struct victim *v, struct peer *p)
{
    pthread_t a, b;
    struct timespec end;
    if (pthread_create(&a, NULL, victim_main, v) != 0 ||
        pthread_create(&b, NULL, peer_main, p) != 0)
        abort();
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += TIME_MAX_S;
    if (pthread_timedjoin_np(a, NULL, &end) != 0)
        abort(); /* it does not end */
    pthread_join(b, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct zc_security security = {.no_ktls = true, .trust = anybody};
    if (size < 1)
        return 0;
    if (place_fd < 0) {
        security.identity = identity();
        place_make();
    }
    place_share();
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
        abort();
    const struct zc_security *how =
        data[0] & SEALED ? &security : &zc_security_plain;
    struct victim v = {.mode = data[0], .security = how,
                       .t = zc_transport_new_fds(fds[0], fds[0], "peer")};
    struct peer p = {.security = how,
                     .role = data[0] & SENDS ? ZC_ROLE_RECEIVER : ZC_ROLE_SENDER,
                     .dials = !dials(data[0]), .data = data + 1,
                     .size = size - 1,
                     .t = zc_transport_new_fds(fds[1], fds[1], "victim")};
    if (!v.t || !p.t)
        abort();
    session(&v, &p);
    if (!v.ended_well && !v.err.text[0])
        abort();
    if (!place_untouched())
        abort();
    return 0;
}
