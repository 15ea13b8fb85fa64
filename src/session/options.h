/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one push was asked to do: filled in by the command line or from
 * zcsync.conf, read by the sender, and the part that concerns the other side
 * crosses in OPEN. Plain memory: any thread may use its own. */
#ifndef ZC_SESSION_OPTIONS_H
#define ZC_SESSION_OPTIONS_H

#include "base/err.h"
#include "base/util.h"
#include "fs/meta.h"
#include "fs/require.h"
#include "move/mover.h"
#include "proto/msg.h"
#include "tree/chmod.h"
#include "tree/fileset.h"
#include "tree/filter.h"

#include <limits.h>

enum zc_fsync {
    ZC_FSYNC_NONE,
    ZC_FSYNC_BATCH,
    ZC_FSYNC_FILE,
    ZC_FSYNC_BEHIND, /* of mirrors only */
};

/* Of a file that has changed. */
enum zc_delta {
    ZC_DELTA_AUTO,    /* what has changed is sent */
    ZC_DELTA_ALIGNED, /* ... where the rest is where it was */
    ZC_DELTA_OFF,     /* all of it is sent */
};

#define ZC_MAX_DELETE_DEFAULT UINT64_MAX /* half of a tree of over 100 */

/* A SRC of which a session is not, but whose names are not its to send. */
struct zc_earlier_src {
    const char *src;                /* a directory */
    const struct zc_fileset *names; /* in it; NULL: all of it */
};

struct zc_options {
    /* Source: a directory as the user named it. With ONLY, just these names in
     * it (--files-from, or file arguments). */
    const char *src;
    struct zc_require require; /* that has to be there for it; not owned */
    const struct zc_fileset *only;
    /* SRC was a file: ONLY holds its one name and the peer decides whether DEST
     * is a directory to put it into or its new name. */
    bool single_file;
    /* Where the peer is to send: ONLY as it crosses, each name NUL-ended; and,
     * where DEST is not a directory, what SRC is to be called if it is a file. */
    struct zc_bytes only_names;
    const char *new_name;
    /* Of several SRC, those before this one. */
    const struct zc_earlier_src *earlier;
    size_t n_earlier;
    /* ONLY came from --files-from: with del, a listed name that SRC does not
     * have is deleted at the destination; without, it is a failure. */
    bool files_from;

    /* Destination, as the peer sees it. */
    const char *share; /* "" for an embedded receiver */
    const char *path;  /* below the share, "" for its root */
    bool own;          /* ... or the user's own, as over SSH; `share` is "" */
    bool path_is_dir;  /* DEST ended in a slash, or several SRC */
    /* SRC's name, where the user may have meant DEST/name: QUESTION is what to
     * say when DEST looks like it (session/glance.h). NULL: no doubt. */
    const char *ask, *question;
    const char *ask_dest; /* a pull's DEST */
    bool ask_nested; /* DEST has SRC's name: only what is nested is in doubt */

    unsigned keep;       /* enum zc_keep */
    unsigned walk;       /* enum zc_open_walk: of the sending end */
    /* Of files that are looked at; UINT64_MAX and 0: any. */
    uint64_t max_size, min_size;
    unsigned apply;      /* enum zc_open_apply: of the receiving end */
    int window_s;        /* --modify-window; -1: none */
    /* ZC_APPLY_ALTERNATES: what is done with directories beside DEST, and which,
     * each NUL-ended; see session/alternates.h. */
    enum zc_alternate alternate;
    struct zc_bytes alternates;
    /* ZC_APPLY_BACKUP: what loses its name at DEST is kept, with SUFFIX after it, in
     * BACKUP_DIR, which is relative to DEST; NULL: where it is. */
    const char *suffix, *backup_dir;
    bool dry_run;        /* -n */
    bool checksum;       /* -c */
    bool update;         /* -u */
    bool one_file_system; /* -x */
    bool del;            /* --delete */
    bool del_excluded;   /* --delete-excluded: FILTER protects nothing; whoever
                            makes that sees to it */
    uint64_t max_delete; /* ZC_MAX_DELETE_DEFAULT or --max-delete=N */
    bool force_delete;   /* --force-delete */
    bool numeric_ids;
    bool owners_asked; /* -o, -g, --chown: where they cannot be set, that is
                          trouble; else it is a note */
    bool want_items; /* call the item callback: -i, -v, -n, --json, ... */
    enum zc_fsync fsync;
    enum zc_delta delta;
    bool delta_always; /* also where sending costs less than looking */
    const char *chown_user, *chown_group; /* names or numbers, or NULL */
    const char *usermap, *groupmap; /* as fs/idrules.h has them, or NULL */
    const struct zc_chmod *chmod;
    const char *chmod_text; /* the same, as it was written; NULL: nothing */
    const struct zc_filter *filter; /* NULL: none */
    uint64_t bwlimit;               /* bytes a second, 0: none */
    unsigned timeout_s;             /* --timeout, 0: none */
    const char *skip_compress; /* see tree/suffix.h */
    bool clone; /* a local receiver may share the blocks of big files */
    enum zc_mover_kind mover;       /* --mover, ZC_MOVER_AUTO by default */
    unsigned threads;               /* 0: as many as make sense */

