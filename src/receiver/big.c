// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files that come in ranges: FILE opens a staging file, DATA fills it straight
 * from the socket, SENT is answered with GOT (the bytes have left the socket,
 * so nothing that happens at the source can change them any more), END says
 * what becomes of it. Ranges not sent are holes.
 *
 * All but the finishing is done by the reader, which therefore never meets a
 * raw byte it does not know what to do with: where the file cannot be written,
 * its bytes are read and dropped, and the reason is told at the end.
 */
#include "receiver/big.h"

#include "base/io.h"
#include "fs/rootdir.h"
#include "move/mover.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/dirs.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/newfile.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/volumes.h"
#include "session/hash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* From here on a file's bytes are worth a system call or two to keep them out
 * of the receive buffer. */
#define EXACT_MIN ((uint64_t)2 << 20)
/* Ranges from here on are allocated in one go where that pays. */
#define PREALLOCATE_MIN ((uint64_t)1 << 20)

/* Owned by the reader until END, then by the worker that finishes it. */
struct zc_rbig {
    LIST_ENTRY(zc_rbig) next;
    struct zc_ref ref;
    struct zc_rlist *list;
    struct zc_rdir *dir;
    struct zc_msg_file m; /* pointers into `body` */
    uint8_t *body;
    uint32_t mode; /* it was made with */
    int fd;
    char tmp[ZC_STAGING_NAME_SIZE];
    uint64_t end; /* of the last range */
    bool sent;    /* SENT has come */
    unsigned op;  /* what failed, with eno */
    int eno;
    uint8_t verdict; /* enum zc_verdict */
    uint8_t hash[ZC_HASH_SIZE];
};

/* Its bytes will not be needed: the space they take comes free. */
static void shed(struct zc_receiver *r, struct zc_rbig *b)
{
    if (b->fd < 0)
        return;
    zc_close(&b->fd);
    zc_place_discard(&b->dir->spot, b->tmp);
    zc_space_leave(r, true);
}

void zc_big_free(struct zc_receiver *r, struct zc_rbig *b)
{
    if (!b)
        return;
    shed(r, b);
    free(b->body);
    free(b);
}

/* --- those that are coming ----------------------------------------------- */

void zc_rbigs_init(struct zc_rbigs *b)
{
    LIST_INIT(&b->open);
    b->n = 0;
}

void zc_rbigs_free(struct zc_receiver *r)
{
    struct zc_rbig *b;
    while ((b = LIST_FIRST(&r->bigs->open))) {
        LIST_REMOVE(b, next);
        zc_big_free(r, b);
    }
}

bool zc_rbigs_any(const struct zc_receiver *r)
{
    return !LIST_EMPTY(&r->bigs->open);
}

static struct zc_rbig *find(struct zc_receiver *r, struct zc_ref ref)
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
        if (!b->sent && b->m.entry.size >= EXACT_MIN)
            return true;
    return false;
}

/* --- FILE ---------------------------------------------------------------- */

static void open_staging_file(struct zc_receiver *r, struct zc_rbig *b)
{
    int staging = zc_place_staging(&b->dir->spot, b->tmp);
    b->op = ZC_OP_STAGING;
    if (staging >= 0) {
        char name[ZC_NAME_MAX + 1];
        zc_entry_name(&b->m.entry, name);
        b->op = ZC_OP_CREATE;
        b->mode = zc_newfile_mode(r, b->dir, name, &b->m.entry);
        b->fd = zc_file_open(staging, b->tmp, O_RDWR | O_CREAT | O_EXCL,
                             b->mode);
    }
    b->eno = b->fd < 0 ? errno : 0;
    if (b->fd >= 0)
        zc_space_take(r);
}

/* The first N bytes of IN, shared with it where the file system can. */
static int copy_range(int in, int out, uint64_t n)
{
    loff_t from = 0, to = 0;
    while (n) {
        ssize_t done = copy_file_range(in, &from, out, &to,
                                       (size_t)ZC_MIN(n, (uint64_t)1 << 30),
                                       0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            errno = done ? errno : ESTALE; /* it is shorter than it was */
            return -1;
        }
        n -= (uint64_t)done;
    }
    return 0;
}

/* The beginning is what the name has now: the verdict will tell whether it
 * still was what we said it is. */
