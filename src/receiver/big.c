// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that come in ranges: FILE opens a staging file, DATA fills it straight
 * from the socket, SENT is answered with GOT (the bytes have left the socket,
 * so nothing that happens at the source can change them any more), END says
 * what becomes of it.
 *
 * All of them are about segments (delta/segment.h), which are put into the new
 * version one after the other: DATA and PATCH are literals, COPY and what a FILE
 * with FROM leaves out are copies from the basis, what no message is about is a
 * hole. What is not sent is for bigdelta.c; copies are made by others (delta.h).
 *
 * A sender on the same machine passes the file itself along instead of its bytes.
 * Where it can be cloned, that is all; else its bytes are asked for.
 *
 * All but the finishing (bigend.c) is done by the reader, which never meets a
 * raw byte it does not know what to do with: where the file cannot be written,
 * its bytes are read and dropped, and the reason is told at the end.
 */
#include "receiver/big.h"

#include "base/clock.h"
#include "base/io.h"
#include "fs/cached.h"
#include "fs/clone.h"
#include "fs/rootdir.h"
#include "move/mover.h"
#include "receiver/basis.h"
#include "receiver/bigfile.h"
#include "receiver/core.h"
#include "receiver/delta.h"
#include "receiver/moved.h"
#include "receiver/dirs.h"
#include "receiver/inplace.h"
#include "receiver/lists.h"
#include "receiver/newfile.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/room.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

/* From here on a file's bytes are worth a system call or two to keep them out
 * of the receive buffer. */
#define EXACT_MIN ((uint64_t)2 << 20)
/* Ranges from here on are allocated in one go where that pays. */
#define PREALLOCATE_MIN ((uint64_t)1 << 20)
/* Files of this size are written to the disk as they come, so much at a time. */
#define EARLY_FILE_MIN ((uint64_t)8 << 20)
#define EARLY_STEP ((uint64_t)16 << 20)

void zc_rbig_failed(struct zc_rbig *b, unsigned op, int eno)
{
    if (b->eno)
        return;
    b->op = op;
    b->eno = eno;
}

void zc_rbig_shed(struct zc_receiver *r, struct zc_rbig *b)
{
    if (b->fd < 0)
        return;
    if (b->delta) { /* somebody may be at work on it */
        zc_rdelta_give_up(b->delta);
        if (!b->in_place && ftruncate(b->fd, 0))
            errno = 0;
        return;
    }
    zc_close(&b->fd);
    if (b->in_place || b->kept)
        return;
    zc_place_discard(&b->dir->shelf, b->tmp);
    zc_space_leave(r, true);
}

void zc_rbig_free(struct zc_receiver *r, struct zc_rbig *b)
{
    if (!b)
        return;
    zc_rdelta_free(b->delta);
    b->delta = NULL;
    zc_rbig_shed(r, b);
    free(b->body);
    free(b);
}

/* --- those that are coming --- */

void zc_rbigs_init(struct zc_rbigs *b)
{
    LIST_INIT(&b->open);
    b->n = 0;
    if (getrandom(&b->seed, sizeof b->seed, GRND_NONBLOCK) < 0)
        b->seed = (uint64_t)zc_clock_ns();
}

void zc_rbig_broken_off(struct zc_receiver *r, struct zc_rbig *b)
{
    b->kept = b->partial && !b->eno;
    zc_rbig_free(r, b);
}

void zc_rbigs_free(struct zc_receiver *r)
{
    struct zc_rbig *b;
    while ((b = LIST_FIRST(&r->bigs->open))) {
        LIST_REMOVE(b, next);
        zc_rbig_broken_off(r, b);
    }
}

bool zc_rbigs_any(const struct zc_receiver *r)
{
    return !LIST_EMPTY(&r->bigs->open);
}

struct zc_rbig *zc_rbig_find(struct zc_receiver *r, struct zc_ref ref)
{
    struct zc_rbig *b;
    LIST_FOREACH(b, &r->bigs->open, next)
        if (b->ref.list == ref.list && b->ref.index == ref.index)
            return b;
    return NULL;
}

bool zc_rbigs_receiving(const struct zc_receiver *r)
{
    const struct zc_rbig *b;
    LIST_FOREACH(b, &r->bigs->open, next)
        if (!b->sent && !b->delta && b->m.entry.size >= EXACT_MIN)
            return true;
    return false;
}