    bool rounds; /* a session of many rounds: a mirror's */
    bool has_origin; /* the peer ends older sessions of the same ORIGIN */
    uint8_t origin[ZC_ORIGIN_SIZE];
    uint8_t writer[ZC_WRITER_SIZE]; /* ZC_FSYNC_BEHIND */
    /* Called by the sender's threads for every file with several names that is
     * listed: PATH is one of them. May be NULL. */
    void (*linked)(void *arg, const char *path, uint64_t dev, uint64_t ino);
    void *linked_arg;
};

/* Seconds, of those that are there all the time, mirrors and servers, unless
 * they are told otherwise: nobody is there to notice a peer that is gone. */
#define ZC_LASTING_TIMEOUT_S 60
#define ZC_LASTING_CONTIMEOUT_S 30

/* How often a mirror looks at what could not be watched, and compares
 * everything; 0 is never. */
#define ZC_RESCAN_S 60
#define ZC_COMPARE_S 86400
#define ZC_COMPARE_UNSAID UINT_MAX
/* Fills in what was not said, 0 and UNSAID. Who says how often to look for what
 * cannot be seen means all of that. */
void zc_options_rescan(unsigned *rescan_s, unsigned *compare_s);

/* What holds when nothing is said: everything is kept, nothing is deleted. */
void zc_options_init(struct zc_options *o);

/* Takes USER, USER:GROUP, USER: or :GROUP: chown_user and chown_group point
 * into *OWNED, which is freed first and is the caller's to free. -1 with a
 * sentence (ZC_EXIT_USAGE) that quotes VALUE. */
int zc_options_chown(struct zc_options *o, char **owned, const char *value,
                     struct zc_err *err);

/* -1 with a sentence: WALK (enum zc_open_walk) says that symlinks are followed, and
 * that they are files which stand for them. */
int zc_options_check_walk(unsigned walk, struct zc_err *err);

/* To be called when all is filled in: what follows from what was said. Who is
 * given by chown is kept, whatever was said about owners and groups. */
void zc_options_settle(struct zc_options *o);

/* What was said of backups, all together: defaults are filled in, and *RULE, on
 * the heap, is the filter rule that keeps those that are there from being
 * deleted, to go after all others; NULL: none is needed. -1 with a sentence
 * (ZC_EXIT_USAGE). */
int zc_options_backups(struct zc_options *o, char **rule, struct zc_err *err);

/* --modify-window: seconds, or -1 and anything below. -1: TEXT is none of them.
 */
int zc_options_window(struct zc_options *o, const char *text);

/* "auto", "aligned" or "off"; -1: none of them. */
int zc_delta_parse(const char *text, enum zc_delta *delta);
const char *zc_delta_name(enum zc_delta delta);

/* "none", "batch", "file" or "behind"; -1: none of them. */
int zc_fsync_parse(const char *text, enum zc_fsync *mode);
const char *zc_fsync_name(enum zc_fsync mode);

#endif
