// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The reader thread: what the peer answers becomes work for the others. It
 * never sends and never waits for anything but the socket (see core.h). The
 * peer is not trusted: every reference is looked up, every entry must be in the
 * state that the answer needs, and per list the questions come in order, so
 * that no answer can cost more than the list it belongs to.
 */
#include "sender/answers.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "fs/keep.h"
#include "sender/big.h"
#include "sender/digests.h"
#include "sender/lists.h"
#include "sender/removal.h"
#include "sender/retries.h"
#include "sender/survey.h"
#include "sender/walk.h"

#include <stdio.h>
#include <string.h>

static int nonsense(struct zc_err *err, const char *what)
{
    return zc_err_set(err, ZC_EXIT_STREAM, 0,
                      "the peer's answer makes no sense: %s", what);
}

/* DESCEND: the entry is a directory to be listed, which the peer has or not. */
static int descend(struct zc_sender *s, struct zc_slist *l, uint32_t index,
                   const struct zc_entry *e, bool there, struct zc_err *err)
{
    if (!S_ISDIR(e->mode) || l->at)
        return nonsense(err, "it descends into something else than a "
                             "directory of a list");
    if (l->unasked)
        return 0;
    struct zc_sdir *d = calloc(1, sizeof *d);
    if (!d)
        return zc_err_nomem(err);
    d->ref = (struct zc_ref){l->id, index};
    if (l->self) {
        d->node = zc_dirtree_root(s->tree);
        zc_dirnode_ref(s->tree, d->node);
        d->restricted = l->restricted;
        if (zc_survey_begin(s, d))
            return 0;
    } else {
        d->node = zc_dirnode_new(s->tree, l->node, e->name, e->name_len);
        if (!d->node) {
            free(d);
            return zc_err_nomem(err);
        }
        if (l->entries[index].followed)
            zc_dirnode_follow(d->node);
        d->filter = zc_filter_ref(l->filter);
        zc_sdir_restrict(s, d, l->only, l->restricted, e->name, e->name_len);
        if (there)
            d->digest = zc_sdigests_child(s, l->digest, e);
    }
    zc_walk_add(s, d);
    return 0;
}

/* A group of names that is not as the peer has it. */
static int group_item(struct zc_slist *l, const struct zc_need_item *item,
                      struct zc_err *err)
{
    if (item->what != ZC_NEED_DESCEND || item->item_flags)
        return nonsense(err, "it wants something else than names of a group");
    l->asked->groups->of.v[item->index].differs = true;
    return 0;
}

/* The peer has said which groups of L's directory it has. */
static void groups_known(struct zc_sender *s, struct zc_slist *l)
{
    struct zc_sdir *d = l->asked;
    bool differs = false;
    l->asked = NULL;
    for (size_t i = 0; i < d->groups->of.len; i++)
        differs |= d->groups->of.v[i].differs;
    if (differs) {
        zc_walk_again(s, d);
        return;
    }
    zc_sdir_free(s, d);
    pthread_mutex_lock(&s->lock);
    zc_lists_close_dir(s);
    pthread_mutex_unlock(&s->lock);
}

