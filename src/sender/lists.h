/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lists that the peer has, each kept until nothing in it is outstanding any
 * more: what its entries said, what the peer has asked for about them, and how
 * far that is.
 *
 *   entries in a worker's buffer   zc_draft_note, for each
 *      v
 *   a list, its maker's            zc_draft_keep
 *      v
 *   a frame, without a number      zc_lists_frame, or zc_lists_fresh
 *      v
 *   sent, and in the table         zc_lists_number, by zc_lists_flush
 *      v                             ^ v
 *      v                           queued: has wanted files, or a worker has it
 *   dead                           in zc_lists_settle, when all is settled
 *      v
 *   freed                          zc_lists_bury, by the reader
 *
 * From its number on a list is everybody's, under the sender's lock, and may be
 * gone whenever that is not held; but it stays as long as it is queued or one of
 * its entries is outstanding, and as long as the reader thread has not called
 * zc_lists_bury.
 */
#ifndef ZC_SENDER_LISTS_H
#define ZC_SENDER_LISTS_H

#include "base/map.h"
#include "base/vec.h"
#include "sender/core.h"
#include "sender/entry.h"
#include "sender/sdir.h"
#include "tree/dirnode.h"
#include "tree/fileset.h"

#include <sys/queue.h>

/* Bytes of entries after which a list is sent; one more entry (name, target,
 * digests) always fits below ZC_LIST_BODY_MAX then. */
#define ZC_LIST_TARGET ((size_t)64 << 10)

/* Where an entry of a list stands. */
enum zc_sstate {
    ZC_S_LISTED,  /* nothing to do for it */
    ZC_S_WANTED,  /* asked for, not sent yet */
    ZC_S_SENDING, /* a big file on its way; its END is not sent */
    ZC_S_RETRY,   /* in zc_sender.retries, to be sent again */
    ZC_S_SENT,    /* a RESULT will come */
    ZC_S_PENDING, /* the peer does it alone; a RESULT will come */
};

struct zc_sentry {
    struct zc_seen seen; /* what it was when it was listed, where all that is
                            to be sent of it but its bytes is in the list */
    uint32_t offset; /* of the encoded entry in zc_slist.body */
    uint16_t item_flags;
    uint8_t state;
    uint8_t what; /* enum zc_need, as asked for */
    uint8_t again; /* times the peer wanted it again */
    bool followed; /* a symlink, of which that was said to which it leads */
};

struct zc_slist {
    STAILQ_ENTRY(zc_slist) link; /* in a worker's fresh ones, zc_lists.wanted,
                                    or zc_lists.dead */
    uint32_t id, count;
    struct zc_dirnode *node; /* whose entries these are */
    const struct zc_fileset_node *only; /* NODE's place in options.only */
    bool restricted; /* only the names in `only` (NULL: the top of the set) */
    struct zc_filter *filter; /* the rules in NODE; NULL: the session's */
    bool self;     /* LIST 0 or AT: its one entry is the directory itself */
    bool overtakes; /* what becomes of it is told nobody: see names.h */
    bool at;       /* AT: not to be descended into, as it is listed anyway */
    bool unasked;  /* LIST 0: likewise, though the peer may ask for it */
    bool last;     /* of its directory */
    size_t frame;  /* while it is fresh: where it is in the worker's buffer */
    uint8_t *body; /* encoded entries */
    size_t body_len;
    struct zc_sentry *entries;
    uint32_t next_need;   /* NEED items come in order, */
    bool second;          /* and for a second time */
    uint32_t outstanding; /* entries without their RESULT */
    uint32_t cursor;      /* first entry that may still be WANTED */
    bool final;  /* no NEED will come any more */
    uint32_t digest; /* NODE's number in the digests; 0: none */
    struct zc_sdir *asked; /* GROUPS: whose groups these are, which goes on with
                              the answer; there are no entries */
    bool queued; /* in zc_lists.wanted, or in a worker's hands */
    ZC_VEC(struct zc_need_item) checks; /* NEED CHECK, FROM and DELTA */
};

/* All under the sender's lock. */
struct zc_lists {
    struct zc_map by_id; /* number, 0 -> zc_slist */
    uint32_t next_id;
    unsigned unanswered; /* lists without their final NEED */
    size_t bytes;        /* of all bodies */
    unsigned open_dirs;  /* directories whose last list has no number yet */
    struct zc_slists wanted; /* with wanted entries, nobody's */
    struct zc_slists dead; /* done; freed by the reader, who may use them yet */
};

void zc_lists_init(struct zc_sender *s, struct zc_lists *t);
void zc_lists_fini(struct zc_sender *s); /* S's tree is still there */

/* --- making --- */

/* The entries of a list in the making: where they are in a worker's buffer, from
 * BEGIN on. */
struct zc_draft_note {
    size_t offset;
    struct zc_seen seen;
    bool followed;
};
struct zc_draft {
    size_t begin;
    ZC_VEC(struct zc_draft_note) notes;
};

struct zc_draft zc_draft_begin(const struct zc_sworker *w);
void zc_draft_fini(struct zc_draft *d);
/* The entry at OFFSET of W's buffer is the next; SEEN as in zc_sentry. No
 * memory: W's buffer counts as failed. */