static void take_beginning(struct zc_receiver *r, struct zc_rbig *b)
{
    char name[ZC_NAME_MAX + 1];
    zc_entry_name(&b->m.entry, name);
    b->op = ZC_OP_READ;
    b->end = b->m.from;
    int dirfd = zc_dirnode_pin(r->tree, b->dir->spot.node);
    if (dirfd < 0) {
        b->eno = errno;
        return;
    }
    zc_auto_close int old = zc_file_open(dirfd, name, O_RDONLY, 0);
    if (old < 0 || copy_range(old, b->fd, b->m.from))
        b->eno = errno;
    zc_dirnode_unpin(r->tree, b->dir->spot.node);
}

int zc_big_begin(struct zc_receiver *r, struct zc_bytes body,
                 struct zc_err *err)
{
    struct zc_rbig *b = calloc(1, sizeof *b);
    if (!b)
        return zc_err_nomem(err);
    b->fd = -1;
    b->body = malloc(body.n + 1);
    if (!b->body) {
        zc_big_free(r, b);
        return zc_err_nomem(err);
    }
    memcpy(b->body, body.p, body.n);
    if (zc_file_decode((struct zc_bytes){b->body, body.n}, ZC_FRAME_FILE,
                       &b->m, err))
        goto fail;
    b->ref = b->m.ref;
    if (!zc_xattr_valid(b->m.xattrs.p, b->m.xattrs.n)) {
        zc_receiver_nonsense(err, "a malformed attribute set");
        goto fail;
    }
    if (r->bigs->n >= ZC_OPEN_FILES_MAX || find(r, b->ref)) {
        zc_receiver_nonsense(err, "too many files at once");
        goto fail;
    }
    b->list = zc_rlist_claim(r, b->ref.list, 1, err);
    if (!b->list)
        goto fail;
    b->dir = b->list->dir;
    if (b->dir->state == ZC_RD_FAILED)
        b->eno = ENOENT;
    else
        open_staging_file(r, b);
    if (b->m.flags & ZC_FILE_FROM && !b->eno)
        take_beginning(r, b);
    LIST_INSERT_HEAD(&r->bigs->open, b, next);
    r->bigs->n++;
    return 0;
fail:
    zc_big_free(r, b);
    return -1;
}

/* The part of a range that came along with earlier frames. */
static void write_received(struct zc_receiver *r, struct zc_rbig *b,
                           uint64_t *offset, uint64_t *length)
{
    while (*length) {
        size_t n;
        const uint8_t *p =
            zc_conn_take_raw(&r->conn,
                             (size_t)ZC_MIN(*length, (uint64_t)ZC_SLAB_SIZE),
                             &n);
        if (!p)
            return;
        if (!b->eno && zc_io_pwrite(b->fd, p, n, (off_t)*offset))
            b->eno = errno;
        *offset += n;
        *length -= n;
    }
}

/* Only a hint: where it is refused, the write will say why. The size is kept,
 * so that a crash cannot leave a file that looks complete. */
static void preallocate(struct zc_rbig *b, uint64_t offset, uint64_t length)
{
    if (b->dir->spot.vol->preallocate && length >= PREALLOCATE_MIN &&
        fallocate(b->fd, FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)length))
        errno = 0;
}

