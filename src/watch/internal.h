/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the watcher share.
 *
 *     inotify.c   the kernel's events     events.c   what they mean: pairs,
 *     fanotify.c                                     exchanges, new and gone
 *          \________ zc_wev_* _______________/           |
 *                                                   look.c     what is there
 *     rescan.c   what is to be listed  <----------       |     now, and whose
 *                and reported when it is          tree.c     spot it was
 *
 * Events run ahead of or behind what the table says: a directory may have been
 * moved twice, or replaced, when the first event about it is read. So an event
 * only says where to look (zc_wlook), and what is found there decides. What is
 * found is known by its key, which the kernel gives once and never again to
 * another directory: so a directory is never taken for another one that has
 * its name now.
 */
#ifndef ZC_WATCH_INTERNAL_H
#define ZC_WATCH_INTERNAL_H

#include "base/map.h"
#include "base/relpath.h"
#include "base/vec.h"
#include "watch/tree.h"
#include "watch/watch.h"

struct zc_watch;

/* Flags of a directory in the tree. */
enum {
    ZC_WDIR_MOUNT = 1 << 0,     /* the top of a mount or subvolume */
    ZC_WDIR_UNWATCHED = 1 << 1, /* in w->unwatched */
    ZC_WDIR_SEEN = 1 << 2,      /* while its parent is listed again */
    ZC_WDIR_UNMOUNTED = 1 << 3, /* its watch will go for this reason */
};

/* One way to watch. */
struct zc_wbackend {
    enum zc_watch_kind kind;
    /* Watches the directory FD (where it is not watched yet) and tells its key.
     * -1 and errno: ENOSPC when there are no watches left. */
    int (*identify)(struct zc_watch *w, int fd, bool root,
                    struct zc_wkey *key);
    /* The directory with KEY is not to be watched any more. */
    void (*release)(struct zc_watch *w, const struct zc_wkey *key);
    /* Handles the N bytes in w->buf. */
    void (*events)(struct zc_watch *w, size_t n);
};

extern const struct zc_wbackend zc_wbackend_inotify, zc_wbackend_fanotify;

/* Each opens w->fd. -1 and a sentence. */
int zc_winotify_start(struct zc_watch *w, struct zc_err *err);
int zc_wfanotify_start(struct zc_watch *w, int rootfd, struct zc_err *err);

struct zc_wname {
    zc_wdir dir;
    uint8_t len;
    char name[ZC_NAME_MAX + 1];
};

/* Half a rename that waits for the other, or a whole one that may be half of
 * an exchange. */
struct zc_wmove {
    struct zc_wname from, to;
    bool is_dir;
    uint32_t cookie;
    int64_t until;
};

/* A directory to be looked at and listed. */
enum {
    ZC_WTODO_LIST = 1 << 0,   /* even when it is watched already */
    ZC_WTODO_VERIFY = 1 << 1, /* the known children, too */
    ZC_WTODO_DEEP = 1 << 2,   /* and what is below those */
    ZC_WTODO_ALL = ZC_WTODO_LIST | ZC_WTODO_VERIFY | ZC_WTODO_DEEP,
};

struct zc_wtodo {
    zc_wdir dir;
    uint32_t job, flags;
};

struct zc_wqueue {
    ZC_VEC(struct zc_wtodo) items;
    size_t head;
};

/* What is reported when all that was to be listed for it has been. */
struct zc_wtop {
    zc_wdir dir;
    bool doubt; /* in_doubt; else it is new: changed with DEEP */
};

struct zc_wjob {
    uint32_t serial;
    size_t left; /* in a queue, or being worked on */
    bool bulk;
    ZC_VEC(struct zc_wtop) tops;
};

/* A file system with a fanotify mark. */
struct zc_wfs {
    uint64_t dev;
    int fsid[2];
};

struct zc_watch {
    char *root;
    struct zc_watch_events ev;
    const struct zc_filter *filter; /* NULL: none */
    bool one_file_system;
    bool may_switch, switching; /* to fanotify; it is to be done */
    int64_t rescan_ns;
    unsigned watch_max;
    const struct zc_wbackend *backend;
    int fd;
    uint8_t *buf;
    struct zc_wtree *tree;
    uint64_t root_dev, root_ino, root_mnt;
    int64_t root_btime; /* ns; 0: not known. Inode numbers are used again. */
    bool gone;

    /* Held only within a call, so that nothing in the tree is kept busy. */
    int root_fd;
    zc_wdir at_dir; /* the directory last opened, and proven to be that one */
    int at_fd;
    uint64_t at_dev, at_mnt;

    struct zc_wqueue fresh, bulk; /* fresh first */
    struct zc_map jobs;
    uint32_t last_job, rescan_job;
    bool rescan_again;

    ZC_VEC(struct zc_wmove) halves;
    struct zc_wmove held;
    bool holding;
    uint64_t held_at; /* `seen` when it was */
    ZC_VEC(struct zc_wname) verify; /* to be looked at when it is quiet */
    ZC_VEC(zc_wdir) recheck;        /* could not be proven to be in their spots */

    ZC_VEC(zc_wdir) unwatched; /* may hold some that are not any more */
    uint64_t n_unwatched;
    int64_t next_rescan;
    bool warned, retry;
    bool starved; /* for want of memory, fds or rights; the whole tree is looked
                     at again at next_rescan */

