/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An entry from the sender against the file here: what differs, and what is to
 * be done about it. Nothing is done here: act.h does it, or reports it.
 *
 * What else the receiver knows counts: the hard links it has met, and, where
 * something stands in the way, the plan of deletions; both learn of the entry
 * by being asked. Any thread, not under receiver.lock.
 */
#ifndef ZC_RECEIVER_COMPARE_H
#define ZC_RECEIVER_COMPARE_H

#include "base/relpath.h"
#include "fs/meta.h"
#include "proto/msg.h"
#include "receiver/alternates.h"
#include "receiver/cmp.h"

struct zc_hardlink_group;
struct zc_rdir;
struct zc_receiver;
struct zc_rlist;
struct zc_rworker;

enum zc_action {
    ZC_ACTION_NONE,   /* all is as it should be, or is not to be touched */
    ZC_ACTION_TELL,   /* what changes; who makes it change is on the way */
    ZC_ACTION_DIR,    /* a directory to be worked in: `need` */
    ZC_ACTION_ASK,    /* for `need` */
    ZC_ACTION_DRESS,  /* metadata only, set in place */
    ZC_ACTION_MAKE,   /* what needs no bytes: at once */
    ZC_ACTION_LINK,   /* another name of `group` */
    ZC_ACTION_TAKE,   /* from beside DEST: `alternate` */
    ZC_ACTION_WAIT,   /* the same, when that has a name; it is queued */
    ZC_ACTION_REFUSE, /* it cannot be done: `op`, `eno` */
};

struct zc_decision {
    enum zc_action action;
    unsigned item;              /* what differs: enum zc_item_flags */
    unsigned need;              /* enum zc_need */
    uint8_t hash[ZC_HASH_SIZE]; /* CHECK, FROM: of what is here ... */
    uint64_t from;              /* FROM: ... so many bytes of it; DELTA: it has */
    bool stays; /* what is here keeps its place, changed or not */
    bool linked; /* it is a name of its hard link group already */
    bool leads; /* it leads a hard link group, which waits for it */
    bool alone; /* it is one of several names, and becomes a file of its own */
    struct zc_hardlink_group *group; /* LINK: handed out (hardlinks.h) */
    struct zc_alternate_file alternate; /* TAKE */
    bool guessed; /* CHECK: it may be `alternate`, whose hash that is; or META */
    unsigned op;                     /* enum zc_op */
    int eno;
};

/* C cannot be a link to the rest of its group here: decides about it as a file
 * of its own. */
void zc_compare_alone(struct zc_rworker *w, const struct zc_cmp *c,
                      struct zc_decision *v);
/* Decides about C. */
void zc_compare_entry(struct zc_rworker *w, const struct zc_cmp *c,
                      struct zc_decision *v);
/* True when that takes long: what C is here has to be read, and is much. */
bool zc_compare_reads_much(struct zc_rworker *w, const struct zc_cmp *c);
/* The same as zc_compare_entry for a round's own directory: C is the directory
 * itself. */
void zc_compare_top(struct zc_rworker *w, const struct zc_cmp *c,
                    struct zc_decision *v);

/* C is a file with the right bytes, whose META has come: is it to be set apart
 * (apart.h)? */
bool zc_compare_parts(struct zc_rworker *w, const struct zc_cmp *c);

/* False: what is here does not matter to E (an eager file, unless the user
 * wants to know what changed). */
bool zc_compare_looks(const struct zc_receiver *r, const struct zc_entry *e);
#endif
