// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One entry for each share and each one who pushes there: known by the key, or in
 * plain by the address without its port, and by the origin that a mirror tells, so
 * that two mirrors of one host are two. What a receiver says of itself is in memory
 * that somebody may have broken into: texts need not end, and numbers are numbers.
 */
#include "daemon/pushers.h"

#include "base/clock.h"
#include "base/hex.h"
#include "daemon/receivers.h"

#include <stdio.h>
#include <string.h>

/* Past so many, the one that was heard of longest ago makes room. */
#define PUSHERS_MAX 256
#define ID_BYTES 6

struct pusher {
    struct zc_snap_copy said;
    bool has_origin;
    uint8_t origin[ZC_ORIGIN_SIZE];
};

typedef ZC_VEC(struct pusher) pushers;

struct zc_pushers {
    pushers v;
};

struct zc_pushers *zc_pushers_new(void)
{
    return calloc(1, sizeof(struct zc_pushers));
}

void zc_pushers_free(struct zc_pushers *p)
{
    if (!p)
        return;
    zc_vec_fini(&p->v);
    free(p);
}

/* PEER without its port, where it is an address. */
static void put_host(char out[ZC_STATUS_NAME], const char *peer)
{
    const char *end = strrchr(peer, ':');
    size_t n = end ? (size_t)(end - peer) : strlen(peer);
    snprintf(out, ZC_STATUS_NAME, "%.*s", (int)ZC_MIN(n, (size_t)255), peer);
}

/* What C is known by. False: it has opened no share to write to. */
static bool describe(struct pusher *p, const struct zc_receiver_process *c)
{
    const struct zc_receiver_note *n = c->note;
    if (!n || !atomic_load(&n->opened) || !atomic_load(&n->intake.writes))
        return false;
    *p = (struct pusher){.has_origin = n->has_origin != 0};
    if (p->has_origin) {
        memcpy(p->origin, n->origin, sizeof p->origin);
        zc_hex_put(p->said.id, p->origin, ID_BYTES);
    }
    snprintf(p->said.share, sizeof p->said.share, "%.*s",
             (int)sizeof n->share - 1, n->share);
    snprintf(p->said.key, sizeof p->said.key, "%s", c->key);
    put_host(p->said.peer, c->peer);
    return true;
}

static bool same(const struct pusher *a, const struct pusher *b)
{
    const struct zc_snap_copy *x = &a->said, *y = &b->said;
    bool who = *x->key || *y->key ? strcmp(x->key, y->key) == 0
                                  : strcmp(x->peer, y->peer) == 0;
    return who && strcmp(x->share, y->share) == 0 &&
           a->has_origin == b->has_origin &&
           memcmp(a->origin, b->origin, sizeof a->origin) == 0;
}

static struct pusher *find(pushers *v, const struct pusher *what)
{
    for (size_t i = 0; i < v->len; i++)
        if (same(&v->v[i], what))
            return &v->v[i];
    return NULL;
}

static struct pusher *oldest(pushers *v)
{
    struct pusher *old = &v->v[0];
    for (size_t i = 1; i < v->len; i++)
        if (v->v[i].said.since < old->said.since)
            old = &v->v[i];
    return old;
}

/* The entry of WHAT, a new one if need be. NULL: no memory. */
static struct pusher *entry(pushers *v, const struct pusher *what)
{
    struct pusher *p = find(v, what);
    if (p) {
        memcpy(p->said.peer, what->said.peer, sizeof p->said.peer);
        return p;
    }
    if (v->len >= PUSHERS_MAX) {
        p = oldest(v);
        *p = *what;
        return p;
    }
    return zc_vec_push(v, *what) ? NULL : &v->v[v->len - 1];
}

static void later(uint64_t *to, int64_t time)
{
    if (time > 0)
        *to = ZC_MAX(*to, (uint64_t)time);
}

/* What the receiver N says, on top of what those before it have said. */
static void add_intake(struct zc_snap_copy *s, const struct zc_intake *n)
{
    if ((uint64_t)ZC_MAX(n->ended, 0) > s->last_round)
        s->last_round_took = (uint64_t)ZC_MAX(n->took, 0);
    later(&s->last_round, n->ended);
    later(&s->compared, n->compared);
    later(&s->durable, n->durable);
    s->mirror = n->mirror != 0;
    s->rounds += n->rounds;
    s->bytes += n->bytes;
    s->created += n->created;
    s->deleted += n->deleted;
    s->errors += n->errors;
    s->errors_left = n->rounds || n->whole ? n->errors_left
                                           : s->errors_left + n->errors_left;
}

static void add_live(struct zc_snap_copy *s,
                     const struct zc_receiver_process *c)
{
    const struct zc_intake *n = &c->note->intake;
    if (s->state == ZC_COPY_AWAY || (uint64_t)c->since > s->since)
        s->since = (uint64_t)ZC_MAX(c->since, 0);
    s->sessions++;
    s->text[0] = '\0';
    if (n->began)
        s->state = n->whole ? ZC_COPY_COMPARING : ZC_COPY_RECEIVING;
    else if (s->state == ZC_COPY_AWAY)
        s->state = ZC_COPY_IDLE;
    add_intake(s, n);
}

void zc_pushers_ended(struct zc_pushers *p,
                      const struct zc_receiver_process *c)
{
    struct pusher what, *e;
    if (!describe(&what, c) || !(e = entry(&p->v, &what)))
        return;
    const struct zc_receiver_note *n = c->note;
    add_intake(&e->said, &n->intake);
    e->said.sessions++;
    e->said.since = (uint64_t)zc_clock_wall_ns();
    snprintf(e->said.text, sizeof e->said.text, "%.*s",
             atomic_load(&n->failed) ? (int)sizeof n->why - 1 : 0, n->why);
}

int zc_pushers_snapshot(const struct zc_pushers *p,
                        const struct zc_receivers *r, struct zc_snapshot *s)
{
    pushers all = {0};
    struct pusher what, *e;
    int fail = 0;
    for (size_t i = 0; i < p->v.len && !fail; i++)
        fail = zc_vec_push(&all, p->v.v[i]);
    for (size_t i = 0; i < r->v.len && !fail; i++) {
        if (!describe(&what, &r->v.v[i]))
            continue;
        e = entry(&all, &what);
        fail = !e;
        if (e)
            add_live(&e->said, &r->v.v[i]);
    }
    for (size_t i = 0; i < all.len && !fail; i++)
        fail = zc_vec_push(&s->copies, all.v[i].said);
    zc_vec_fini(&all);
    return fail ? -1 : 0;
}
