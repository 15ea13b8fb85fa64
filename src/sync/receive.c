// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One session of a receiver: handshake, OPEN, the reader's loop, the end. The
 * story and the threads are in receiver.h. What the sender sends is checked
 * here for being allowed at all (is this list, this directory, this entry
 * open?) before any worker sees it.
 */
#include "sync/receive.h"

#include "base/clock.h"
#include "base/log.h"
#include "fs/rootdir.h"
#include "sync/hostid.h"
#include "sync/receiver.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What may wait for the workers: bounds memory, since each item holds on to
 * the slab it came in. */
#define QUEUE_ITEMS 48
#define QUEUE_BYTES ((size_t)4 << 20)
#define FLUSH_BYTES ((size_t)32 << 10)
#define WORKERS_MAX 8u
#define MAX_IDLE_DIRS 128

/* Tells the sender why, unless the connection is what failed. */
static void send_error(struct zc_receiver *r, const struct zc_err *err)
{
    if (err->code == ZC_EXIT_SOCKET || err->code == ZC_EXIT_TIMEOUT)
        return;
    struct zc_err ignored;
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_msg_error m = {
        (uint8_t)err->code,
        {(const uint8_t *)err->text,
         ZC_MIN(strlen(err->text), (size_t)ZC_ERROR_TEXT_MAX)}};
    zc_error_encode(&out, &m);
    zc_link_send(&r->link, &out, &ignored);
    zc_buf_fini(&out);
}

/* The sender ends when it reads the ERROR, which ends the reader here. */
void zc_receiver_fail(struct zc_receiver *r, const struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    bool first = !r->failed;
    if (first) {
        r->failed = true;
        r->err = *err;
    }
    r->stopping = true;
    pthread_cond_broadcast(&r->work);
    pthread_cond_broadcast(&r->room);
    pthread_cond_broadcast(&r->commit_work);
    pthread_mutex_unlock(&r->lock);
    if (first)
        send_error(r, err);
}

static int nonsense(struct zc_err *err, const char *what)
{
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the sender's message makes no sense: %s", what);
}

/* --- workers ------------------------------------------------------------- */

static void encode_results(struct zc_rworker *w)
{
    for (size_t i = 0; i < w->results.len;) {
        uint32_t n = (uint32_t)ZC_MIN(w->results.len - i,
                                      (size_t)ZC_RESULT_ITEMS_MAX);
        size_t at = zc_result_begin(&w->out);
        for (uint32_t k = 0; k < n; k++)
            zc_result_add(&w->out, &w->results.v[i + k]);
        zc_result_end(&w->out, at, n);
        i += n;
    }
    w->results.len = 0;
}

int zc_rworker_flush(struct zc_rworker *w)
{
    struct zc_err err;
    encode_results(w);
    if (!w->out.len && !w->out.failed)
        return 0;
    if (zc_link_send(&w->r->link, &w->out, &err)) {
        zc_receiver_fail(w->r, &err);
        return -1;
    }
    return 0;
}

void zc_rworker_result(struct zc_rworker *w, struct zc_ref ref,
                       enum zc_status status, unsigned op, int eno)
{
    struct zc_result_item item = {ref, (uint8_t)status, (uint8_t)op,
                                  (uint32_t)eno};
    if (status == ZC_STATUS_NOTE_META || status == ZC_STATUS_NOTE_FAILED) {
        /* Ahead of the answer that may close the entry's list. */
        size_t at = zc_result_begin(&w->out);
        zc_result_add(&w->out, &item);
        zc_result_end(&w->out, at, 1);
    } else if (zc_vec_push(&w->results, item)) {
        w->out.failed = true;
    }
}

void zc_rworker_note_path(struct zc_rworker *w, const char *path, unsigned op,
                          uint32_t mode, int eno)
{
    struct zc_msg_note m = {(uint8_t)op, mode, (uint32_t)eno,
                            {(const uint8_t *)path, strlen(path)}};
    if (m.path.n < ZC_FRAME_BODY_MAX - 64)
        zc_note_encode(&w->out, &m);
}

void zc_rworker_note(struct zc_rworker *w, struct zc_dirnode *d,
                     const char *name, unsigned op, uint32_t mode, int eno)
{
    const char *path = zc_dirnode_path_of(d, name, strlen(name), &w->path);
    if (path)
        zc_rworker_note_path(w, path, op, mode, eno);
}

