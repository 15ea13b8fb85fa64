// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files on their way out.
 *
 * Small files are read into the worker's buffer, header and bytes together, and
 * many of them leave in one call. Big files go range by range through a mover;
 * what they were when they began is compared with what they are when the peer
 * has all of it, and only then they are committed:
 *
 *   open, lease, stat -> FILE -> DATA... -> SENT        send_big
 *                                           GOT          (answers.c)
 *   stat, lease: same? -> END(commit | verify | retry)   zc_send_verdict
 *
 * A file somebody has open for writing gets no lease; its bytes are read a
 * second time, and the peer commits only if the hash of what it got is the hash
 * of what is there now. That also lets a log that only grows through: the part
 * that was promised is still what it was.
 */
#include "base/clock.h"
#include "base/io.h"
#include "base/relpath.h"
#include "fs/rootdir.h"
#include "sync/hash.h"
#include "sync/sender.h"

#include <fcntl.h>
#include <string.h>

/* Files changed so lately are looked at more closely: timestamps move in steps
 * (of up to 10 ms on older kernels), so a change may not show in them. */
#define RACY_NS (100 * 1000000LL)

/* One file being sent. */
struct outfile {
    struct zc_slist *list;
    uint32_t index;
    unsigned tries;
    struct zc_entry listed; /* as it was listed; its name is the peer's */
    char name[ZC_NAME_MAX + 1]; /* its name here */
    int fd;
    struct zc_stat st;
    enum zc_lease lease;
};

static void out_init(struct zc_sender *s, struct outfile *f,
                     struct zc_slist *l, uint32_t index, unsigned tries)
{
    memset(f, 0, sizeof *f);
    f->list = l;
    f->index = index;
    f->tries = tries;
    f->fd = -1;
    zc_slist_entry(l, index, &f->listed);
    memcpy(f->name, f->listed.name, f->listed.name_len);
    if (s->single_name && l->id)
        strcpy(f->name, s->source_name);
}

static void out_trouble(struct zc_sworker *w, const struct outfile *f,
                        enum zc_trouble kind, const char *what, int eno)
{
    const char *path = zc_dirnode_path_of(f->list->node, f->name,
                                          strlen(f->name), &w->path);
    zc_sender_trouble(w->s, kind, what, path ? path : f->name, eno);
}

static void set_state(struct zc_sworker *w, const struct outfile *f,
                      enum zc_sstate state)
{
    pthread_mutex_lock(&w->s->lock);
    f->list->entries[f->index].state = (uint8_t)state;
    pthread_mutex_unlock(&w->s->lock);
}

/* In a dry run the peer counts nothing as outstanding. The list is in our
 * hands and is released when we are through with it. */
static void settle_here(struct zc_sworker *w, const struct outfile *f)
{
    pthread_mutex_lock(&w->s->lock);
    f->list->entries[f->index].state = ZC_S_LISTED;
    f->list->outstanding--;
    pthread_mutex_unlock(&w->s->lock);
}

/* The peer asked for it and shall not have it; the user is told why. */
static int give_up(struct zc_sworker *w, const struct outfile *f,
                   const char *what, int eno)
{
    bool vanished = eno == ENOENT || eno == 0;
    out_trouble(w, f, vanished ? ZC_TROUBLE_VANISHED : ZC_TROUBLE_SOURCE,
                what, eno);
    struct zc_msg_end end = {.ref = {f->list->id, f->index},
                             .verdict = ZC_VERDICT_ABANDON,
                             .eno = (uint32_t)eno};
    if (w->s->opt->dry_run) { /* the peer does not wait for it */
        settle_here(w, f);
        return 0;
    }
    set_state(w, f, ZC_S_SENT);
    zc_end_encode(&w->out, &end);
    return 0;
}