void zc_draft_note(struct zc_sworker *w, struct zc_draft *d, size_t offset,
                   struct zc_seen seen);
/* The last one noted is what a symlink leads to. */
void zc_draft_followed(struct zc_draft *d);
/* Takes the entries out of W's buffer and keeps them as a list of NODE, the
 * caller's. NULL: memory. */
struct zc_slist *zc_draft_keep(struct zc_sworker *w,
                               const struct zc_draft *d,
                               struct zc_dirnode *node);
/* The list of a directory's own entry alone. NULL: memory. */
struct zc_slist *zc_slist_self(struct zc_sworker *w, struct zc_dirnode *node,
                               const struct zc_entry *e);
/* The list of N groups of D, which is the list's from then on. NULL: memory. */
struct zc_slist *zc_slist_groups(struct zc_sender *s, struct zc_sdir *d,
                                 size_t n);
void zc_slist_free(struct zc_sender *s, struct zc_slist *l); /* or NULL */
void zc_slists_free(struct zc_sender *s, struct zc_slists *lists);

/* L's entry INDEX. Its name and target are in L. */
void zc_slist_entry(const struct zc_slist *l, uint32_t index,
                    struct zc_entry *e);
/* The bytes of entry INDEX will be sent unasked. */
void zc_slist_promise(struct zc_slist *l, uint32_t index);

/* Appends L to W's buffer as the LIST that M begins, with FLAGS (enum
 * zc_list_flag). L is W's then, and gets its number when it is sent. -1: memory,
 * and L is freed. */
int zc_lists_frame(struct zc_sworker *w, struct zc_slist *l,
                   const struct zc_msg_list *m, unsigned flags);
/* The same where what stands for L was appended by the caller, at AT. LAST: no
 * more lists of its directory come. */
int zc_lists_fresh(struct zc_sworker *w, struct zc_slist *l, size_t at,
                   bool last);
/* Numbers the lists in W's buffer in the order in which they are sent, and puts
 * them into the table. They are the answers' from then on: a peer may answer,
 * rightly or not, at any moment. *LAST (or NULL): the last one's. -1: memory. */
int zc_lists_number(struct zc_sworker *w, uint32_t *last);
/* Sends what is in W's buffer. -1: the run has failed. */
int zc_lists_flush(struct zc_sworker *w);
/* The same; *LAST (or NULL): the number of the last list in it. */
int zc_lists_flush_last(struct zc_sworker *w, uint32_t *last);

/* --- counting, with the sender's lock held --- */

/* Lists of one more directory will come, until one is its last. */
void zc_lists_open_dir(struct zc_sender *s);
/* None will, as the peer has asked for none. */
void zc_lists_close_dir(struct zc_sender *s);
/* All there is was listed, and the peer has no more questions about it... */
bool zc_lists_answered(const struct zc_sender *s);
/* ... and nothing is outstanding any more. */
bool zc_lists_over(const struct zc_sender *s);
/* zc_lists_take will have one. */
bool zc_lists_wanted(const struct zc_sender *s);

/* --- asking, with the sender's lock held --- */

/* A round begins: numbers start from 0. */
void zc_lists_restart(struct zc_sender *s);
struct zc_slist *zc_lists_find(const struct zc_sender *s, uint32_t id);
/* ITEM of a NEED, about an entry that L has. -1: memory. */
int zc_lists_need(struct zc_sender *s, struct zc_slist *l,
                  const struct zc_need_item *item);
/* NEED FINAL. */
void zc_lists_final(struct zc_sender *s, struct zc_slist *l);
/* Nothing is outstanding about entry INDEX any more. */
void zc_lists_settle(struct zc_sender *s, struct zc_slist *l, uint32_t index);

/* --- sending --- */

/* Takes the next list with wanted entries, which stays queued; NULL: there is
 * none. With the lock held. */
struct zc_slist *zc_lists_take(struct zc_sender *s);
/* L, which the caller has taken or had marked as queued, is in his hands no
 * more: what was asked for meanwhile is left to the workers. With the lock held.
 */
void zc_lists_hand_back(struct zc_sender *s, struct zc_slist *l);
/* The next wanted entry of L, which the caller has taken; false: there is none,
 * or STOP, and L has been handed back. */
bool zc_lists_next_wanted(struct zc_sender *s, struct zc_slist *l, bool stop,
                          uint32_t *index);
/* What the peer said of the file that it has as entry INDEX (NEED CHECK, FROM,
 * DELTA). False: nothing. */
bool zc_lists_check(struct zc_sender *s, const struct zc_slist *l,
                    uint32_t index, struct zc_need_item *item);
/* What there is to be told of an entry with this MODE and ITEM_FLAGS: nothing
 * of a file that is new and has got no data. */
static inline unsigned zc_lists_news(uint32_t mode, unsigned item_flags)
{
    return S_ISREG(mode) && item_flags == ZC_ITEM_NEW ? 0 : item_flags;
}
/* Tells the user about an entry. FLAGS: enum zc_item_flags. */
void zc_lists_item(struct zc_sender *s, const struct zc_slist *l,
                   uint32_t index, unsigned flags);
/* The reader holds no list: the dead ones are freed. */
void zc_lists_bury(struct zc_sender *s);

#endif