static void do_work(struct zc_rworker *w, struct zc_rwork *work)
{
    switch (work->kind) {
    case ZC_W_LIST:
        zc_compare_list(w, work);
        break;
    case ZC_W_FILES:
        zc_apply_files(w, work);
        break;
    case ZC_W_META:
        zc_apply_meta(w, work);
        break;
    case ZC_W_BIG:
        zc_big_finish(w, work);
        break;
    }
    zc_slab_unref(work->slab);
    free(work);
}

void zc_receiver_taken(struct zc_receiver *r, const struct zc_rwork *work)
{
    r->queued--;
    r->queued_bytes -= work->n;
    pthread_cond_broadcast(&r->room);
}

static void *worker_main(void *arg)
{
    struct zc_rworker *w = arg;
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        struct zc_rwork *work = r->stopping ? NULL : r->queue;
        if (work) {
            r->queue = work->next;
            if (!r->queue)
                r->queue_end = &r->queue;
            zc_receiver_taken(r, work);
            r->busy++;
            pthread_mutex_unlock(&r->lock);
            do_work(w, work);
            pthread_mutex_lock(&r->lock);
            /* Answers are gathered while there is more to do. */
            bool more = r->queue && !r->stopping;
            pthread_mutex_unlock(&r->lock);
            if (!more || w->out.len >= FLUSH_BYTES ||
                w->results.len >= FLUSH_BYTES / 16)
                zc_rworker_flush(w);
            pthread_mutex_lock(&r->lock);
            r->busy--;
            pthread_cond_broadcast(&r->room);
            continue;
        }
        if (r->stopping)
            break;
        pthread_mutex_unlock(&r->lock);
        zc_rworker_flush(w);
        pthread_mutex_lock(&r->lock);
        if (!r->queue && !r->stopping)
            pthread_cond_wait(&r->work, &r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* --- the reader ---------------------------------------------------------- */

/* Hands WORK (copied) to the workers; waits while too much is queued. */
int zc_receiver_queue(struct zc_receiver *r, const struct zc_rwork *work)
{
    struct zc_rwork *copy = malloc(sizeof *copy);
    if (!copy) {
        struct zc_err err;
        zc_err_nomem(&err);
        zc_receiver_fail(r, &err);
        return -1;
    }
    *copy = *work;
    copy->next = NULL;
    if (copy->slab)
        zc_slab_ref(copy->slab);
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && r->queued &&
           (r->queued >= QUEUE_ITEMS ||
            r->queued_bytes + copy->n > QUEUE_BYTES))
        pthread_cond_wait(&r->room, &r->lock);
    bool stop = r->stopping;
    /* The lists of one directory stay in order: see zc_rdir.comparing. */
    if (!stop && copy->kind == ZC_W_LIST && copy->dir->comparing) {
        *copy->dir->waiting_end = copy;
        copy->dir->waiting_end = &copy->next;
        r->queued++;
        r->queued_bytes += copy->n;
        pthread_mutex_unlock(&r->lock);
        return 0;
    }
    if (!stop) {
        if (copy->kind == ZC_W_LIST)
            copy->dir->comparing = true;
        *r->queue_end = copy;
        r->queue_end = &copy->next;
        r->queued++;
        r->queued_bytes += copy->n;
        pthread_cond_signal(&r->work);
    }
    pthread_mutex_unlock(&r->lock);
    if (stop) {
        zc_slab_unref(copy->slab);
        free(copy);
        return -1;
    }
    return 0;
}

static struct zc_rlist *list_new(struct zc_receiver *r, uint32_t id,
                                 struct zc_rdir *dir)
{
    struct zc_rlist *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->id = id;
    l->dir = dir;
    pthread_mutex_lock(&r->lock);
    int fail = zc_map_put(&r->lists, id, 0, l);
    pthread_mutex_unlock(&r->lock);
    if (fail) {
        free(l);
        return NULL;
    }
    return l;
}

/* The directory that list M is about; checks that it may be listed now. */
static struct zc_rdir *dir_to_list(struct zc_receiver *r,
                                   const struct zc_msg_list *m,
                                   struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rdir *d = zc_map_get(&r->dirs, m->dir.list, m->dir.index);
    if (d && d->list_over)
        d = NULL;
    if (d && m->flags & ZC_LIST_LAST)
        d->list_over = true;
    bool full = r->pending > ZC_PENDING_MAX;
    pthread_mutex_unlock(&r->lock);
    if (!d)
        nonsense(err, "it lists a directory that was not asked for");
    if (full) {
        nonsense(err, "too much is left unfinished");
        return NULL;
    }
    return d;
}

/* LIST 0 is the root's entry: answered at once. */
static int root_list(struct zc_receiver *r, struct zc_msg_list *m,
                     struct zc_err *err)
{
    struct zc_entry e, prev = {0};
    if (zc_list_next(m, &prev, &e, err) || zc_list_ended(m, err))
        return -1;
    struct zc_rdir *root = zc_rdir_new(r, NULL, &e, (struct zc_ref){0, 0},
                                       r->root_fd >= 0 ? ZC_RD_EXISTS
                                                       : ZC_RD_ABSENT);
    if (!root)
        return zc_err_nomem(err);
    r->root = root;
    root->pending++; /* finish() takes this one back */
    struct zc_rworker w = {.r = r};
    struct zc_rwork work = {.kind = ZC_W_LIST, .dir = root};
    work.list = list_new(r, 0, root);
    if (!work.list)
        return zc_err_nomem(err);
    zc_compare_root(&w, root, work.list, &e);
    int fail = zc_rworker_flush(&w);
    zc_buf_fini(&w.out);
    zc_buf_fini(&w.xattrs);
    zc_buf_fini(&w.path);
    zc_vec_fini(&w.results);
    return fail;
}

static int on_list(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_slab *slab, struct zc_err *err)
{
    struct zc_msg_list m;
    if (zc_list_decode(body, &m, err))
        return -1;
    if (m.list != r->next_list)
        return nonsense(err, "lists are not numbered in order");
    r->next_list++;
    if (m.list == 0)
        return root_list(r, &m, err);
    struct zc_rwork work = {.kind = ZC_W_LIST, .slab = slab,
                            .p = body.p, .n = body.n};
    work.dir = dir_to_list(r, &m, err);
    if (!work.dir)
        return -1;
    work.list = list_new(r, m.list, work.dir);
    if (!work.list)
        return zc_err_nomem(err);
    return zc_receiver_queue(r, &work);
}

struct zc_rlist *zc_receiver_claim(struct zc_receiver *r, uint32_t list,
                                   unsigned n, struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rlist *l = zc_map_get(&r->lists, list, 0);
    bool ok = l && l->claimable >= n;
    if (ok)
        l->claimable -= n;
    pthread_mutex_unlock(&r->lock);
    if (ok)
        return l;
    nonsense(err, "it sends an entry that was not asked for");
    return NULL;
}

/* A run of small files of one list, all in one slab. */
struct run {
    struct zc_rwork work;
    uint32_t list;
    unsigned count;
};

static int run_flush(struct zc_receiver *r, struct run *run,
                     struct zc_err *err)
{
    if (!run->count)
        return 0;
    run->work.list = zc_receiver_claim(r, run->list, run->count, err);
    run->count = 0;
    int fail = run->work.list ? zc_receiver_queue(r, &run->work) : -1;
    zc_slab_unref(run->work.slab);
    return fail;
}

/* A FILE with its bytes in it joins the run, or starts a new one. */
static int run_add(struct zc_receiver *r, struct run *run, uint32_t list,
                   const uint8_t *frame, size_t n, struct zc_slab *slab,
                   struct zc_err *err)
{
    struct zc_rwork *w = &run->work;
    bool joins = run->count && run->list == list && w->slab == slab &&
                 w->p + w->n == frame && w->n < ZC_SLAB_SIZE / 4;
    if (!joins) {
        if (run_flush(r, run, err))
            return -1;
        *w = (struct zc_rwork){.kind = ZC_W_FILES, .slab = slab, .p = frame};
        run->list = list;
        zc_slab_ref(slab); /* its bytes must stay where they are */
    }
    w->n += n;
    run->count++;
    return 0;
}

static int on_file(struct zc_receiver *r, struct run *run,
                   const struct zc_frame *f, struct zc_bytes body,
                   struct zc_slab *slab, struct zc_err *err)
{
    struct zc_rd rd = zc_rd_init(body.p, body.n);
    uint32_t list = zc_rd_u32(&rd);
    zc_rd_u32(&rd);
    uint16_t flags = zc_rd_u16(&rd);
    if (flags & ZC_FILE_INLINE)
        return run_add(r, run, list, body.p - ZC_FRAME_HEADER_SIZE,
                       ZC_FRAME_HEADER_SIZE + f->length, slab, err);
    return run_flush(r, run, err) || zc_big_begin(r, body, err) ? -1 : 0;
}

static int on_meta(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_slab *slab, struct zc_err *err)
{
    struct zc_rd rd = zc_rd_init(body.p, body.n);
    struct zc_rwork work = {.kind = ZC_W_META, .slab = slab,
                            .p = body.p, .n = body.n};
    work.list = zc_receiver_claim(r, zc_rd_u32(&rd), 1, err);
    return work.list ? zc_receiver_queue(r, &work) : -1;
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

static int on_peer_error(struct zc_bytes body, struct zc_err *err)
{
    struct zc_msg_error m;
    if (zc_error_decode(body, &m, err))
        return -1;
    return zc_err_set(err, (enum zc_exit)m.code, 0, "%.*s", (int)m.text.n,
                      (const char *)m.text.p);
}

/* 1: DONE has come. */
static int dispatch(struct zc_receiver *r, struct run *run,
                    struct zc_mover *mover, const struct zc_frame *f,
                    struct zc_bytes body, struct zc_slab *slab,
                    struct zc_err *err)
{
    if (f->type == ZC_FRAME_FILE)
        return on_file(r, run, f, body, slab, err);
    if (run_flush(r, run, err))
        return -1;
    switch (f->type) {
    case ZC_FRAME_LIST:
        return on_list(r, body, slab, err);
    case ZC_FRAME_DATA:
        return zc_big_data(r, mover, body, err);
    case ZC_FRAME_SENT:
        return zc_big_sent(r, body, err);
    case ZC_FRAME_END:
        return zc_big_end(r, body, err);
    case ZC_FRAME_META:
        return on_meta(r, body, slab, err);
    case ZC_FRAME_IDNAME:
        return on_idname(r, body, err);
    case ZC_FRAME_PING:
        return body.n ? nonsense(err, "a PING with something in it") : 0;
    case ZC_FRAME_DONE:
        return zc_done_decode(body, &r->done_flags, err) ? -1 : 1;
    case ZC_FRAME_ERROR:
        return on_peer_error(body, err);
    default:
        return nonsense(err, "a message of an unknown type");
    }
}

/* Until DONE (0), or trouble (-1). */
static int read_all(struct zc_receiver *r, struct zc_err *err)
{
    struct run run = {0};
    struct zc_mover mover;
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    int got = 0;
    zc_mover_init(&mover, ZC_MOVER_AUTO);
    while (!got && !atomic_load_explicit(&r->failed, memory_order_relaxed)) {
        if (!zc_link_has_bytes(&r->link) && run_flush(r, &run, err))
            got = -1;
        else if (zc_link_recv(&r->link, zc_big_receiving(r), &f, &body, &slab,
                              err))
            got = -1;
        else
            got = dispatch(r, &run, &mover, &f, body, slab, err);
        atomic_store_explicit(&r->last_input, zc_clock_ns(),
                              memory_order_relaxed);
    }
    if (run.count)
        zc_slab_unref(run.work.slab);
    zc_mover_fini(&mover);
    return got > 0 ? 0 : -1;
}

/* --- the end ------------------------------------------------------------- */

static void wait_idle(struct zc_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->stopping && (r->queued || r->busy))
        pthread_cond_wait(&r->room, &r->lock);
    pthread_mutex_unlock(&r->lock);
}

static int sync_volumes(struct zc_receiver *r, struct zc_err *err)
{
    if (r->fsync == ZC_FSYNC_NONE || r->dry || !atomic_load(&r->changes))
        return 0;
    for (struct zc_rvolume *v = r->volumes; v; v = v->next) {
        int fail = atomic_load(&r->need_syncfs) ? syncfs(v->dirfd)
                                                : fsync(v->dirfd);
        if (fail)
            return zc_err_set(err, ZC_EXIT_FILEIO, errno,
                              "the receiver cannot sync to stable storage");
    }
    return 0;
}

/* The staging folders go; what that did to their parents' times is undone. */
static void clear_staging(struct zc_receiver *r)
{
    for (struct zc_rvolume *v = r->volumes; v; v = v->next) {
        bool used = v->staging && zc_staging_used(v->staging);
        zc_staging_free(v->staging);
        v->staging = NULL;
        if (!used || !v->top_wanted)
            continue;
        struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                    {v->top_mtime_s, v->top_mtime_ns}};
        futimens(v->dirfd, times);
    }
}

