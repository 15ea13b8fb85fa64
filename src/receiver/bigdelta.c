// SPDX-License-Identifier: GPL-2.0-or-later
/* Of a file that comes in ranges, what is not sent: ASK, COPY and PATCH, and who
 * works at what they ask for; see big.h. */
#include "receiver/big.h"

#include "base/io.h"
#include "receiver/bigfile.h"
#include "receiver/core.h"
#include "receiver/delta.h"
#include "receiver/dirs.h"
#include "receiver/queue.h"

void zc_rbig_drop_retried(struct zc_rworker *w, struct zc_rbig *b)
{
    struct zc_rdir *d = b->dir;
    zc_rbig_free(w->r, b);
    zc_rdir_drop(w, d);
}

/* Somebody does the jobs in LANE of B: W, where there is nobody else. */
static void hand_out(struct zc_rworker *w, struct zc_rbig *b,
                     enum zc_rdelta_lane lane)
{
    struct zc_work work = {.kind = lane == ZC_RDELTA_ASKS ? ZC_WORK_ASKS
                                                          : ZC_WORK_COPIES,
                           .big = b};
    if (!zc_queue_put_aside(w->r, &work))
        zc_rbig_jobs(w, b, lane);
}

/* True: it is time for others. */
static bool work_on(struct zc_rworker *w, struct zc_rbig *b,
                    enum zc_rdelta_lane lane, enum zc_rdelta_state *state)
{
    struct zc_work work = {.kind = lane == ZC_RDELTA_ASKS ? ZC_WORK_ASKS
                                                          : ZC_WORK_COPIES,
                           .big = b};
    for (;;) {
        *state = zc_rdelta_work(w, b->delta, lane);
        if (*state == ZC_RDELTA_WAKE)
            hand_out(w, b, ZC_RDELTA_ASKS);
        else if (*state != ZC_RDELTA_MORE)
            return false;
        else if (zc_queue_put_aside(w->r, &work))
            return true;
        if (w->r->stopping) {
            *state = ZC_RDELTA_MORE;
            return false;
        }
    }
}

void zc_rbig_jobs(struct zc_rworker *w, struct zc_rbig *b,
                  enum zc_rdelta_lane lane)
{
    enum zc_rdelta_state state;
    if (work_on(w, b, lane, &state))
        return;
    if (state == ZC_RDELTA_MORE)
        zc_rbig_drop_jobs(w->r, b, lane);
    else if (state == ZC_RDELTA_ENDED && b->verdict == ZC_VERDICT_RETRY)
        zc_rbig_drop_retried(w, b);
    else if (state == ZC_RDELTA_ENDED)
        zc_rbig_finish(w, b);
}

/* Who is not the reader's any more is nobody's. */
void zc_rbig_drop_jobs(struct zc_receiver *r, struct zc_rbig *b,
                       enum zc_rdelta_lane lane)
{
    if (zc_rdelta_leave(r, b->delta, lane))
        zc_rbig_broken_off(r, b);
}

/* The first job of B in LANE for a while, if there is none already. */
static int start_jobs(struct zc_receiver *r, struct zc_rbig *b,
                      enum zc_rdelta_lane lane, int added)
{
    if (added > 0)
        hand_out(r->reader, b, lane);
    return added < 0 ? -1 : 0;
}

/* The file that REF names, if it is open and made so. */
static struct zc_rbig *find_delta(struct zc_receiver *r, struct zc_ref ref,
                                  struct zc_err *err)
{
    struct zc_rbig *b = zc_rbig_find(r, ref);
    if (b && b->delta && !b->sent)
        return b;
    zc_receiver_nonsense(err, "parts of a file that is not open");
    return NULL;
}

static int on_ask(struct zc_receiver *r, struct zc_bytes body,
                  struct zc_err *err)
{
    struct zc_msg_ask m;
    if (zc_ask_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = find_delta(r, m.ref, err);
    return b ? start_jobs(r, b, ZC_RDELTA_ASKS,
                          zc_rdelta_ask(r, b->delta, &m, err))
             : -1;
}

static int on_copy(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_err *err)
{
    struct zc_msg_copy m;
    if (zc_copy_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = find_delta(r, m.ref, err);
    if (!b || zc_rbig_next(b, m.offset, m.length, err))
        return -1;
    struct zc_segment copy = {.kind = ZC_SEGMENT_COPY, .offset = m.offset,
                              .length = m.length, .from = m.from};
    return start_jobs(r, b, ZC_RDELTA_COPIES,
                      zc_rdelta_copy(r, b->delta, &copy, err));
}

static int on_patch(struct zc_receiver *r, struct zc_bytes body,
                    struct zc_err *err)
{
    struct zc_msg_patch m;
    if (zc_patch_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = find_delta(r, m.ref, err);
    if (!b || zc_rbig_next(b, m.offset, m.data.n, err))
        return -1;
    zc_rbig_want_room(r, b, m.data.n);
    if (b->eno == ENOSPC && b->fd >= 0)
        zc_rbig_shed(r, b);
    if (b->eno)
        return 0;
    if (zc_io_pwrite(b->fd, m.data.p, m.data.n, (off_t)m.offset)) {
        zc_rbig_failed(b, ZC_OP_WRITE, errno);
        zc_rbig_shed(r, b);
    }
    return 0;
}

int zc_rbig_delta(struct zc_receiver *r, unsigned type, struct zc_bytes body,
                  struct zc_err *err)
{
    return type == ZC_FRAME_ASK    ? on_ask(r, body, err)
           : type == ZC_FRAME_COPY ? on_copy(r, body, err)
                                   : on_patch(r, body, err);
}