int zc_big_data(struct zc_receiver *r, struct zc_mover *mover,
                struct zc_bytes body, struct zc_err *err)
{
    struct zc_msg_data m;
    if (zc_data_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = find(r, m.ref);
    if (!b || b->sent)
        return zc_receiver_nonsense(err, "bytes for a file that is not open");
    if (m.offset < b->end || m.offset + m.length > b->m.entry.size)
        return zc_receiver_nonsense(err, "bytes outside of the file");
    b->end = m.offset + m.length;
    if (!b->eno) {
        b->op = ZC_OP_WRITE;
        preallocate(b, m.offset, m.length);
    }
    write_received(r, b, &m.offset, &m.length);
    if (m.length &&
        zc_mover_recv(mover, r->conn.t, b->fd, m.offset, m.length, &b->eno))
        return zc_conn_error(&r->conn, errno, err);
    atomic_fetch_add(&r->conn.bytes_in, m.length);
    if (b->eno) /* others may have use for the space */
        shed(r, b);
    return 0;
}

int zc_big_sent(struct zc_receiver *r, struct zc_bytes body,
                struct zc_err *err)
{
    struct zc_ref ref;
    if (zc_ref_decode(body, &ref, err))
        return -1;
    struct zc_rbig *b = find(r, ref);
    if (!b || b->sent)
        return zc_receiver_nonsense(err, "the end of a file that is not open");
    b->sent = true;
    struct zc_buf out = ZC_BUF_INIT;
    zc_ref_encode(&out, ZC_FRAME_GOT, ref);
    int fail = zc_conn_send(&r->conn, &out, err);
    zc_buf_fini(&out);
    return fail;
}

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

int zc_big_end(struct zc_receiver *r, struct zc_bytes body,
               struct zc_err *err)
{
    struct zc_msg_end m;
    if (zc_end_decode(body, &m, err))
        return -1;
    struct zc_rbig *b = find(r, m.ref);
    if (!b)
        return abandoned(r, &m, err);
    LIST_REMOVE(b, next);
    r->bigs->n--;
    b->verdict = m.verdict;
    memcpy(b->hash, m.hash, sizeof b->hash);
    if (m.verdict == ZC_VERDICT_RETRY) {
        zc_rlist_unclaim(r, b->list);
        zc_big_free(r, b);
        return 0;
    }
    struct zc_work work = {.kind = ZC_WORK_BIG, .big = b};
    if (!zc_queue_put(r, &work))
        return 0;
    zc_big_free(r, b);
    return zc_receiver_nonsense(err, "it goes on after the end");
}

/* The last bytes may be a hole: the size has to be right all the same. */
static void set_size(struct zc_rbig *b)
{
    if (!b->eno && b->end < b->m.entry.size &&
        ftruncate(b->fd, (off_t)b->m.entry.size)) {
        b->op = ZC_OP_WRITE;
        b->eno = errno;
    }
}

static bool verified(struct zc_rworker *w, const struct zc_rbig *b)
{
    uint8_t mine[ZC_HASH_SIZE];
    return b->verdict != ZC_VERDICT_VERIFY ||
           (!zc_hash_fd(&w->scratch, b->fd, b->m.entry.size, mine) &&
            !memcmp(mine, b->hash, sizeof mine));
}

static void give_up(struct zc_rworker *w, struct zc_rbig *b, unsigned op,
                    int eno)
{
    zc_hardlink_settle(w, zc_hardlink_key(w->r, &b->m.entry), b->dir, "",
                       false);
    zc_hardlink_done(w, b->list, b->ref, ZC_STATUS_FAILED, op, eno);
}

/* A directory that must stay has the name: asked when the entry was compared,
 * but for a small file that grew. */
static bool in_the_way(struct zc_rworker *w, const struct zc_rbig *b)
{
    char name[ZC_NAME_MAX + 1];
    struct zc_stat st;
    zc_entry_name(&b->m.entry, name);
    int dirfd = zc_dirnode_pin(w->r->tree, b->dir->spot.node);
    if (dirfd < 0)
        return false; /* naming it will fail */
    bool yes = !zc_stat_at(dirfd, name, &st) && S_ISDIR(st.mode) &&
               !zc_deletions_replace(w, b->dir, dirfd, name);
    zc_dirnode_unpin(w->r->tree, b->dir->spot.node);
    return yes;
}

void zc_big_finish(struct zc_rworker *w, struct zc_rbig *b)
{
    struct zc_rdir *d = b->dir;
    struct zc_receiver *r = w->r;
    /* D must outlive the clean-up of B. */
    zc_rdir_hold(r, d);
    if (b->verdict == ZC_VERDICT_ABANDON) {
        give_up(w, b, ZC_OP_SOURCE, 0);
    } else {
        set_size(b);
        if (b->eno && b->op == ZC_OP_READ) { /* its beginning is gone */
            zc_entry_again(w, b->list, b->ref);
        } else if (b->eno) {
            give_up(w, b, b->op, b->eno);
        } else if (!verified(w, b)) {
            zc_entry_again(w, b->list, b->ref);
        } else if (d->shallow && in_the_way(w, b)) {
            give_up(w, b, ZC_OP_REPLACE_DIR, ENOTEMPTY);
        } else {
            int fd = b->fd;
            b->fd = -1;
            zc_space_leave(r, false);
            zc_newfile_dress(w, d, fd, b->mode, &b->m);
            zc_newfile_commit(w, b->list, &b->m, b->tmp, fd);
        }
    }
    zc_big_free(r, b);
    zc_rdir_drop(w, d);
}