static int finish(struct zc_receiver *r, struct zc_err *err)
{
    wait_idle(r);
    zc_commit_drain(r);
    pthread_mutex_lock(&r->lock);
    bool complete = !r->failed && r->root && r->root->listed &&
                    r->root->pending == 1 && !r->lists.used && !r->bigs;
    if (r->failed)
        *err = r->err;
    pthread_mutex_unlock(&r->lock);
    if (r->failed)
        return -1;
    if (!complete)
        return nonsense(err, "it is done before everything was sent");

    struct zc_rworker w = {.r = r};
    struct zc_msg_finished m = {0};
    struct zc_err brake;
    if (zc_plan_run(&w, &brake)) {
        m.code = (uint8_t)brake.code;
        m.text = (struct zc_bytes){(const uint8_t *)brake.text,
                                   ZC_MIN(strlen(brake.text),
                                          (size_t)ZC_ERROR_TEXT_MAX)};
        /* What the source's root looks like is no more to be trusted. */
        r->root->implied = true;
    }
    zc_rdir_drop(&w, r->root);
    clear_staging(r);
    int fail = sync_volumes(r, err);
    m.durable = !fail && r->fsync != ZC_FSYNC_NONE;
    m.created = atomic_load(&r->created);
    m.deleted = atomic_load(&r->deleted);
    if (!fail) {
        zc_finished_encode(&w.out, &m);
        fail = zc_rworker_flush(&w);
        if (fail)
            *err = r->err;
    }
    zc_buf_fini(&w.out);
    zc_buf_fini(&w.path);
    zc_vec_fini(&w.results);
    return fail;
}