/* --- segments --- */

void zc_rbig_want_room(struct zc_receiver *r, struct zc_rbig *b, uint64_t n)
{
    if (!b->eno && zc_room_take(r, b->dir->shelf.vol, n))
        zc_rbig_failed(b, ZC_OP_ROOM, errno);
}

/* Only a hint: where it is refused, the write will say why. The size is kept,
 * so that a crash cannot leave a file that looks complete. */
static void preallocate(struct zc_rbig *b, const struct zc_segment *s)
{
    if (b->dir->shelf.vol->preallocate && s->length >= PREALLOCATE_MIN &&
        fallocate(b->fd, FALLOC_FL_KEEP_SIZE, (off_t)s->offset,
                  (off_t)s->length))
        errno = 0;
}

/* The part of S that came along with earlier frames; S is what is left. */
static void put_received(struct zc_receiver *r, struct zc_rbig *b,
                         struct zc_segment *s)
{
    while (s->length) {
        size_t most = (size_t)ZC_MIN(s->length, (uint64_t)ZC_SLAB_SIZE), n;
        const uint8_t *p = zc_conn_take_raw(&r->conn, most, &n);
        if (!p)
            return;
        if (!b->eno && zc_io_pwrite(b->fd, p, n, (off_t)s->offset))
            zc_rbig_failed(b, ZC_OP_WRITE, errno);
        s->offset += n;
        s->length -= n;
    }
}

/* What is received up to END is written while the rest comes, so that little is
 * left to wait for when all is there. */
static void start_writing(const struct zc_receiver *r, struct zc_rbig *b,
                          uint64_t end)
{
    uint64_t size = b->m.entry.size;
    if (r->fsync == ZC_FSYNC_NONE || size < EARLY_FILE_MIN ||
        end <= b->flushed || (end < b->flushed + EARLY_STEP && end < size))
        return;
    zc_cached_start(b->fd, b->flushed, end - b->flushed);
    b->flushed = end;
}

/* The bytes of S come off the socket in any case; what cannot be written is
 * remembered. -1 and errno: the transport failed. */
static int put_literal(struct zc_receiver *r, struct zc_mover *mover,
                       struct zc_rbig *b, struct zc_segment s)
{
    zc_rbig_want_room(r, b, s.length);
    if (!b->eno)
        preallocate(b, &s);
    put_received(r, b, &s);
    int eno = b->eno;
    if (s.length &&
        zc_mover_recv(mover, r->conn.t, b->fd, s.offset, s.length, &eno))
        return -1;
    if (eno)
        zc_rbig_failed(b, ZC_OP_WRITE, eno);
    else if (r->apply & ZC_APPLY_DROP_CACHE)
        zc_cached_flush(b->fd, s.offset + s.length);
    else
        start_writing(r, b, s.offset + s.length);
    atomic_fetch_add(&r->conn.bytes_in, s.length);
    if (b->eno) /* others may have use for the space */
        zc_rbig_shed(r, b);
    return 0;
}

static void put_copy(struct zc_receiver *r, struct zc_rbig *b,
                     const struct zc_segment *s)
{
    char name[ZC_NAME_MAX + 1];
    zc_entry_name(&b->m.entry, name);
    zc_rbig_want_room(r, b, b->dir->shelf.vol->clones ? 0 : s->length);
    if (!b->eno && zc_basis_copy(r, &b->dir->shelf, name, b->fd, s))
        zc_rbig_failed(b, ZC_OP_READ, errno);
}

/* What is written behind a hole makes it one; there is nothing behind the last.
 */
static void put_hole(struct zc_rbig *b, const struct zc_segment *s)
{
    uint64_t end = s->offset + s->length;
    if (!b->eno && b->in_place && zc_inplace_hole(b->fd, s))
        zc_rbig_failed(b, ZC_OP_WRITE, errno);
    if (!b->eno && s->length && end == b->m.entry.size &&
        ftruncate(b->fd, (off_t)end))
        zc_rbig_failed(b, ZC_OP_WRITE, errno);
}

