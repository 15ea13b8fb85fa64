// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The receiver's reader: takes messages off the socket until DONE. What the
 * sender sends is checked here for being allowed at all (is this list, this
 * directory, this entry open?) before any worker sees it.
 */
#include "receiver/reader.h"

#include "base/clock.h"
#include "receiver/anchor.h"
#include "receiver/asked.h"
#include "receiver/big.h"
#include "receiver/core.h"
#include "receiver/digests.h"
#include "receiver/dirs.h"
#include "receiver/files.h"
#include "receiver/lists.h"
#include "receiver/moved.h"
#include "receiver/names.h"
#include "receiver/pull.h"
#include "receiver/queue.h"
#include "receiver/survey.h"
#include "receiver/walk.h"
#include "session/told.h"

#include <string.h>
#include <sys/stat.h>

/* Bytes of its own answers that the reader gathers while more is coming in. */
#define ANSWERS_MAX (32 * ZC_KIB)

/* The directory that list M is about; checks that it may be listed now. */
static struct zc_rdir *dir_to_list(struct zc_receiver *r,
                                   const struct zc_msg_list *m,
                                   struct zc_err *err)
{
    bool groups = m->flags & ZC_LIST_GROUPS, untimely = false;
    pthread_mutex_lock(&r->lock);
    struct zc_rdir *d = zc_map_get(&r->dirs->by_ref, m->dir.list,
                                   m->dir.index);
    if (d && d->list_over)
        d = NULL;
    /* Of the root, where there are digests, groups come first. */
    if (d && groups)
        untimely = !r->digests->table || d->grouped || d->listing;
    else if (d)
        untimely = d->grouped ? !d->answered
                              : d->digest && !zc_rdigests_over(r);
    if (d && m->flags & ZC_LIST_LAST)
        d->list_over = true;
    bool full = zc_ledger_full(r->ledger) || zc_moved_full(r);
    pthread_mutex_unlock(&r->lock);
    if (!d)
        zc_receiver_nonsense(err, "it lists a directory that was not asked "
                                  "for");
    if (untimely) {
        zc_receiver_nonsense(err, "a list and groups of it out of turn");
        return NULL;
    }
    if (d) {
        d->grouped |= groups;
        d->listing |= !groups;
    }
    if (full) {
        zc_receiver_nonsense(err, "too much is left unfinished");
        return NULL;
    }
    return d;
}

/* LIST 0 is the root's entry: answered at once. */
static int root_list(struct zc_receiver *r, struct zc_msg_list *m,
                     struct zc_err *err)
{
    struct zc_entry e, prev = {0};
    if (zc_list_next(m, &prev, &e, err) || zc_list_ended(m, err) ||
        zc_asked_root(r, &e, err))
        return -1;
    struct zc_bytes here = {NULL, 0};
    struct zc_rdir *root = zc_rdir_new_top(r, here, &e, (struct zc_ref){0, 0});
    if (!root)
        return zc_err_errno(err, "look at the root of the destination");
    struct zc_rlist *list = zc_rlist_new(r, 0, root);
    if (!list)
        return zc_err_nomem(err);
    r->round.full = true;
    atomic_store(&r->intake->whole, true);
    atomic_store(&r->intake->errors_left, 0);
    if (m->flags & ZC_LIST_DIGESTS &&
        !(r->conn.t->features & ZC_FEATURE_DIGESTS))
        return zc_receiver_nonsense(err, "digests, of which HELLO knew nothing");
    if (m->flags & ZC_LIST_DIGESTS &&
        zc_rdigests_begin(r, root, &r->reader->out) &&
        zc_rsurvey_begin(r, root))
        return zc_err_nomem(err);
    zc_walk_top(r->reader, root, list, &e);
    return 0;
}

static int on_list(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_slab *slab, struct zc_err *err)
{
    struct zc_msg_list m;
    if (zc_list_decode(body, &m, err))
        return -1;
    if (m.list != r->round.next_list)
        return zc_receiver_nonsense(err, "lists are not numbered in order");
    r->round.next_list++;
    if (m.list == 0)
        return root_list(r, &m, err);
    struct zc_rdir *d = dir_to_list(r, &m, err);
    if (!d)
        return -1;
    struct zc_work work = {.kind = ZC_WORK_LIST,
                           .slab = slab,
                           .p = body.p,
                           .n = body.n,
                           .list = zc_rlist_new(r, m.list, d),
                           .line = &d->lists};
    if (!work.list)
        return zc_err_nomem(err);
    if (m.flags & ZC_LIST_GROUPS && d->top)
        return zc_rsurvey_hold(r, &work);
    if (d->shallow && zc_names_eager(r, work.list, m, err))
        return -1;
    if (!d->shallow || r->dry)
        return zc_queue_put(r, &work);
    /* A few names, and a peer that waits: at once, without a change of threads,
     * unless the one before was put aside. */
    pthread_mutex_lock(&r->lock);
    bool in_line = d->lists.busy;
    pthread_mutex_unlock(&r->lock);
    if (in_line)
        return zc_queue_put(r, &work);
    zc_walk_list(r->reader, &work);
    return 0;
}