/* It changed under us: once more, later. */
static int retry_later(struct zc_sworker *w, const struct outfile *f)
{
    struct zc_sender *s = w->s;
    if (f->tries + 1 >= ZC_TRIES_MAX)
        return give_up(w, f, "get a whole version of it: it kept changing",
                       0);
    struct zc_retry r = {f->list, f->index, f->tries + 1,
                         zc_clock_ns() + (20000000LL << f->tries)};
    atomic_fetch_add(&s->stats->retries, 1);
    pthread_mutex_lock(&s->lock);
    f->list->entries[f->index].state = ZC_S_RETRY;
    int fail = zc_vec_push(&s->retries, r);
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    return fail;
}

static bool changed_lately(const struct zc_stat *st)
{
    int64_t age = zc_clock_wall_ns() -
                  (st->ctime_s * ZC_NSEC_PER_SEC + st->ctime_ns);
    return age < RACY_NS; /* a ctime in the future counts */
}

/* Fills in the FILE or META message for F as it is now. */
static int describe(struct zc_sworker *w, int dirfd, const struct outfile *f,
                    struct zc_msg_file *m)
{
    struct zc_sender *s = w->s;
    memset(m, 0, sizeof *m);
    m->ref = (struct zc_ref){f->list->id, f->index};
    zc_entry_from_stat(s, &f->st, &m->entry);
    m->entry.name = f->listed.name;
    m->entry.name_len = f->listed.name_len;
    m->entry.target = f->listed.target;
    m->entry.target_len = f->listed.target_len;
    m->entry.flags |= f->listed.flags & ZC_ENTRY_IMPLIED;
    zc_buf_reset(&w->xattrs);
    if (s->opt->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS)) {
        int r = f->fd >= 0 ? zc_xattr_read(f->fd, "", s->opt->keep,
                                           &w->xattrs)
                           : zc_xattr_read(dirfd, f->name, s->opt->keep,
                                           &w->xattrs);
        if (r) {
            out_trouble(w, f, ZC_TROUBLE_SOURCE,
                        "read its extended attributes", errno);
            zc_buf_reset(&w->xattrs);
        }
    }
    m->xattrs = (struct zc_bytes){w->xattrs.data, w->xattrs.len};
    if (w->xattrs.len) {
        struct zc_digest d = zc_xattr_digest(w->xattrs.data, w->xattrs.len,
                                             s->ids);
        m->entry.flags |= ZC_ENTRY_XATTRS;
        memcpy(m->entry.xattr_digest, d.b, sizeof m->entry.xattr_digest);
    }
    return zc_announce_ids(w, m->entry.uid, m->entry.gid, w->xattrs.data,
                           w->xattrs.len);
}

/* A file with holes: fewer blocks than its size asks for. */
static bool maybe_sparse(const struct zc_stat *st, unsigned keep)
{
    return keep & ZC_KEEP_SPARSE && st->size > 4096 &&
           st->blocks * 512 + 4095 < st->size;
}

/* Two reads of the same small file: true when they are alike. */
static bool same_bytes(struct zc_sworker *w, int fd, const uint8_t *bytes,
                       size_t n)
{
    zc_buf_reset(&w->scratch);
    uint8_t *again = zc_buf_reserve(&w->scratch, n);
    return again && zc_io_pread(fd, again, n, 0) == (ssize_t)n &&
           !memcmp(again, bytes, n);
}