    ZC_VEC(struct zc_wfs) marks;
    bool fan_rename; /* the kernel has FAN_RENAME */
    uint64_t n_keys, events, overflows;
    uint64_t seen; /* events read, whosever */
    /* What has been read, as FIONREAD counts what has not: bytes by inotify,
     * but the mere heads of events by fanotify. */
    uint64_t position;
    struct zc_buf path;
};

/* ---- watch.c ------------------------------------------------------------- */

/* Says so once, and nothing else from then on. */
void zc_wgone(struct zc_watch *w, const char *why);
/* What ENO is about ran out, and something was not done for it. */
void zc_wstarved(struct zc_watch *w, int eno);
void zc_wreport(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                unsigned what);
void zc_wdoubt(struct zc_watch *w, zc_wdir d);

/* ---- look.c -------------------------------------------------------------- */

enum zc_wfound {
    ZC_WFOUND_NONE,      /* no directory to be watched has this name */
    ZC_WFOUND_SAME,      /* the one that is known */
    ZC_WFOUND_NEW,       /* one that was not watched; it is now */
    ZC_WFOUND_UNWATCHED, /* one that cannot be watched now */
    ZC_WFOUND_STUCK,     /* its parent is not where it should be */
};

struct zc_wlooked {
    zc_wdir dir;
    int fd;  /* SAME and NEW: open, or -1 when it cannot be opened now */
    int eno; /* UNWATCHED: why; 0: it is watched in another spot */
};

/* True for the staging folder: nothing is said about it. */
bool zc_wreserved(const struct zc_watch *w, zc_wdir dir, const char *name,
                  size_t n);
/* What the filter hides. */
bool zc_whidden(struct zc_watch *w, zc_wdir dir, const char *name, size_t n);
/* Looks what directory has the NAME in PARENT, and makes the table say so. The
 * caller closes OUT->fd. */
enum zc_wfound zc_wlook(struct zc_watch *w, zc_wdir parent, const char *name,
                        size_t n, struct zc_wlooked *out);
/* An fd on D, which has been proven to be D, until the next call; -1. */
int zc_wopen(struct zc_watch *w, zc_wdir d);
/* The fds that are held within a call. */
void zc_wclose(struct zc_watch *w);
/* Takes D and what is below it out of the table, and tells. */
void zc_wdrop(struct zc_watch *w, zc_wdir d);
/* D has lost its key by itself. */
void zc_wforget_key(struct zc_watch *w, zc_wdir d);
/* Tries again to watch what could not be watched. With REPORT all that still
 * cannot is reported to be in doubt. */
void zc_wretry_unwatched(struct zc_watch *w, bool report);

/* ---- rescan.c ------------------------------------------------------------ */

struct zc_wjob *zc_wjob_new(struct zc_watch *w, bool bulk);
/* One step of JOB is done; the last one reports. */
void zc_wjob_step(struct zc_watch *w, struct zc_wjob *job);
void zc_wjob_top(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                 bool doubt);
struct zc_wjob *zc_wjob_get(const struct zc_watch *w, uint32_t serial);
void zc_wtodo_push(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                   unsigned flags);
void zc_wlist(struct zc_watch *w, struct zc_wjob *job, zc_wdir d, int fd,
              unsigned flags);
/* D was just found: lists it, and reports it when all below is watched. */
void zc_wnew(struct zc_watch *w, zc_wdir d, int fd, bool doubt);
/* Up to N directories; false when there is no more. */
bool zc_wwork(struct zc_watch *w, struct zc_wqueue *q, size_t n);
/* The whole tree is looked at again; then the root is in doubt. */
void zc_wdoubt_all(struct zc_watch *w);
/* Looks at what was put off until it is quiet. */
void zc_wsettle(struct zc_watch *w);
bool zc_wunsettled(const struct zc_watch *w);
void zc_wverify_later(struct zc_watch *w, zc_wdir dir, const char *name,
                      size_t n);
void zc_wrecheck_later(struct zc_watch *w, zc_wdir d);

/* ---- events.c ------------------------------------------------------------ */

/* NAME in DIR: WHAT has happened, but for renames. */
void zc_wev_name(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
                 unsigned what, bool is_dir);
void zc_wev_moved_from(struct zc_watch *w, zc_wdir dir, const char *name,
                       size_t n, bool is_dir, uint32_t cookie);
void zc_wev_moved_to(struct zc_watch *w, zc_wdir dir, const char *name,
                     size_t n, bool is_dir, uint32_t cookie);
/* Both halves. NONE for a side that is not in the table. */
void zc_wev_moved(struct zc_watch *w, zc_wdir from, const char *from_name,
                  size_t from_n, zc_wdir to, const char *to_name, size_t to_n,
                  bool is_dir);
/* DIR is not watched any more, by no doing of ours. */
void zc_wev_lost(struct zc_watch *w, zc_wdir dir);
void zc_wev_overflow(struct zc_watch *w);
/* The rename that may be half of an exchange is not. */
void zc_wev_release(struct zc_watch *w);
/* Halves that have waited until NOW are all there is. */
void zc_wev_expire(struct zc_watch *w, int64_t now);
/* Looks at NAME in DIR, where a directory is or was, and reports. */
void zc_wcheck(struct zc_watch *w, zc_wdir dir, const char *name, size_t n,
               unsigned what);

#endif