/* --- the beginning ------------------------------------------------------- */

static const struct zc_share *find_share(const struct zc_receive_options *opt,
                                         struct zc_bytes name)
{
    for (size_t i = 0; i < opt->n_shares; i++)
        if (strlen(opt->shares[i].name) == name.n &&
            !memcmp(opt->shares[i].name, name.p, name.n))
            return &opt->shares[i];
    return NULL;
}

/* Splits PATH at its last slash: the parent ("." or "" by EMPTY) and the name. */
static int split_last(const char *path, const char *empty, char **dir,
                      char **name)
{
    const char *slash = strrchr(path, '/');
    *name = strdup(slash ? slash + 1 : path);
    *dir = !slash ? strdup(empty)
                  : strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return *dir && *name ? 0 : -1;
}

/* DEST is a path of the local user's own (embedded receiver). */
static int open_embedded(struct zc_receiver *r, const struct zc_share *share,
                         char **name, struct zc_err *err)
{
    struct stat st;
    bool exists = stat(share->path, &st) == 0;
    bool is_file = r->flags & ZC_OPEN_SINGLE_FILE &&
                   !(r->flags & ZC_OPEN_PATH_IS_DIR) &&
                   !(exists && S_ISDIR(st.st_mode));
    if (is_file) {
        zc_auto_free char *dir = NULL;
        free(*name);
        *name = NULL;
        if (split_last(share->path, ".", &dir, name))
            return zc_err_nomem(err);
        r->root_fd = zc_root_open(dir, false, NULL, err);
        return r->root_fd < 0 ? -1 : 0;
    }
    if (r->dry && !exists && errno == ENOENT)
        return 0;
    r->root_fd = zc_root_open(share->path, !r->dry, NULL, err);
    return r->root_fd < 0 ? -1 : 0;
}