/* Appends FILE with its bytes. 1: done; 0: it changed meanwhile. */
static int append_inline(struct zc_sworker *w, int dirfd, struct outfile *f)
{
    struct zc_msg_file m;
    struct zc_stat after;
    size_t begin = w->out.len, n = (size_t)f->st.size;
    if (describe(w, dirfd, f, &m))
        return -1;
    m.flags = ZC_FILE_INLINE;
    bool racy = changed_lately(&f->st);
    f->lease = racy ? zc_lease_take(f->fd) : ZC_LEASE_NONE;

    /* The bytes are read to where the message wants them. */
    size_t at = zc_frame_begin(&w->out, ZC_FRAME_FILE);
    zc_buf_u32(&w->out, m.ref.list);
    zc_buf_u32(&w->out, m.ref.index);
    zc_buf_u16(&w->out, m.flags);
    zc_entry_encode(&w->out, &m.entry);
    zc_buf_u32(&w->out, (uint32_t)m.xattrs.n);
    zc_buf_put(&w->out, m.xattrs.p, m.xattrs.n);
    zc_buf_u32(&w->out, (uint32_t)n);
    uint8_t *bytes = zc_buf_reserve(&w->out, n);
    if (!bytes)
        return -1;
    ssize_t r = zc_io_pread(f->fd, bytes, n, 0);
    int eno = errno;
    bool ok = r == (ssize_t)n && !zc_stat_at(f->fd, "", &after) &&
              zc_stat_same_version(&f->st, &after);
    if (ok && racy && f->lease == ZC_LEASE_HELD)
        ok = zc_lease_unbroken(f->fd);
    else if (ok && racy)
        ok = same_bytes(w, f->fd, bytes, n);
    if (f->lease == ZC_LEASE_HELD)
        zc_lease_release(f->fd);
    if (!ok) {
        w->out.len = begin;
        if (r < 0) {
            give_up(w, f, "read it", eno);
            return 1;
        }
        return 0;
    }
    w->out.len += n;
    zc_frame_end(&w->out, at);
    set_state(w, f, ZC_S_SENT);
    atomic_fetch_add(&w->s->stats->sent_bytes, n);
    return 1;
}

/* Sends [OFFSET, END) of F as DATA ranges, taking turns with the others. */
static int send_ranges(struct zc_sworker *w, struct zc_sbig *b,
                       uint64_t offset, uint64_t end)
{
    struct zc_sender *s = w->s;
    while (offset < end) {
        uint64_t n = ZC_MIN(end - offset, s->range_max);
        struct zc_msg_data m = {{b->list->id, b->index}, offset, n};
        struct zc_err err;
        bool short_file = false;
        zc_sender_throttle(s, n);
        zc_link_lock(&s->link);
        zc_data_encode(&w->out, &m);
        int r = zc_link_send_locked(&s->link, &w->out, &err);
        if (!r && zc_mover_send(&w->mover, s->link.t, b->fd, offset, n,
                                &short_file, &b->read_eno))
            r = zc_link_error(&s->link, errno, &err);
        zc_link_unlock(&s->link);
        if (r) {
            zc_sender_fail(s, &err);
            return -1;
        }
        atomic_fetch_add(&s->link.bytes_out, n);
        atomic_fetch_add(&s->stats->sent_bytes, n);
        offset += n;
        if (short_file) {
            b->spoiled = true;
            return 0;
        }
    }
    return 0;
}

/* All data of F, holes left out. */
static int send_extents(struct zc_sworker *w, struct zc_sbig *b)
{
    uint64_t size = b->before.size;
    if (!maybe_sparse(&b->before, w->s->opt->keep))
        return send_ranges(w, b, 0, size);
    for (uint64_t at = 0; at < size && !b->spoiled;) {
        off_t data = lseek(b->fd, (off_t)at, SEEK_DATA);
        if (data < 0 && errno == ENXIO)
            return 0; /* a hole up to the end */
        if (data < 0) /* no such thing on this file system */
            return send_ranges(w, b, at, size);
        off_t hole = lseek(b->fd, data, SEEK_HOLE);
        uint64_t end = hole < 0 ? size : ZC_MIN((uint64_t)hole, size);
        if ((uint64_t)data >= end)
            return 0; /* it was cut meanwhile: the verdict will see that */
        if (send_ranges(w, b, (uint64_t)data, end))
            return -1;
        at = end;
    }
    return 0;
}

struct zc_sbig *zc_send_claim_got(struct zc_sender *s)
{
    struct zc_sbig *b = s->n_got ? s->bigs : NULL;
    while (b && (!b->got || b->claimed))
        b = b->next;
    if (b) {
        b->claimed = true;
        s->n_got--;
    }
    return b;
}

