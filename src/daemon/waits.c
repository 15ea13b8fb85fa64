// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A flat list of questions, each of one client to one watcher; a client is done
 * when all of its questions are. Few wait at a time, so the list is walked.
 */
#include "daemon/waits.h"

#include <stdio.h>
#include <string.h>

struct question {
    uint64_t id, client;
    enum zc_mirror_verb verb;
    char *mirror, *peer; /* peer NULL: all */
    char *path;          /* to be rescanned, or NULL */
    bool all;            /* one of those for all mirrors */
    bool asked, done;
};

struct zc_waits {
    struct zc_mirrors *const *mirrors;
    struct zc_control *const *control;
    struct zc_conf *const *conf;
    uint64_t last_id; /* 0 is the watchdog's */
    ZC_VEC(struct question) v;
};

struct zc_waits *zc_waits_new(struct zc_mirrors *const *mirrors,
                              struct zc_control *const *control,
                              struct zc_conf *const *conf)
{
    struct zc_waits *w = calloc(1, sizeof *w);
    if (w) {
        w->mirrors = mirrors;
        w->control = control;
        w->conf = conf;
    }
    return w;
}

static void forget_at(struct zc_waits *w, size_t i)
{
    free(w->v.v[i].mirror);
    free(w->v.v[i].peer);
    free(w->v.v[i].path);
    w->v.v[i] = w->v.v[--w->v.len];
}

static void forget_client(struct zc_waits *w, uint64_t client)
{
    for (size_t i = w->v.len; i-- > 0;)
        if (w->v.v[i].client == client)
            forget_at(w, i);
}

void zc_waits_free(struct zc_waits *w)
{
    if (!w)
        return;
    while (w->v.len)
        forget_at(w, w->v.len - 1);
    zc_vec_fini(&w->v);
    free(w);
}

size_t zc_waits_clients(const struct zc_waits *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->v.len; i++) {
        size_t k = 0;
        while (w->v.v[k].client != w->v.v[i].client)
            k++;
        n += k == i; /* its first question */
    }
    return n;
}

static const struct zc_conf_mirror *find_mirror(const struct zc_waits *w,
                                                const char *name, size_t n)
{
    const struct zc_conf *c = *w->conf;
    for (size_t i = 0; i < c->mirrors.len; i++)
        if (strlen(c->mirrors.v[i].name) == n &&
            memcmp(c->mirrors.v[i].name, name, n) == 0)
            return &c->mirrors.v[i];
    return NULL;
}

/* The index of the destination written as TEXT; -1: there is none. */
static int32_t find_peer(const struct zc_conf_mirror *m, const char *text)
{
    for (size_t i = 0; i < m->to.len; i++)
        if (strcmp(m->to.v[i].text, text) == 0)
            return (int32_t)i;
    return -1;
}

/* "web2" is a short form of "web2::www". */
static bool names(const char *word, const char *text)
{
    size_t n = strlen(word);
    return strncmp(text, word, n) == 0 &&
           (!text[n] || strncmp(text + n, "::", 2) == 0);
}

static void tell(struct zc_waits *w, const struct question *q,
                 const char *text)
{
    char name[2 * ZC_STATUS_NAME + 2];
    snprintf(name, sizeof name, "%.255s%s%.255s", q->mirror, q->peer ? "@" : "",
             q->peer ? q->peer : "");
    zc_control_waiting(*w->control, q->client, name, text);
}

/* What is kept of a pause for watchers to come is all there is to do about it
 * while there is none. */
static bool is_noted(const struct zc_waits *w, const struct question *q)
{
    if (q->verb != ZC_MIRROR_PAUSE && q->verb != ZC_MIRROR_RESUME)
        return false;
    return !zc_mirrors_has_process(*w->mirrors, q->mirror);
}