/* A run of small files of one list, all in one slab. */
struct file_run {
    struct zc_work work;
    uint32_t list;
    unsigned count;
};

/* Nothing else is to be done: what came can as well be done by this thread. */
static bool all_idle(struct zc_receiver *r)
{
    if (zc_conn_has_bytes(&r->conn))
        return false;
    pthread_mutex_lock(&r->lock);
    bool idle = zc_queue_idle(r);
    pthread_mutex_unlock(&r->lock);
    return idle;
}

static int run_flush(struct zc_receiver *r, struct file_run *run,
                     struct zc_err *err)
{
    if (!run->count)
        return 0;
    run->work.list = zc_rlist_claim(r, run->list, run->count, err);
    run->count = 0;
    int fail = -1;
    if (run->work.list && run->work.list->dir->shallow && all_idle(r)) {
        zc_files_write(r->reader, &run->work);
        fail = 0;
    } else if (run->work.list) {
        fail = zc_queue_put(r, &run->work);
    }
    zc_slab_unref(run->work.slab);
    return fail;
}

/* A FILE with its bytes in it joins the run, or starts a new one. */
static int run_add(struct zc_receiver *r, struct file_run *run, uint32_t list,
                   struct zc_bytes frame, struct zc_slab *slab,
                   struct zc_err *err)
{
    struct zc_work *w = &run->work;
    bool joins = run->count && run->list == list && w->slab == slab &&
                 w->p + w->n == frame.p && w->n < ZC_SLAB_SIZE / 4;
    if (!joins) {
        if (run_flush(r, run, err))
            return -1;
        *w = (struct zc_work){.kind = ZC_WORK_FILES,
                              .slab = slab,
                              .p = frame.p};
        run->list = list;
        zc_slab_ref(slab); /* its bytes must stay where they are */
    }
    w->n += frame.n;
    run->count++;
    return 0;
}

static int on_file(struct zc_receiver *r, struct file_run *run,
                   struct zc_bytes body, struct zc_slab *slab,
                   struct zc_err *err)
{
    struct zc_file_peek file = zc_file_peek(body);
    if (r->dry)
        return zc_receiver_nonsense(err, "it sends a file in a dry run");
    if (file.flags & ZC_FILE_INLINE)
        return run_add(r, run, file.list, zc_frame_around(body), slab, err);
    return run_flush(r, run, err) || zc_rbig_begin(r, body, err) ? -1 : 0;
}

static int on_meta(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_slab *slab, struct zc_err *err)
{
    struct zc_file_peek meta = zc_file_peek(body);
    struct zc_work work = {.kind = ZC_WORK_META, .slab = slab,
                            .p = body.p, .n = body.n};
    work.list = S_ISDIR(meta.mode) ? zc_rlist_claim_meta(r, meta.list, err)
                                   : zc_rlist_claim(r, meta.list, 1, err);
    return work.list ? zc_queue_put(r, &work) : -1;
}

static int on_idname(struct zc_receiver *r, struct zc_bytes body,
                     struct zc_err *err)
{
    struct zc_msg_idname m;
    if (zc_idname_decode(body, &m, err))
        return -1;
    if (zc_idmap_learn(r->ids, (enum zc_id_kind)m.kind, m.id,
                       (const char *)m.name.p, m.name.n))
        return zc_err_nomem(err);
    return 0;
}

/* A word for the user, who is at this end where we have dialled. */
static int on_told(struct zc_receiver *r, unsigned type, struct zc_bytes body,
                   struct zc_err *err)
{
    if (!r->pull)
        return zc_receiver_nonsense(err, "a message of an unknown type");
    if (r->pull->tell(r->pull->arg, type, body))
        return zc_err_set(err, ZC_EXIT_SIGNAL, 0,
                          "nobody is left to be told what happens");
    return 0;
}

/* 1: DONE has come. */
static int dispatch(struct zc_receiver *r, struct file_run *run,
                    struct zc_mover *mover, const struct zc_frame *f,
                    struct zc_bytes body, struct zc_slab *slab,
                    struct zc_err *err)
{
    if (f->type == ZC_FRAME_FILE)
        return on_file(r, run, body, slab, err);
    if (run_flush(r, run, err))
        return -1;
    switch (f->type) {
    case ZC_FRAME_LIST:
        return on_list(r, body, slab, err);
    case ZC_FRAME_AT:
        return zc_names_on_at(r, body, err);
    case ZC_FRAME_RENAME:
        return zc_names_on_rename(r, body, err);
    case ZC_FRAME_DATA:
        return zc_rbig_data(r, mover, body, err);
    case ZC_FRAME_ASK:
    case ZC_FRAME_COPY:
    case ZC_FRAME_PATCH:
        return zc_rbig_delta(r, f->type, body, err);
    case ZC_FRAME_SENT:
        return zc_rbig_sent(r, body, err);
    case ZC_FRAME_END:
        return zc_rbig_end(r, body, err);
    case ZC_FRAME_META:
        return on_meta(r, body, slab, err);
    case ZC_FRAME_IDNAME:
        return on_idname(r, body, err);
    case ZC_FRAME_PING:
        return body.n ? zc_receiver_nonsense(err, "a PING with something in it")
                      : 0;
    case ZC_FRAME_DONE:
        return zc_done_decode(body, &r->round.done_flags, err) ? -1 : 1;
    case ZC_FRAME_ERROR:
        r->line.given_up = true;
        return zc_conn_peer_error(&r->conn, body, err);
    case ZC_FRAME_ITEM:
    case ZC_FRAME_TROUBLE:
    case ZC_FRAME_STATS:
        return on_told(r, f->type, body, err);
    default:
        return zc_receiver_nonsense(err, "a message of an unknown type");
    }
}