/* Waits for room among the big files on their way, doing verdicts meanwhile so
 * that somebody always does them. */
static int room_for_big(struct zc_sworker *w)
{
    struct zc_sender *s = w->s;
    pthread_mutex_lock(&s->lock);
    while (s->n_bigs >= ZC_OPEN_FILES_MAX / 2 && !s->failed) {
        struct zc_sbig *b = zc_send_claim_got(s);
        if (!b) {
            pthread_cond_wait(&s->work, &s->lock);
            continue;
        }
        pthread_mutex_unlock(&s->lock);
        if (zc_send_verdict(w, b) || zc_sworker_flush(w))
            return -1;
        pthread_mutex_lock(&s->lock);
    }
    bool failed = s->failed;
    if (!failed)
        s->n_bigs++;
    pthread_mutex_unlock(&s->lock);
    return failed ? -1 : 0;
}

static void big_free(struct zc_sender *s, struct zc_sbig *b)
{
    pthread_mutex_lock(&s->lock);
    struct zc_sbig **p = &s->bigs;
    while (*p && *p != b)
        p = &(*p)->next;
    if (*p)
        *p = b->next;
    s->n_bigs--;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    if (b->lease == ZC_LEASE_HELD)
        zc_lease_release(b->fd);
    zc_close(&b->fd);
    free(b);
}