static void ask(struct zc_waits *w, struct question *q)
{
    const struct zc_conf_mirror *m = find_mirror(w, q->mirror,
                                                 strlen(q->mirror));
    struct zc_mirror_request r = {.id = q->id, .peer = -1, .verb = q->verb};
    if (m && is_noted(w, q)) {
        q->done = true;
        return;
    }
    if (q->path)
        snprintf(r.path, sizeof r.path, "%s", q->path);
    if (m && q->peer)
        r.peer = find_peer(m, q->peer);
    /* A peer that is not there any more is no reason to wait for ever, but
     * none to say it is durable there either: zc_waits_askable sees to it. */
    q->asked = m && (!q->peer || r.peer >= 0) &&
               zc_mirrors_ask(*w->mirrors, q->mirror, &r);
    if (!q->asked)
        tell(w, q, "the mirror's process is not running");
}

/* Ends what CLIENT waits for, if that is all done. */
static void check_done(struct zc_waits *w, uint64_t client)
{
    for (size_t i = 0; i < w->v.len; i++)
        if (w->v.v[i].client == client && !w->v.v[i].done)
            return;
    forget_client(w, client);
    zc_control_done(*w->control, client);
}

static int add_one(struct zc_waits *w, uint64_t client, const char *mirror,
                   const char *peer, bool all)
{
    struct question q = {
        .id = ++w->last_id,
        .client = client,
        .verb = ZC_MIRROR_WAIT,
        .mirror = strdup(mirror),
        .peer = peer ? strdup(peer) : NULL,
        .all = all,
    };
    if (q.mirror && (!peer || q.peer) && zc_vec_push(&w->v, q) == 0)
        return 0;
    free(q.mirror);
    free(q.peer);
    return -1;
}

/* MIRROR or MIRROR@PEER. The names of both may have an '@' in them. */
static int add_named(struct zc_waits *w, uint64_t client, const char *what,
                     struct zc_err *err)
{
    const struct zc_conf_mirror *m = find_mirror(w, what, strlen(what));
    if (m)
        return add_one(w, client, m->name, NULL, false) ? zc_err_nomem(err) : 0;
    const char *at = what;
    while (!m && (at = strchr(at, '@'))) {
        m = find_mirror(w, what, (size_t)(at - what));
        at++;
    }
    if (!m)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "there is no mirror '%.300s'",
                          what);
    bool any = false;
    for (size_t i = 0; i < m->to.len; i++) {
        if (!names(at, m->to.v[i].text))
            continue;
        any = true;
        if (add_one(w, client, m->name, m->to.v[i].text, false))
            return zc_err_nomem(err);
    }
    if (!any)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "mirror %.200s has no peer '%.300s'", m->name, at);
    return 0;
}

static int add_all(struct zc_waits *w, uint64_t client, struct zc_err *err)
{
    const struct zc_conf *c = *w->conf;
    for (size_t i = 0; i < c->mirrors.len; i++)
        if (add_one(w, client, c->mirrors.v[i].name, NULL, true))
            return zc_err_nomem(err);
    return 0;
}

static enum zc_mirror_verb mirror_verb(enum zc_control_verb verb)
{
    switch (verb) {
    case ZC_CONTROL_PAUSE:
        return ZC_MIRROR_PAUSE;
    case ZC_CONTROL_RESUME:
        return ZC_MIRROR_RESUME;
    case ZC_CONTROL_RELEASE:
        return ZC_MIRROR_RELEASE;
    case ZC_CONTROL_RESCAN:
        return ZC_MIRROR_RESCAN;
    case ZC_CONTROL_VERIFY:
        return ZC_MIRROR_VERIFY;
    default:
        return ZC_MIRROR_WAIT;
    }
}

/* Keeps a pause, or its end, for watchers that are started later. */
static int note_pause(struct zc_waits *w, const struct question *q,
                      struct zc_err *err)
{
    if (q->verb != ZC_MIRROR_PAUSE && q->verb != ZC_MIRROR_RESUME)
        return 0;
    return zc_mirrors_pause(*w->mirrors, q->mirror, q->peer,
                            q->verb == ZC_MIRROR_PAUSE)
               ? zc_err_nomem(err)
               : 0;
}