static int cannot_open(const struct zc_share *share, const char *path,
                       struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_SELECT, errno, "cannot open %s in share %s",
                      *path ? path : "the root", share->name);
}

/* Makes the directory at the end of PATH below BASE. */
static int make_last(int base, const char *path)
{
    zc_auto_free char *dir = NULL;
    zc_auto_free char *name = NULL;
    if (split_last(path, "", &dir, &name)) {
        errno = ENOMEM;
        return -1;
    }
    zc_auto_close int parent = zc_root_open_dir(base, dir);
    if (parent < 0)
        return -1;
    return mkdirat(parent, name, 0777) && errno != EEXIST ? -1 : 0;
}

/* PATH below a share. The staging folder is nobody's to write into. */
static bool names_staging(const char *path)
{
    size_t n = strlen(ZC_STAGING_NAME);
    for (const char *at = path; (at = strstr(at, ZC_STAGING_NAME)); at += n)
        if ((at == path || at[-1] == '/') && (at[n] == '/' || !at[n]))
            return true;
    return false;
}

static int open_share(struct zc_receiver *r, const struct zc_share *share,
                      const char *path, char **name, struct zc_err *err)
{
    if (names_staging(path))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s is the name of the staging folder, and reserved",
                          ZC_STAGING_NAME);
    zc_auto_close int base = zc_root_open(share->path, false, NULL, err);
    if (base < 0)
        return -1;
    r->root_fd = zc_root_open_dir(base, path);
    bool single = r->flags & ZC_OPEN_SINGLE_FILE;
    bool dir_wanted = !single || r->flags & ZC_OPEN_PATH_IS_DIR;
    if (r->root_fd >= 0)
        return 0;
    if (errno == ENOENT && dir_wanted) {
        if (r->dry)
            return 0;
        if (make_last(base, path))
            return cannot_open(share, path, err);
        r->root_fd = zc_root_open_dir(base, path);
    } else if ((errno == ENOENT || errno == ENOTDIR || errno == ELOOP) &&
               !dir_wanted) {
        zc_auto_free char *dir = NULL;
        free(*name);
        *name = NULL;
        if (split_last(path, "", &dir, name))
            return zc_err_nomem(err);
        r->root_fd = zc_root_open_dir(base, dir);
    }
    return r->root_fd < 0 ? cannot_open(share, path, err) : 0;
}