/* FILE, its ranges, SENT. Takes F's fd over. */
static int send_big(struct zc_sworker *w, int dirfd, struct outfile *f)
{
    struct zc_sender *s = w->s;
    struct zc_msg_file m;
    if (zc_sworker_flush(w) || room_for_big(w))
        return -1;
    struct zc_sbig *b = calloc(1, sizeof *b);
    if (!b) {
        pthread_mutex_lock(&s->lock);
        s->n_bigs--;
        pthread_mutex_unlock(&s->lock);
        return -1;
    }
    *b = (struct zc_sbig){.list = f->list, .index = f->index,
                          .tries = f->tries, .fd = f->fd};
    /* The lease first: what stat says must hold from here on. */
    b->lease = zc_lease_take(f->fd);
    if (zc_stat_at(f->fd, "", &f->st))
        b->spoiled = true;
    b->before = f->st;
    set_state(w, f, ZC_S_SENDING);
    int r = describe(w, dirfd, f, &m);
    f->fd = -1;
    if (!r) {
        zc_file_encode(&w->out, ZC_FRAME_FILE, &m);
        r = zc_sworker_flush(w);
    }
    posix_fadvise(b->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    if (!r)
        r = send_extents(w, b);
    if (r) {
        big_free(s, b);
        return -1;
    }
    /* In the table before SENT is on the wire: the answer may come at once. */
    pthread_mutex_lock(&s->lock);
    b->next = s->bigs;
    s->bigs = b;
    pthread_mutex_unlock(&s->lock);
    zc_ref_encode(&w->out, ZC_FRAME_SENT,
                  (struct zc_ref){f->list->id, f->index});
    return zc_sworker_flush(w);
}

/* What the peer shall do with what it has of B. */
static void judge(struct zc_sworker *w, struct zc_sbig *b,
                  struct zc_msg_end *end)
{
    struct zc_stat now;
    bool known = !b->spoiled && !zc_stat_at(b->fd, "", &now);
    bool same = known && zc_stat_same_version(&b->before, &now);
    bool grown = known && now.ino == b->before.ino &&
                 now.size > b->before.size;
    end->verdict = ZC_VERDICT_RETRY;
    if (same && b->lease == ZC_LEASE_HELD && zc_lease_unbroken(b->fd))
        end->verdict = ZC_VERDICT_COMMIT;
    else if (same || grown) {
        if (!zc_hash_fd(&w->scratch, b->fd, b->before.size, end->hash))
            end->verdict = ZC_VERDICT_VERIFY;
        else if (same)
            b->read_eno = errno;
    }
}

int zc_send_verdict(struct zc_sworker *w, struct zc_sbig *b)
{
    struct zc_sender *s = w->s;
    struct outfile f;
    struct zc_msg_end end = {.ref = {b->list->id, b->index}};
    out_init(s, &f, b->list, b->index, b->tries);
    judge(w, b, &end);
    int r = 0, eno = b->read_eno;
    if (end.verdict != ZC_VERDICT_RETRY) {
        set_state(w, &f, ZC_S_SENT);
        zc_end_encode(&w->out, &end);
    } else if (eno) {
        r = give_up(w, &f, "read it", eno);
    } else if (f.tries + 1 >= ZC_TRIES_MAX) {
        r = retry_later(w, &f); /* gives up */
    } else {
        zc_end_encode(&w->out, &end);
        r = zc_sworker_flush(w) || retry_later(w, &f) ? -1 : 0;
    }
    big_free(s, b);
    return r;
}

/* META: what it is now, without its bytes. */
static int send_meta(struct zc_sworker *w, int dirfd, struct outfile *f)
{
    struct zc_msg_file m;
    if (describe(w, dirfd, f, &m))
        return -1;
    zc_file_encode(&w->out, ZC_FRAME_META, &m);
    set_state(w, f, ZC_S_SENT);
    return 0;
}

/* NEED CHECK: true when the file here has the hash of the one there. */
static bool check_equal(struct zc_sworker *w, const struct outfile *f)
{
    uint8_t mine[ZC_HASH_SIZE];
    const struct zc_need_item *item = NULL;
    pthread_mutex_lock(&w->s->lock);
    for (size_t i = 0; i < f->list->checks.len; i++)
        if (f->list->checks.v[i].index == f->index)
            item = &f->list->checks.v[i];
    struct zc_need_item copy = item ? *item : (struct zc_need_item){0};
    pthread_mutex_unlock(&w->s->lock);
    return item && !zc_hash_fd(&w->scratch, f->fd, f->st.size, mine) &&
           !memcmp(mine, copy.hash, sizeof mine);
}

/* It is not the same after all: that is what the user shall read. */
static void note_changed(struct zc_sworker *w, const struct outfile *f)
{
    pthread_mutex_lock(&w->s->lock);
    f->list->entries[f->index].item_flags |= ZC_ITEM_DATA | ZC_ITEM_CHECKSUM;
    pthread_mutex_unlock(&w->s->lock);
}

/* A dry run's CHECK is decided and reported here. */
static void report_check(struct zc_sworker *w, const struct outfile *f)
{
    struct zc_sender *s = w->s;
    struct zc_sentry *se = &f->list->entries[f->index];
    zc_sender_item(s, f->list, f->index, se->item_flags);
    settle_here(w, f);
}

/* Opens F's file and looks at it. */
static int open_file(struct zc_sworker *w, int dirfd, struct outfile *f)
{
    f->fd = zc_file_open(dirfd, f->name, O_RDONLY, 0);
    if (f->fd < 0)
        return give_up(w, f, "open it", errno);
    if (zc_stat_at(f->fd, "", &f->st)) {
        int eno = errno;
        zc_close(&f->fd);
        return give_up(w, f, "look at it", eno);
    }
    if (!S_ISREG(f->st.mode)) {
        zc_close(&f->fd);
        return give_up(w, f, "read it: it is no file any more", 0);
    }
    return 0;
}

static int send_data(struct zc_sworker *w, int dirfd, struct outfile *f)
{
    if (f->st.size > ZC_INLINE_MAX ||
        maybe_sparse(&f->st, w->s->opt->keep))
        return send_big(w, dirfd, f);
    /* Once more at once, then later: most changes are over by then. */
    for (int i = 0; i < 2; i++) {
        int r = append_inline(w, dirfd, f);
        if (r)
            return r < 0 ? -1 : 0;
        if (zc_stat_at(f->fd, "", &f->st))
            break;
        if (f->st.size > ZC_INLINE_MAX)
            return send_big(w, dirfd, f);
    }
    return retry_later(w, f);
}

/* Sends entry INDEX of L as it was asked for. */
static int send_entry(struct zc_sworker *w, int dirfd, struct zc_slist *l,
                      uint32_t index, unsigned tries)
{
    struct zc_sender *s = w->s;
    struct outfile f;
    out_init(s, &f, l, index, tries);
    unsigned what = l->entries[index].what;
    if (what & ZC_NEED_META) {
        if (zc_stat_at(dirfd, f.name, &f.st))
            return give_up(w, &f, "look at it", errno);
        if ((f.st.mode & S_IFMT) != (f.listed.mode & S_IFMT))
            return give_up(w, &f, "read it: it is something else now", 0);
        return send_meta(w, dirfd, &f);
    }
    int r = open_file(w, dirfd, &f);
    if (f.fd < 0)
        return r;
    bool equal = what & ZC_NEED_CHECK && tries == 0 && check_equal(w, &f);
    if (what & ZC_NEED_CHECK && !equal)
        note_changed(w, &f);
    if (what & ZC_NEED_CHECK && s->opt->dry_run)
        report_check(w, &f);
    else if (equal)
        r = send_meta(w, dirfd, &f);
    else
        r = send_data(w, dirfd, &f);
    zc_close(&f.fd);
    return r;
}

/* The next wanted entry of L; false: there is none, and L has been handed
 * back. */
static bool next_wanted(struct zc_sender *s, struct zc_slist *l, bool stop,
                        uint32_t *index)
{
    pthread_mutex_lock(&s->lock);
    while (l->cursor < l->count &&
           l->entries[l->cursor].state != ZC_S_WANTED)
        l->cursor++;
    bool found = l->cursor < l->count && !s->failed && !stop;
    if (found) {
        *index = l->cursor++;
    } else {
        l->queued = false;
        zc_slist_release(s, l);
    }
    pthread_mutex_unlock(&s->lock);
    return found;
}

/* Its directory cannot be opened any more. */
static int give_up_dir(struct zc_sworker *w, struct zc_slist *l,
                       uint32_t index, int eno)
{
    struct outfile f;
    out_init(w->s, &f, l, index, 0);
    return give_up(w, &f, "open its directory", eno);
}

int zc_send_list(struct zc_sworker *w, struct zc_slist *l)
{
    struct zc_sender *s = w->s;
    struct zc_dirnode *node = l->node; /* L may be gone at the end */
    zc_dirnode_ref(s->tree, node);
    int r = 0, dirfd = zc_dirnode_pin(s->tree, node), eno = errno;
    for (uint32_t index; next_wanted(s, l, r != 0, &index);) {
        r = dirfd < 0 ? give_up_dir(w, l, index, eno)
                      : send_entry(w, dirfd, l, index, 0);
        if (!r && w->out.len >= s->batch_max)
            r = zc_sworker_flush(w);
    }
    if (dirfd >= 0)
        zc_dirnode_unpin(s->tree, node);
    zc_dirnode_unref(s->tree, node);
    return r;
}

int zc_send_again(struct zc_sworker *w, const struct zc_retry *retry)
{
    struct zc_sender *s = w->s;
    struct zc_dirnode *node = retry->list->node;
    zc_dirnode_ref(s->tree, node);
    int r, dirfd = zc_dirnode_pin(s->tree, node);
    if (dirfd < 0) {
        r = give_up_dir(w, retry->list, retry->index, errno);
    } else if (retry->tries >= ZC_TRIES_MAX) {
        struct outfile f;
        out_init(s, &f, retry->list, retry->index, retry->tries);
        r = retry_later(w, &f); /* gives up */
        zc_dirnode_unpin(s->tree, node);
    } else {
        r = send_entry(w, dirfd, retry->list, retry->index, retry->tries);
        zc_dirnode_unpin(s->tree, node);
    }
    zc_dirnode_unref(s->tree, node);
    return r;
}