int zc_rbig_next(struct zc_rbig *b, uint64_t offset, uint64_t length,
                 struct zc_err *err)
{
    struct zc_segment hole;
    if (zc_tiling_next(&b->tiling, offset, length, &hole))
        return zc_receiver_nonsense(err, "bytes outside of the file");
    put_hole(b, &hole);
    return 0;
}

/* --- FILE --- */

/* Under a name by which it is found again; one that is on its way out may have
 * that, then under B's. */
static int create_staging_file(struct zc_receiver *r, struct zc_rbig *b,
                               int staging)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL;
    char tmp[ZC_STAGING_NAME_SIZE];
    int fd = -1;
    b->partial = zc_basis_tmp(r, b->dir, &b->m.entry, tmp);
    if (b->partial)
        fd = zc_file_open(staging, tmp, flags, b->mode);
    if (fd >= 0)
        memcpy(b->tmp, tmp, sizeof b->tmp);
    b->partial = fd >= 0;
    return fd >= 0 ? fd : zc_file_open(staging, b->tmp, flags, b->mode);
}

static void open_staging_file(struct zc_receiver *r, struct zc_rbig *b)
{
    char name[ZC_NAME_MAX + 1];
    int staging = zc_shelf_staging(r, &b->dir->shelf, b->tmp);
    if (staging < 0) {
        zc_rbig_failed(b, ZC_OP_STAGING, errno);
        return;
    }
    zc_entry_name(&b->m.entry, name);
    b->mode = zc_newfile_mode(r, b->dir, name, &b->m.entry);
    do
        b->fd = create_staging_file(r, b, staging);
    while (b->fd < 0 && zc_dirtree_give_back(r->tree));
    if (b->fd < 0)
        zc_rbig_failed(b, ZC_OP_CREATE, errno);
    else
        zc_space_take(r);
    if (b->fd >= 0 && r->keep & ZC_KEEP_FLAGS)
        zc_fileflags_begin(b->fd, b->m.entry.fileflags);
}

static void open_file(struct zc_receiver *r, struct zc_rbig *b)
{
    b->fd = zc_inplace_open(r, b->dir, &b->m.entry);
    b->in_place = b->fd >= 0;
    if (!b->in_place && errno)
        zc_rbig_failed(b, ZC_OP_WRITE, errno);
    else if (!b->in_place)
        open_staging_file(r, b);
}

/* Its first bytes are not sent: they are those of the basis. Copied at the end,
 * by a worker, as there may be many. */
static void leave_beginning(struct zc_rbig *b)
{
    struct zc_segment none;
    zc_tiling_next(&b->tiling, 0, b->m.from, &none); /* see decode */
}

void zc_rbig_put_rest(struct zc_receiver *r, struct zc_rbig *b)
{
    struct zc_segment rest = zc_tiling_rest(&b->tiling);
    struct zc_segment beginning = {.kind = ZC_SEGMENT_COPY,
                                   .length = b->m.from};
    put_hole(b, &rest);
    if (beginning.length && !b->in_place)
        put_copy(r, b, &beginning);
}

/* FILE in BODY, decoded from a copy of its own. NULL and ERR. */
static struct zc_rbig *big_new(struct zc_receiver *r, struct zc_bytes body,
                               struct zc_err *err)
{
    struct zc_rbig *b = calloc(1, sizeof *b);
    uint8_t *copy = malloc(body.n + 1);
    if (!b || !copy) {
        free(b);
        free(copy);
        zc_err_nomem(err);
        return NULL;
    }
    memcpy(copy, body.p, body.n);
    b->fd = -1;
    b->body = copy;
    int bad = zc_file_decode((struct zc_bytes){copy, body.n}, ZC_FRAME_FILE,
                             &b->m, err);
    if (!bad && !zc_xattr_valid(b->m.xattrs.p, b->m.xattrs.n))
        bad = zc_receiver_nonsense(err, "a malformed attribute set");
    if (bad) {
        zc_rbig_free(r, b);
        return NULL;
    }
    b->ref = b->m.ref;
    b->tiling.size = b->m.entry.size;
    return b;
}

/* All of B from the file FROM that came along, if that is still what FILE says.
 * -1 and errno; nothing is in B then. */