/* --chown: ids of this host. */
static int force_ids(struct zc_receiver *r, const struct zc_msg_open *m,
                     struct zc_err *err)
{
    const struct {
        struct zc_bytes name;
        enum zc_id_kind kind;
        const char *what;
    } v[] = {{m->chown_user, ZC_ID_USER, "user"},
             {m->chown_group, ZC_ID_GROUP, "group"}};
    for (size_t i = 0; i < ZC_ARRAY_LEN(v); i++) {
        uint32_t id;
        if (!v[i].name.n)
            continue;
        zc_auto_free char *name = strndup((const char *)v[i].name.p,
                                          v[i].name.n);
        if (!name)
            return zc_err_nomem(err);
        if (zc_id_lookup(v[i].kind, name, &id))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "the receiver knows no %s named %s", v[i].what,
                              name);
        zc_idmap_force(r->ids, v[i].kind, id);
    }
    return 0;
}

static int take_options(struct zc_receiver *r, const struct zc_msg_open *m,
                        struct zc_err *err)
{
    r->flags = m->flags;
    r->keep = m->keep;
    r->dry = m->flags & ZC_OPEN_DRY_RUN;
    r->fsync = (enum zc_fsync)m->fsync;
    r->max_delete = m->max_delete;
    r->ping_s = m->timeout_s;
    if (r->opt->timeout_s && (!r->ping_s || r->opt->timeout_s < r->ping_s))
        r->ping_s = r->opt->timeout_s;
    r->ids = zc_idmap_new(m->flags & ZC_OPEN_NUMERIC_IDS);
    if (!r->ids)
        return zc_err_nomem(err);
    r->filter = zc_filter_decode(m->filter.p, m->filter.n, err);
    if (!r->filter)
        return -1;
    zc_idmap_warm_up();
    return force_ids(r, m, err);
}

/* Everything between OPEN and OPENED. NAME: see zc_msg_opened. */
static int open_all(struct zc_receiver *r, struct zc_bytes body, char **name,
                    struct zc_err *err)
{
    struct zc_msg_open m;
    if (zc_open_decode(body, &m, err))
        return -1;
    const struct zc_share *share = find_share(r->opt, m.share);
    if (!share)
        return zc_err_set(err, ZC_EXIT_START, 0, "there is no share named %.*s",
                          (int)m.share.n, (const char *)m.share.p);
    if (share->read_only && !(m.flags & ZC_OPEN_DRY_RUN))
        return zc_err_set(err, ZC_EXIT_START, 0, "share %s is read-only",
                          share->name);
    zc_auto_free char *path = strndup((const char *)m.path.p, m.path.n);
    *name = m.name.n ? strndup((const char *)m.name.p, m.name.n) : NULL;
    if (!path || (m.name.n && !*name))
        return zc_err_nomem(err);
    if (take_options(r, &m, err))
        return -1;
    int fail = r->opt->embedded ? open_embedded(r, share, name, err)
                                : open_share(r, share, path, name, err);
    if (fail)
        return -1;
    if (*name && !zc_name_ok(*name, strlen(*name)))
        return zc_err_set(err, ZC_EXIT_SELECT, 0, "%s is no file name", *name);
    if (r->root_fd >= 0 && r->opt->confine &&
        r->opt->confine(r->root_fd, share->read_only || r->dry, err))
        return -1;
    return 0;
}