/* A file that was sent unasked: no more is said of it than what changes. */
static int eager_item(struct zc_sender *s, struct zc_slist *l,
                      const struct zc_need_item *item, struct zc_err *err)
{
    if (item->what != ZC_NEED_APPLIED)
        return nonsense(err, "it asks for a file that it is being sent");
    pthread_mutex_lock(&s->lock);
    l->entries[item->index].item_flags = item->item_flags;
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* One thing asked for about entry INDEX. */
static int need_item(struct zc_sender *s, struct zc_slist *l,
                     const struct zc_need_item *item, struct zc_err *err)
{
    if (item->index >= l->count || item->index < l->next_need)
        return nonsense(err, "entries out of range or out of order");
    l->next_need = item->index + 1;
    if (l->asked)
        return group_item(l, item, err);
    if (l->second && l->entries[item->index].what)
        return nonsense(err, "it asks for the same once more");
    struct zc_entry e;
    zc_slist_entry(l, item->index, &e);
    unsigned data = item->what & ZC_NEED_BYTES;
    unsigned open = item->what & ZC_NEED_OUTSTANDING;
    const unsigned in_doubt = ZC_NEED_CHECK | ZC_NEED_META;
    if (data && !S_ISREG(e.mode))
        return nonsense(err, "it wants the bytes of something else than a "
                             "file");
    if (e.flags & (ZC_ENTRY_ABSENT | ZC_ENTRY_IMPLIED) &&
        !S_ISDIR(e.mode) && item->what != ZC_NEED_APPLIED)
        return nonsense(err, "it wants a file that is not there");
    bool unasked = item->item_flags & ZC_ITEM_UNCHANGED &&
                   !(s->opt->apply & ZC_APPLY_TELL_ALL);
    if (unasked ||
        (item->item_flags & ZC_ITEM_SAME && !zc_removal_wanted(s->opt)))
        return nonsense(err, "it tells what was not asked for");
    if (item->what & ZC_NEED_DELTA && !(s->terms.open.flags & ZC_OPEN_DELTA))
        return nonsense(err, "it wants what was not offered");
    if ((open & (open - 1)) != 0 && !(s->opt->dry_run && open == in_doubt))
        return nonsense(err, "it wants an entry in two ways");
    if (s->opt->dry_run && open & ~in_doubt)
        return nonsense(err, "it wants a file in a dry run");
    if (e.flags & ZC_ENTRY_EAGER)
        return eager_item(s, l, item, err);
    bool there = !(item->item_flags & ZC_ITEM_NEW);
    if (item->what & ZC_NEED_DESCEND &&
        descend(s, l, item->index, &e, there, err))
        return -1;

    pthread_mutex_lock(&s->lock);
    int r = zc_lists_need(s, l, item);
    pthread_mutex_unlock(&s->lock);
    if (r)
        return zc_err_nomem(err);
    if (data && !s->opt->dry_run) {
        atomic_fetch_add(&s->stats->need_files, 1);
        atomic_fetch_add(&s->stats->need_bytes, e.size);
    }
    if (item->item_flags & ZC_ITEM_SAME)
        zc_removal_of(s, l, item->index);
    else if (!open)
        zc_lists_item(s, l, item->index, item->item_flags);
    return 0;
}

static int on_need(struct zc_sender *s, struct zc_bytes body,
                   struct zc_err *err)
{
    struct zc_msg_need m;
    struct zc_need_item item;
    if (zc_need_decode(body, &m, err))
        return -1;
    pthread_mutex_lock(&s->lock);
    struct zc_slist *l = zc_lists_find(s, m.list);
    bool ok = l && !l->final;
    pthread_mutex_unlock(&s->lock);
    if (!ok)
        return nonsense(err, "a question about a list that is not open");
    if (m.flags & ZC_NEED_SECOND && !l->second) {
        l->second = true;
        l->next_need = 0;
    }
    for (uint32_t i = 0; i < m.count; i++)
        if (zc_need_next(&m, &item, err) || need_item(s, l, &item, err))
            return -1;
    if (zc_rd_left(&m.items))
        return nonsense(err, "bytes after the last item");
    if (l->asked && m.flags & ZC_NEED_FINAL)
        groups_known(s, l);
    pthread_mutex_lock(&s->lock);
    if (m.flags & ZC_NEED_FINAL)
        zc_lists_final(s, l);
    if (zc_lists_answered(s))
        atomic_store(&s->stats->scan_done, true);
    zc_sender_wake(s);
    pthread_mutex_unlock(&s->lock);
    return 0;
}

/* The peer has a tree, and digests it. */
static int on_digest(struct zc_sender *s, struct zc_bytes body,
                     struct zc_err *err)
{
    struct zc_msg_digest m;
    if (!zc_sdigests_expected(s))
        return nonsense(err, "digests that were not offered");
    if (zc_digest_decode(body, &m, err))
        return -1;
    return zc_sdigests_taken(s, &m) ? zc_err_nomem(err) : 0;
}

static int on_got(struct zc_sender *s, struct zc_bytes body,
                  struct zc_err *err)
{
    struct zc_ref ref;
    if (zc_ref_decode(body, &ref, err))
        return -1;
    return zc_big_got(s, ref) ? 0
                              : nonsense(err, "it got a file that was not "
                                              "sent");
}

static int on_bytes(struct zc_sender *s, struct zc_bytes body,
                    struct zc_err *err)
{
    struct zc_msg_bytes m;
    if (zc_bytes_decode(body, &m, err))
        return -1;
    return zc_big_refused(s, m.ref, (int)m.eno)
               ? 0
               : nonsense(err, "it wants the bytes of a file that was not "
                               "passed to it");
}

static int on_sums(struct zc_sender *s, struct zc_bytes body,
                   struct zc_err *err)
{
    struct zc_msg_sums m;
    return zc_sums_decode(body, &m, err) || zc_big_sums(s, &m, err) ? -1 : 0;
}

/* Properties are about how a file is stored: that another file system than btrfs
 * has none is no trouble, but said once. */
static bool no_properties(struct zc_sender *s, unsigned op, uint32_t eno,
                          const char *path)
{
    if (op != ZC_OP_META + ZC_META_PROPERTIES || eno != EOPNOTSUPP)
        return false;
    if (!s->told.properties)
        zc_log(ZC_LOG_WARN, "%s: the destination is not on btrfs and does not "
               "keep the properties that it has there", *path ? path : ".");
    s->told.properties = true;
    return true;
}

/* Entry INDEX of L was found to be the same; LINKED: as another name. */
static void tell_same(struct zc_sender *s, const struct zc_slist *l,
                      uint32_t index, bool linked)
{
    if (s->opt->apply & ZC_APPLY_TELL_ALL)
        zc_lists_item(s, l, index,
                      ZC_ITEM_UNCHANGED | (linked ? ZC_ITEM_HARD_LINK : 0));
}

/* True when OP is about room at PATH: how much there is, is said. */
static bool no_room(struct zc_sender *s, unsigned op, uint32_t left,
                    const char *path)
{
    char what[160], size[ZC_TEXT_MAX];
    if (op == ZC_OP_ROOM)
        zc_text_size(size, (double)left * ZC_MIB);
    else if (op == ZC_OP_INODES)
        snprintf(size, sizeof size, "%u inodes", left);
    else
        return false;
    snprintf(what, sizeof what, "%s: %s free", zc_op_text(op), size);
    zc_sender_trouble(s, ZC_TROUBLE_DEST, what, path, 0);
    return true;
}

/* What a finished, failed or repeated entry means for the counters and the
 * user. */
static void report_result(struct zc_sender *s, struct zc_slist *l,
                          const struct zc_result_item *item)
{
    struct zc_entry e;
    const struct zc_sentry *se = &l->entries[item->ref.index];
    zc_slist_entry(l, item->ref.index, &e);
    bool data = se->what & ZC_NEED_BYTES, same = item->status == ZC_STATUS_SAME;
    bool known = s->opt->dry_run && data; /* by CHECK: its bytes differ */
    if (same && !known) {
        tell_same(s, l, item->ref.index, se->what & ZC_NEED_PENDING);
        return;
    }
    if (item->status == ZC_STATUS_OK || same) {
        if (data && !known) {
            atomic_fetch_add(&s->stats->done_files, 1);
            atomic_fetch_add(&s->stats->done_bytes, e.size);
        }
        unsigned news = zc_lists_news(
            e.mode, se->item_flags & ~(same ? (unsigned)ZC_ITEM_ACL : 0));
        zc_lists_item(s, l, item->ref.index, news);
        if (!news)
            tell_same(s, l, item->ref.index, false);
        return;
    }
    /* Trouble at the source was reported when it was met. */
    if (item->op == ZC_OP_SOURCE || l->overtakes)
        return;
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = zc_dirnode_path_of(l->node, e.name, e.name_len, &buf);
    if (no_room(s, item->op, item->eno, path ? path : ""))
        ;
    else if (!no_properties(s, item->op, item->eno, path ? path : ""))
        zc_sender_trouble(s,
                          item->status == ZC_STATUS_NOTE_META
                              ? ZC_TROUBLE_META
                              : ZC_TROUBLE_DEST,
                          zc_op_text(item->op), path ? path : "",
                          (int)item->eno);
    zc_buf_fini(&buf);
}

/* The peer could not take what it was sent, or a hard link's leader failed. */
static int again(struct zc_sender *s, struct zc_slist *l, uint32_t index)
{
    struct zc_sentry *se = &l->entries[index];
    if (s->opt->dry_run) /* where nothing is sent */
        return -1;
    if (!(se->what & ZC_NEED_BYTES)) {
        struct zc_entry e;
        zc_slist_entry(l, index, &e);
        if (!S_ISREG(e.mode))
            return -1;
        atomic_fetch_add(&s->stats->need_files, 1);
        atomic_fetch_add(&s->stats->need_bytes, e.size);
        if (se->item_flags == ZC_ITEM_NEW) /* it was to be a link */
            se->item_flags |= ZC_ITEM_DATA;
    }
    se->what = ZC_NEED_DATA; /* whole */
    /* After the last try the peer is told that it cannot have it. */
    if (++se->again > ZC_TRIES_MAX)
        return -1;
    atomic_fetch_add(&s->stats->retries, 1);
    struct zc_retry r = {
        .list = l,
        .index = index,
        .tries = se->again,
        .due = zc_clock_ns() + (10000000LL << se->again),
    };
    se->state = ZC_S_RETRY;
    return zc_retries_add(&s->retries, &r);
}

static int result_item(struct zc_sender *s, const struct zc_result_item *item,
                       struct zc_err *err)
{
    pthread_mutex_lock(&s->lock);
    struct zc_slist *l = zc_lists_find(s, item->ref.list);
    bool known = l && item->ref.index < l->count && !l->asked;
    enum zc_sstate state =
        known ? (enum zc_sstate)l->entries[item->ref.index].state
              : ZC_S_LISTED;
    pthread_mutex_unlock(&s->lock);
    /* Only this thread settles entries and frees lists, so L stays. */
    if (!known)
        return nonsense(err, "a result for an entry that is not open");
    bool note = item->status == ZC_STATUS_NOTE_META ||
                item->status == ZC_STATUS_NOTE_FAILED;
    if (!note && state != ZC_S_SENT && state != ZC_S_PENDING)
        return nonsense(err, "a result for an entry that was not sent");
    if (item->status == ZC_STATUS_AGAIN) {
        pthread_mutex_lock(&s->lock);
        int r = again(s, l, item->ref.index);
        zc_sender_wake_all(s);
        pthread_mutex_unlock(&s->lock);
        return r ? nonsense(err, "it wants something again that it cannot "
                                 "have")
                 : 0;
    }
    report_result(s, l, item);
    if (!note) {
        pthread_mutex_lock(&s->lock);
        zc_lists_settle(s, l, item->ref.index);
        pthread_mutex_unlock(&s->lock);
    }
    return 0;
}

static int on_result(struct zc_sender *s, struct zc_bytes body,
                     struct zc_err *err)
{
    struct zc_msg_result m;
    struct zc_result_item item;
    if (zc_result_decode(body, &m, err))
        return -1;
    for (uint32_t i = 0; i < m.count; i++)
        if (zc_result_next(&m, &item, err) || result_item(s, &item, err))
            return -1;
    return zc_rd_left(&m.items) ? nonsense(err, "bytes after the last item")
                                : 0;
}

/* Each NOTE about trouble may become something that a mirror keeps in mind, and
 * its path need not be there: so many bytes of them in a round are an attack, or
 * a destination that nothing can be done with. */
#define NOTES_MAX ((uint64_t)256 << 20)
#define NOTE_BYTES 128 /* what one takes apart from its path */

static int count_note(struct zc_sender *s, const struct zc_msg_note *m,
                      struct zc_err *err)
{
    if (m->op == ZC_OP_DELETE && !m->eno)
        return 0;
    s->noted += m->path.n + NOTE_BYTES;
    return s->noted > NOTES_MAX
               ? nonsense(err, "it has trouble with more than there can be")
               : 0;
}

/* PATH ends in two names that the destination takes for the same. */
static void report_collision(struct zc_sender *s, char *path)
{
    struct zc_buf what = ZC_BUF_INIT;
    char *slash = strrchr(path, '/');
    if (!slash)
        return;
    *slash = '\0';
    zc_buf_printf(&what, "have it beside \"%s\", which is the same name there",
                  slash + 1);
    zc_buf_u8(&what, 0);
    zc_sender_trouble(s, ZC_TROUBLE_DEST,
                      what.failed ? zc_op_text(ZC_OP_COLLIDES)
                                  : (const char *)what.data,
                      path, 0);
    zc_buf_fini(&what);
}

/* NOTE: a deletion, or trouble with a path rather than with an entry. */
static int on_note(struct zc_sender *s, struct zc_bytes body,
                   struct zc_err *err)
{
    struct zc_msg_note m;
    if (zc_note_decode(body, &m, err) || count_note(s, &m, err))
        return -1;
    zc_auto_free char *path = strndup((const char *)m.path.p, m.path.n);
    if (!path)
        return zc_err_nomem(err);
    if (m.op == ZC_OP_NOT_RENAMED) {
        zc_sender_not_renamed(s, path);
        return 0;
    }
    if (m.op == ZC_OP_COLLIDES) {
        report_collision(s, path);
        return 0;
    }
    if (no_properties(s, m.op, m.eno, path) || no_room(s, m.op, m.eno, path))
        return 0;
    if (m.op != ZC_OP_DELETE || m.eno) {
        zc_sender_trouble(s,
                          m.op >= ZC_OP_META ? ZC_TROUBLE_META
                                             : ZC_TROUBLE_DEST,
                          zc_op_text(m.op), path, (int)m.eno);
        return 0;
    }
    if (zc_sender_wants_items(s)) {
        struct zc_item item = {
            .flags = ZC_ITEM_DELETED, .mode = m.mode, .path = path};
        zc_sender_item(s, &item);
    }
    return 0;
}

static int on_finished(struct zc_sender *s, struct zc_bytes body,
                       struct zc_err *err)
{
    struct zc_msg_finished m;
    if (zc_finished_decode(body, &m, err))
        return -1;
    s->noted = 0;
    zc_lists_bury(s); /* the round's tree goes next */
    pthread_mutex_lock(&s->lock);
    bool expected = s->round.done_sent && !s->round.finished;
    if (expected) {
        atomic_fetch_add(&s->stats->deleted, m.deleted);
        if (m.owners_left)
            atomic_store(&s->stats->owners_left, true);
        if (m.alternates_missing)
            atomic_store(&s->stats->alternates_missing, true);
        s->round.finished = true;
        s->round.peer_code = (enum zc_exit)m.code;
        s->round.synced = m.synced;
        if (m.code)
            zc_conn_peer_words(&s->conn, m.code, m.text, &s->err);
    }
    pthread_mutex_unlock(&s->lock);
    if (expected)
        pthread_cond_signal(&s->own);
    return expected ? 0 : nonsense(err, "it finished before the end");
}

/* A message about a round, and there is none. */
static bool untimely(struct zc_sender *s, unsigned type)
{
    if (type == ZC_FRAME_PING || type == ZC_FRAME_ERROR)
        return false;
    pthread_mutex_lock(&s->lock);
    bool between = s->round.finished;
    pthread_mutex_unlock(&s->lock);
    return between;
}

static int dispatch(struct zc_sender *s, const struct zc_frame *f,
                    struct zc_bytes body, struct zc_err *err)
{
    if (untimely(s, f->type))
        return nonsense(err, "it speaks between two rounds");
    switch (f->type) {
    case ZC_FRAME_NEED:
        return on_need(s, body, err);
    case ZC_FRAME_DIGEST:
        return on_digest(s, body, err);
    case ZC_FRAME_GOT:
        return on_got(s, body, err);
    case ZC_FRAME_BYTES:
        return on_bytes(s, body, err);
    case ZC_FRAME_SUMS:
        return on_sums(s, body, err);
    case ZC_FRAME_RESULT:
        return on_result(s, body, err);
    case ZC_FRAME_NOTE:
        return on_note(s, body, err);
    case ZC_FRAME_FINISHED:
        return on_finished(s, body, err);
    case ZC_FRAME_ERROR:
        return zc_conn_peer_error(&s->conn, body, err);
    case ZC_FRAME_PING:
        return body.n ? nonsense(err, "a PING with something in it") : 0;
    default:
        return nonsense(err, "a message of an unknown type");
    }
}

void *zc_answers_thread(void *sender)
{
    struct zc_sender *s = sender;
    struct zc_frame f;
    struct zc_bytes body;
    struct zc_slab *slab;
    struct zc_err err;
    bool over = false;
    while (!over) {
        if (zc_conn_recv(&s->conn, false, &f, &body, &slab, &err) ||
            dispatch(s, &f, body, &err)) {
            zc_sender_fail(s, &err);
            /* Between two rounds nobody waits for anything but its end. */
            if (s->opt->rounds)
                zc_transport_shutdown(s->conn.t);
            break;
        }
        atomic_store_explicit(&s->stats->wire_in,
                              zc_conn_wire_in(&s->conn),
                              memory_order_relaxed);
        over = f.type == ZC_FRAME_FINISHED && !s->opt->rounds;
        if (f.type != ZC_FRAME_FINISHED)
            zc_lists_bury(s);
    }
    zc_lists_bury(s);
    return NULL;
}