static int clone_file(struct zc_rbig *b, int from)
{
    const struct zc_entry *e = &b->m.entry;
    struct zc_stat st;
    if (from < 0)
        errno = EMFILE;
    if (from < 0 || zc_stat_at(from, "", &st))
        return -1;
    errno = b->in_place ? EINVAL : ESTALE;
    if (b->in_place || !S_ISREG(st.mode) || st.size != e->size ||
        st.mtime_s != e->mtime_s || st.mtime_ns != e->mtime_ns)
        return -1;
    int eno = zc_clone_file(b->fd, from) ? errno : 0;
    if (!eno && zc_stat_at(b->fd, "", &st))
        eno = errno;
    if (!eno && st.size != e->size)
        eno = ESTALE;
    if (eno && ftruncate(b->fd, 0))
        zc_rbig_failed(b, ZC_OP_WRITE, errno);
    errno = eno;
    return eno ? -1 : 0;
}

/* FILE with PASSED: GOT, or BYTES. */
static int take_passed(struct zc_receiver *r, struct zc_rbig *b,
                       struct zc_err *err)
{
    if (!r->conn.t->passes_fds)
        return zc_receiver_nonsense(err, "a descriptor, over a connection that "
                                         "has none");
    zc_auto_close int from = zc_transport_take_fd(r->conn.t);
    const struct zc_msg_bytes m = {
        b->ref, !b->eno && clone_file(b, from) ? (uint32_t)errno : 0};
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_segment none;
    if (m.eno) {
        zc_bytes_encode(&out, &m);
    } else {
        zc_tiling_next(&b->tiling, 0, b->tiling.size, &none);
        b->sent = true;
        zc_ref_encode(&out, ZC_FRAME_GOT, b->ref);
    }
    int fail = zc_conn_send(&r->conn, &out, err);
    zc_buf_fini(&out);
    return fail;
}

/* What was there, with or without a name by then. */
static int begin_delta(struct zc_receiver *r, struct zc_rbig *b,
                       struct zc_err *err)
{
    int basis = -1;
    if (!(r->flags & ZC_OPEN_DELTA))
        return zc_receiver_nonsense(err, "a file by what has changed in it, "
                                         "which was not agreed upon");
    if (b->in_place)
        basis = fcntl(b->fd, F_DUPFD_CLOEXEC, 0);
    else if (!b->eno)
        basis = zc_basis_open(r, b->dir, &b->m.entry, b->ref);
    const struct zc_rdelta_of of = {
        .size = b->m.entry.size,
        .seed = r->bigs->seed,
        .basis = basis,
        .out = b->fd,
        .in_place = b->in_place,
        .vol = b->dir->shelf.vol,
    };
    b->delta = zc_rdelta_new(r, &of);
    return b->delta ? 0 : zc_err_nomem(err);
}

int zc_rbig_begin(struct zc_receiver *r, struct zc_bytes body,
                  struct zc_err *err)
{
    struct zc_rbig *b = big_new(r, body, err);
    if (!b)
        return -1;
    if (r->bigs->n >= ZC_OPEN_FILES_MAX || zc_rbig_find(r, b->ref)) {
        zc_receiver_nonsense(err, "too many files at once");
        goto fail;
    }
    b->list = zc_rlist_claim(r, b->ref.list, 1, err);
    if (!b->list)
        goto fail;
    b->dir = b->list->dir;
    if (b->dir->state == ZC_RD_FAILED)
        zc_rbig_failed(b, ZC_OP_NONE, ENOENT);
    else
        zc_rbig_want_room(r, b, 0);
    if (!b->eno)
        open_file(r, b);
    if (b->m.flags & ZC_FILE_FROM)
        leave_beginning(b);
    if (!(b->m.flags & ZC_FILE_DELTA))
        zc_moved_forget(r, b->ref);
    else if (begin_delta(r, b, err))
        goto fail_claimed;
    LIST_INSERT_HEAD(&r->bigs->open, b, next);
    r->bigs->n++;
    return b->m.flags & ZC_FILE_PASSED ? take_passed(r, b, err) : 0;
fail_claimed:
    zc_rlist_unclaim(r, b->list);
fail:
    zc_rbig_free(r, b);
    return -1;
}

/* --- DATA, SENT --- */