static int prepare_root(struct zc_receiver *r, struct zc_err *err)
{
    if (r->root_fd >= 0 && !r->dry && zc_staging_clean(r->root_fd) < 0 &&
        errno != EROFS)
        zc_log(ZC_LOG_WARN, "cannot clear the staging folder: %m");
    r->tree = zc_dirtree_new(r->root_fd, MAX_IDLE_DIRS);
    return r->tree ? 0 : zc_err_nomem(err);
}

static int recv_open(struct zc_receiver *r, struct zc_err *err)
{
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    zc_auto_free char *name = NULL;
    struct zc_msg_opened opened = {.timeout_s = r->opt->timeout_s};
    zc_host_id(opened.host_id); /* /proc is out of reach when confined */
    if (zc_link_hello(&r->link, ZC_ROLE_RECEIVER, err) ||
        zc_link_recv(&r->link, false, &f, &body, &slab, err))
        return -1;
    if (f.type != ZC_FRAME_OPEN)
        return nonsense(err, "it does not begin with OPEN");
    if (open_all(r, body, &name, err) || prepare_root(r, err))
        return -1;
    struct zc_stat st;
    if (r->root_fd >= 0 && !zc_stat_at(r->root_fd, "", &st)) {
        opened.root_dev = st.dev;
        opened.root_ino = st.ino;
    }
    if (name)
        opened.name = (struct zc_bytes){(const uint8_t *)name, strlen(name)};
    struct zc_buf out = ZC_BUF_INIT;
    zc_opened_encode(&out, &opened);
    int fail = zc_link_send(&r->link, &out, err);
    zc_buf_fini(&out);
    return fail;
}

/* --- all together -------------------------------------------------------- */

static int receiver_init(struct zc_receiver *r, struct zc_transport *t,
                         struct zc_err *err)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&r->commit_work, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_cond_init(&r->commit_idle, NULL);
    pthread_cond_init(&r->work, NULL);
    pthread_cond_init(&r->room, NULL);
    pthread_mutex_init(&r->lock, NULL);
    r->queue_end = &r->queue;
    r->commits_end = &r->commits;
    r->root_fd = -1;
    r->is_root = geteuid() == 0;
    r->umask = umask(0); /* modes are set by us, exactly */
    return zc_link_init(&r->link, t, err);
}

/* After all threads have ended; a session may have broken off anywhere. */
static void receiver_fini(struct zc_receiver *r)
{
    while (r->bigs) {
        struct zc_rbig *b = r->bigs;
        r->bigs = b->next;
        zc_big_free(r, b);
    }
    while (r->queue) {
        struct zc_rwork *w = r->queue;
        r->queue = w->next;
        if (w->kind == ZC_W_BIG)
            zc_big_free(r, w->big);
        zc_slab_unref(w->slab);
        free(w);
    }
    while (r->commits) {
        struct zc_rcommit *c = r->commits;
        r->commits = c->next;
        zc_close(&c->fd);
        free(c);
    }
    size_t at = 0;
    for (struct zc_map_slot *slot; (slot = zc_map_next(&r->lists, &at));) {
        struct zc_rlist *l = slot->value;
        zc_link_drop_deferred(r, l->deferred);
        free(l);
    }
    zc_map_fini(&r->lists);
    zc_map_fini(&r->dirs);
    zc_links_free(r);
    zc_rdirs_free(r);
    clear_staging(r);
    while (r->volumes) {
        struct zc_rvolume *v = r->volumes;
        r->volumes = v->next;
        zc_close(&v->dirfd);
        free(v);
    }
    zc_buf_fini(&r->plan.names);
    zc_dirtree_free(r->tree);
    zc_idmap_free(r->ids);
    zc_filter_free(r->filter);
    zc_close(&r->root_fd);
    zc_link_fini(&r->link);
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->work);
    pthread_cond_destroy(&r->room);
    pthread_cond_destroy(&r->commit_work);
    pthread_cond_destroy(&r->commit_idle);
}