int zc_receiver_hear_out(struct zc_receiver *r, struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    for (;;) {
        if (zc_conn_recv(&r->conn, false, &f, &body, &slab, err))
            return -1;
        if (f.type == ZC_FRAME_PING)
            continue;
        if (f.type == ZC_FRAME_ERROR)
            return zc_conn_peer_error(&r->conn, body, err);
        if (!zc_told_is(f.type))
            return zc_receiver_nonsense(err, "it goes on after the end");
        if (f.type == ZC_FRAME_VERDICT && !atomic_load(&r->line.finished))
            return zc_receiver_nonsense(err, "it knows how it ended before it "
                                             "has");
        if (on_told(r, f.type, body, err))
            return -1;
        if (f.type == ZC_FRAME_VERDICT)
            return 0;
    }
}

/* Whether F begins a round about some names, and not about everything, or
 * nothing, as for who wants to know whether all is there. */
static bool is_about_names(const struct zc_frame *f)
{
    return f->type == ZC_FRAME_AT || f->type == ZC_FRAME_RENAME;
}

/* The first message of a round: is there still a place for what is to come? Of
 * what is mounted there the kernel tells soon enough for a few NAMES. */
static int round_begins(struct zc_receiver *r, bool names, struct zc_err *err)
{
    atomic_store(&r->line.in_round, true);
    atomic_store(&r->intake->began, zc_clock_wall_ns());
    if (atomic_load(&r->line.asleep)) {
        pthread_mutex_lock(&r->lock);
        pthread_cond_broadcast(&r->wake.over);
        pthread_mutex_unlock(&r->lock);
    }
    return zc_anchor_check(r, !names, err);
}

/* The next message. Before a round there may be none for days: then the
 * time-out is taken away until there is one. */
static int next_frame(struct zc_receiver *r, struct zc_frame *f,
                      struct zc_bytes *body, struct zc_slab **slab,
                      struct zc_err *err)
{
    int ms = r->conn.t->timeout_ms;
    while (zc_conn_recv(&r->conn, zc_rbigs_receiving(r), f, body, slab, err)) {
        if (err->code != ZC_EXIT_TIMEOUT || atomic_load(&r->line.in_round) ||
            !r->conn.t->timeout_ms || zc_conn_has_bytes(&r->conn))
            return -1;
        zc_transport_set_timeout(r->conn.t, 0);
    }
    if (r->conn.t->timeout_ms != ms)
        zc_transport_set_timeout(r->conn.t, (unsigned)ms / 1000);
    if (f->type != ZC_FRAME_PING && !atomic_load(&r->line.in_round))
        return round_begins(r, is_about_names(f), err);
    return 0;
}

int zc_receiver_read(struct zc_receiver *r, struct zc_err *err)
{
    struct file_run run = {0};
    struct zc_mover mover;
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    int got = 0;
    zc_mover_init(&mover, zc_terms_mover(&r->terms));
    mover.past_cache = r->apply & ZC_APPLY_DROP_CACHE;
    while (!got && !atomic_load_explicit(&r->failed, memory_order_relaxed)) {
        bool last = !zc_conn_has_bytes(&r->conn);
        if (last && run_flush(r, &run, err))
            break;
        if (last)
            zc_rworker_flush(r->reader);
        if (next_frame(r, &f, &body, &slab, err))
            got = -1;
        else
            got = dispatch(r, &run, &mover, &f, body, slab, err);
        atomic_store_explicit(&r->intake->bytes, zc_conn_wire_in(&r->conn),
                              memory_order_relaxed);
        atomic_store_explicit(&r->last_input, zc_clock_ns(),
                              memory_order_relaxed);
        if (r->reader->out.len >= ANSWERS_MAX)
            zc_rworker_flush(r->reader);
    }
    struct zc_err ignored;
    if (got < 0 && zc_receiver_is_left(r, err))
        run_flush(r, &run, &ignored);
    else if (run.count)
        zc_slab_unref(run.work.slab);
    zc_mover_fini(&mover);
    return got > 0 ? 0 : -1;
}