int zc_waits_add(struct zc_waits *w, uint64_t client,
                 const struct zc_control_request *r, struct zc_err *err)
{
    int fail = *r->what ? add_named(w, client, r->what, err)
                        : add_all(w, client, err);
    for (size_t i = 0; i < w->v.len && !fail; i++) {
        if (w->v.v[i].client != client)
            continue;
        w->v.v[i].verb = mirror_verb(r->verb);
        fail = note_pause(w, &w->v.v[i], err);
        if (*r->path && !(w->v.v[i].path = strdup(r->path)))
            fail = zc_err_nomem(err);
    }
    if (fail) {
        forget_client(w, client);
        return -1;
    }
    for (size_t i = 0; i < w->v.len; i++)
        if (w->v.v[i].client == client)
            ask(w, &w->v.v[i]);
    check_done(w, client);
    return 0;
}

void zc_waits_cancel(struct zc_waits *w, uint64_t client)
{
    for (size_t i = 0; i < w->v.len; i++) {
        const struct question *q = &w->v.v[i];
        const struct zc_mirror_request r = {.id = q->id,
                                            .verb = ZC_MIRROR_CANCEL};
        if (q->client == client && q->asked && !q->done)
            (void)zc_mirrors_ask(*w->mirrors, q->mirror, &r);
    }
    forget_client(w, client);
}

/* Ends what CLIENT waits for: it cannot be. */
static void fail_client(struct zc_waits *w, uint64_t client,
                        const struct zc_err *why)
{
    forget_client(w, client);
    zc_control_fail(*w->control, client, why);
}

void zc_waits_answer(struct zc_waits *w, const char *mirror,
                     const struct zc_mirror_answer *a)
{
    for (size_t i = 0; i < w->v.len; i++) {
        struct question *q = &w->v.v[i];
        if (q->id != a->id || q->done || strcmp(q->mirror, mirror) != 0)
            continue;
        if (a->code) {
            struct zc_err why;
            zc_err_set(&why, (enum zc_exit)a->code, 0, "%s: %s", q->mirror,
                       a->missing);
            fail_client(w, q->client, &why);
            return;
        }
        q->done = a->done;
        tell(w, q, a->done ? "" : a->missing);
        if (q->done)
            check_done(w, q->client);
        return;
    }
}

/* Q's mirror, or its peer, is not configured any more. */
static void fail(struct zc_waits *w, size_t i)
{
    struct question *q = &w->v.v[i];
    uint64_t client = q->client;
    struct zc_err err;
    if (q->all) {
        forget_at(w, i);
        check_done(w, client);
        return;
    }
    zc_err_set(&err, ZC_EXIT_USAGE, 0,
               "%.200s%s%.300s is not configured any more", q->mirror,
               q->peer ? "@" : "", q->peer ? q->peer : "");
    fail_client(w, client, &err);
}

/* The first open question to MIRROR from index I on. */
static size_t next_to(const struct zc_waits *w, const char *mirror, size_t i)
{
    while (i < w->v.len && (w->v.v[i].done ||
                            strcmp(w->v.v[i].mirror, mirror) != 0))
        i++;
    return i;
}

void zc_waits_askable(struct zc_waits *w, const char *mirror, bool anew)
{
    const struct zc_conf_mirror *m = find_mirror(w, mirror, strlen(mirror));
    for (size_t i = 0; (i = next_to(w, mirror, i)) < w->v.len;) {
        struct question *q = &w->v.v[i];
        if (!m || (q->peer && find_peer(m, q->peer) < 0)) {
            fail(w, i);
            i = 0; /* others may have gone with it */
            continue;
        }
        if (anew || !q->asked)
            ask(w, q);
        i++;
    }
}

void zc_waits_removed(struct zc_waits *w, const char *mirror)
{
    for (size_t i; (i = next_to(w, mirror, 0)) < w->v.len;)
        fail(w, i);
}