int zc_rbig_data(struct zc_receiver *r, struct zc_mover *mover,
                 struct zc_bytes body, struct zc_err *err)
{
    struct zc_msg_data m;
    if (zc_data_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = zc_rbig_find(r, m.ref);
    if (!b || b->sent)
        return zc_receiver_nonsense(err, "bytes for a file that is not open");
    if (zc_rbig_next(b, m.offset, m.length, err))
        return -1;
    struct zc_segment literal = {.kind = ZC_SEGMENT_LITERAL,
                                 .offset = m.offset,
                                 .length = m.length};
    if (put_literal(r, mover, b, literal))
        return zc_conn_error(&r->conn, errno, err);
    return 0;
}

int zc_rbig_sent(struct zc_receiver *r, struct zc_bytes body,
                 struct zc_err *err)
{
    struct zc_ref ref;
    if (zc_ref_decode(body, &ref, err))
        return -1;
    struct zc_rbig *b = zc_rbig_find(r, ref);
    if (!b || b->sent)
        return zc_receiver_nonsense(err, "the end of a file that is not open");
    if (b->delta && zc_rdelta_sent(r, b->delta, err))
        return -1;
    b->sent = true;
    struct zc_buf out = ZC_BUF_INIT;
    zc_ref_encode(&out, ZC_FRAME_GOT, ref);
    int fail = zc_conn_send(&r->conn, &out, err);
    zc_buf_fini(&out);
    return fail;
}

/* --- END --- */

/* END for an entry whose FILE never came: it cannot be had. */
static int abandoned(struct zc_receiver *r, const struct zc_msg_end *m,
                     struct zc_err *err)
{
    if (m->verdict != ZC_VERDICT_ABANDON)
        return zc_receiver_nonsense(err, "the verdict on a file that is not "
                                         "open");
    if (zc_entry_no_meta(r->reader, m->ref))
        return 0;
    struct zc_rbig *b = calloc(1, sizeof *b);
    if (!b)
        return zc_err_nomem(err);
    b->fd = -1;
    b->ref = m->ref;
    b->verdict = m->verdict;
    b->list = zc_rlist_claim(r, m->ref.list, 1, err);
    if (!b->list) {
        free(b);
        return -1;
    }
    b->dir = b->list->dir;
    struct zc_work work = {.kind = ZC_WORK_BIG, .big = b};
    if (!zc_queue_put(r, &work))
        return 0;
    free(b);
    return zc_receiver_nonsense(err, "it goes on after the end");
}

/* What is written is read again, and perhaps copied, before it gets its name. */
static bool reads_much(const struct zc_rbig *b)
{
    return b->verdict == ZC_VERDICT_VERIFY && b->m.entry.size >= ZC_READS_MUCH;
}

int zc_rbig_end(struct zc_receiver *r, struct zc_bytes body,
                struct zc_err *err)
{
    struct zc_msg_end m;
    if (zc_end_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = zc_rbig_find(r, m.ref);
    if (!b)
        return abandoned(r, &m, err);
    if (b->delta && (!b->sent || m.verdict == ZC_VERDICT_COMMIT))
        return zc_receiver_nonsense(err, "a file is made of another one, and "
                                         "nothing proves it");
    LIST_REMOVE(b, next);
    r->bigs->n--;
    b->verdict = m.verdict;
    memcpy(b->hash, m.hash, sizeof b->hash);
    if (m.verdict == ZC_VERDICT_RETRY) {
        zc_rdir_hold(r, b->dir);
        zc_rlist_unclaim(r, b->list);
    }
    if (b->delta && m.verdict != ZC_VERDICT_VERIFY)
        zc_rdelta_give_up(b->delta);
    if (b->delta && !zc_rdelta_end(r, b->delta))
        return 0; /* who is at it finishes it */
    if (m.verdict == ZC_VERDICT_RETRY) {
        zc_rbig_drop_retried(r->reader, b);
        return 0;
    }
    struct zc_work work = {.kind = ZC_WORK_BIG, .big = b};
    if ((reads_much(b) && zc_queue_put_aside(r, &work)) ||
        !zc_queue_put(r, &work))
        return 0;
    zc_rbig_free(r, b);
    return zc_receiver_nonsense(err, "it goes on after the end");
}
