/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both ends of a session know when OPEN and OPENED have crossed: what it
 * is about, and how. The same whichever of them dialled, and whichever sends:
 *
 *   dialled    zc_options -> OPEN ------->  terms          answered
 *              terms      <------- OPENED
 *
 * One thread at a time.
 */
#ifndef ZC_SESSION_TERMS_H
#define ZC_SESSION_TERMS_H

#include "fs/unsynced.h"
#include "session/alternates.h"
#include "session/backups.h"
#include "session/confine.h"
#include "session/options.h"
#include "session/share.h"

struct zc_terms {
    struct zc_msg_open open; /* points into `body` */
    uint8_t *body;
    bool look; /* LOOK came instead: OPEN has a share and path, and pulls */
    struct zc_filter *filter; /* zc_terms_take_filter */
    struct zc_chmod *chmod;   /* zc_terms_take_choices */
    char *dense;              /* likewise: --skip-compress; NULL: nothing */
    struct zc_fileset *only;  /* likewise, or by zc_terms_take_name; NULL: all */
    unsigned ping_s; /* the shorter of both sides' time-outs; 0: none */
    /* Of a single file: what the destination calls it. Else NULL. */
    char *name;
    char *source_name; /* and the source, where it was asked for by its path */
    bool empty; /* the sending end: there was nothing at DEST */
    bool made; /* the receiving end: DEST was not there, and is made */
    /* The receiving end's directory is ROOT_BELOW ("": it itself) in ROOT_PATH,
     * and what sentences call it. */
    char *root_path, *root_below, *root_name;
    /* What has to be at ROOT_PATH; NULL: nothing. */
    const struct zc_require *require;
    struct zc_alternates alternates; /* the receiving end: opened */
    struct zc_unsynced_left unsynced; /* likewise: what is above DEST, and in
                                         those, that may not be durable */
    struct zc_backups backups;       /* likewise: what the peer asks for, */
    struct zc_backups trash;         /* and what the share keeps */
    /* The directory of the end that answered, as it is told to the other; 0, 0
     * where there is none yet, or where the other is not on the same kernel. */
    uint64_t root_dev, root_ino;
    uint8_t host_id[ZC_HOST_ID_SIZE]; /* of this end */
    bool another_host; /* the peer has said that it is on one */
    struct zc_partial_limits partials; /* zc_share.partials */
    struct zc_min_free min_free;       /* likewise */
    bool restricted; /* the peer is ZC_ADMIT_RESTRICTED */
    /* Where it asks for a path of the user's own: as good as a share. */
    char *own_path;
    struct zc_share own;
};

/* Keeps a copy of the body of an OPEN, decoded. T need not be initialised. -1
 * with a sentence; T is to be given to zc_terms_fini all the same. */
int zc_terms_decode(struct zc_terms *t, struct zc_bytes body,
                    struct zc_err *err);
/* Likewise of a LOOK. */
int zc_terms_decode_look(struct zc_terms *t, struct zc_bytes body,
                         struct zc_err *err);
/* Reads the filter rules of OPEN: for the end that has not made them, when the
 * peer may have what it asks for. -1 with a sentence. */
int zc_terms_take_filter(struct zc_terms *t, struct zc_err *err);
/* What else of it only a sender has to know, for one to whom the peer has
 * dialled. */
int zc_terms_take_choices(struct zc_terms *t, struct zc_err *err);
/* What it is to send is the file NAME: T->name is what it is called at the
 * destination, and T->only has NAME. -1 with a sentence. */
int zc_terms_take_name(struct zc_terms *t, const char *name,
                       struct zc_err *err);
void zc_terms_fini(struct zc_terms *t);

#define ZC_TERMS_TREES (4 + ZC_ALTERNATES_MAX)
/* What the end that answers, or pulls, reaches: ROOT_FD (-1: nothing), which it
 * only READS or not, and what is beside that, in TREES. How many they are. */
size_t zc_terms_trees(const struct zc_terms *t, int root_fd, bool reads,
                      struct zc_tree_access trees[ZC_TERMS_TREES]);

/* The other end's time-out, and ours: T->ping_s. */
void zc_terms_timeouts(struct zc_terms *t, unsigned theirs, unsigned ours);

/* How bytes are to be moved; AUTO where what is asked for is not known here. And a
 * word in the log where that cannot be done. */
enum zc_mover_kind zc_terms_mover(const struct zc_terms *t);
void zc_terms_say_mover(const struct zc_terms *t,
                        const struct zc_transport *over, bool sending);

/* The options of a session that the other end has asked for, as far as OPEN has
 * them, the filter included: what it leaves out is as zc_options_init has it.
 * They point into T. */
void zc_terms_options(const struct zc_terms *t, struct zc_options *opt);

#endif