/* PING when the line has been quiet for a quarter of the time-out. */
static void *pinger_main(void *receiver)
{
    struct zc_receiver *r = receiver;
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err err;
    int64_t step = r->ping_s * ZC_NSEC_PER_SEC / 4;
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        struct timespec until;
        clock_gettime(CLOCK_MONOTONIC, &until);
        int64_t ns = until.tv_nsec + step;
        until.tv_sec += ns / ZC_NSEC_PER_SEC;
        until.tv_nsec = ns % ZC_NSEC_PER_SEC;
        pthread_cond_timedwait(&r->commit_work, &r->lock, &until);
        pthread_mutex_unlock(&r->lock);
        if (zc_link_idle(&r->link)) {
            zc_ping_encode(&b);
            zc_link_send(&r->link, &b, &err); /* the reader sees trouble */
        }
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    zc_buf_fini(&b);
    return NULL;
}

static void stop_threads(struct zc_receiver *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->work);
    pthread_cond_broadcast(&r->commit_work);
    pthread_mutex_unlock(&r->lock);
}

static unsigned thread_count(unsigned asked)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (asked)
        return ZC_MIN(asked, WORKERS_MAX);
    return (unsigned)ZC_MIN(ZC_MAX(cpus, 2L), 4L);
}

/* The session proper: threads around the reader. */
static int run(struct zc_receiver *r, struct zc_err *err)
{
    struct zc_rworker workers[WORKERS_MAX] = {0};
    pthread_t committer, pinger;
    /* One worker sees the names of a hard link group in order, so that a dry
     * run tells the same every time. */
    unsigned n = r->dry ? 1 : thread_count(r->opt->threads), started = 0;
    bool committing = !pthread_create(&committer, NULL, zc_commit_thread, r);
    bool pinging = r->ping_s &&
                   !pthread_create(&pinger, NULL, pinger_main, r);
    for (; committing && started < n; started++) {
        workers[started].r = r;
        if (pthread_create(&workers[started].thread, NULL, worker_main,
                           &workers[started]))
            break;
    }
    int fail = 0;
    if (!started)
        fail = zc_err_set(err, ZC_EXIT_MEMORY, errno, "cannot start a thread");
    if (!fail)
        fail = read_all(r, err) || finish(r, err);
    stop_threads(r);
    for (unsigned i = 0; i < started; i++)
        pthread_join(workers[i].thread, NULL);
    if (committing)
        pthread_join(committer, NULL);
    if (pinging)
        pthread_join(pinger, NULL);
    for (unsigned i = 0; i < n; i++) {
        zc_buf_fini(&workers[i].out);
        zc_buf_fini(&workers[i].xattrs);
        zc_buf_fini(&workers[i].path);
        zc_buf_fini(&workers[i].scratch);
        zc_vec_fini(&workers[i].results);
    }
    /* A worker's reason comes before the reader's, which only saw the end. */
    if (fail && r->failed)
        *err = r->err;
    return fail ? -1 : 0;
}

/* Closing with unread bytes in the socket would reset the connection, and the
 * sender might never see the reason: read on for a moment. */
static void linger(struct zc_receiver *r)
{
    int64_t end = zc_clock_ns() + 2 * ZC_NSEC_PER_SEC;
    zc_transport_set_timeout(r->link.t, 1);
    while (zc_clock_ns() < end &&
           zc_transport_recv(r->link.t, r->link.slab->data, ZC_SLAB_SIZE) > 0)
        ;
}

int zc_receive_run(struct zc_transport *t, const struct zc_receive_options *opt,
                   struct zc_err *err)
{
    struct zc_receiver r = {.opt = opt};
    int fail = receiver_init(&r, t, err) || recv_open(&r, err) || run(&r, err);
    if (fail && r.link.slab && err->code != ZC_EXIT_SOCKET) {
        if (!r.failed)
            send_error(&r, err);
        linger(&r);
    }
    receiver_fini(&r);
    return fail ? -1 : 0;
}
