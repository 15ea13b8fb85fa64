/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A watcher, as the files of this folder share it. Each calls those below it
 * only:
 *
 *     watch.c                            when what is to be done
 *        |
 *     inotify.c, fanotify.c              the kernel's events
 *        |  zc_wev_*
 *     events.c                           what they mean: pairs, exchanges
 *        |
 *     settle.c, mounts.c, way.c          what is looked at again, and told
 *        |
 *     list.c                             what is below a new directory
 *        |
 *     look.c --- backend.h               what is there now, and where that was
 *        |       (inotify.c, fanotify.c)
 *     places.c                           where something is, or was, mounted
 *        |
 *     todo.c                             what is to be looked at later, and
 *        |                               told when that is done
 *     report.c                           what is told
 *        |
 *     tree.c                             the table of directories
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
#include "base/vec.h"
#include "tree/places.h"
#include "watch/change.h"
#include "watch/tree.h"

struct zc_filter;
struct zc_wbackend;

/* Flags of a directory in the tree. */
enum {
    ZC_WDIR_MOUNT = 1 << 0,     /* the top of a mount or subvolume */
    ZC_WDIR_UNWATCHED = 1 << 1, /* among look.unwatched */
    ZC_WDIR_SEEN = 1 << 2,      /* while the parent is listed again */
    ZC_WDIR_UNMOUNTED = 1 << 3, /* for which reason the watch will go */
};

/* report.c: is the root still what it was, and is all of it watched? */
struct zc_wroot {
    uint64_t dev, ino, mnt;
    int64_t btime; /* ns; 0: not known. Inode numbers are used again. */
};
struct zc_wrescan {
    int64_t every, next; /* ns; when, in ns of zc_clock_ns */
    int64_t last;        /* likewise */
    int64_t delay; /* until the next one after what may be over soon: twice as
                      long each time, up to `every`; 0: nothing like that */
    uint64_t count;      /* how many there were */
    bool starved; /* for want of memory, fds or rights something was not done:
                     the whole tree is looked at again at `next` */
};

/* todo.c: what is to be looked at later. A directory to be looked at and
 * listed: */
struct zc_wtodo {
    zc_wdir dir;
    uint32_t job, flags; /* ZC_WTODO_* */
};
struct zc_wqueue {
    ZC_VEC(struct zc_wtodo) items;
    size_t head;
};
struct zc_wtodos {
    struct zc_wqueue fresh, bulk; /* fresh first */
    struct zc_map jobs;           /* (serial, 0) -> struct zc_wjob */
    uint32_t last_job, rescan_job;
    bool rescan_again;
    ZC_VEC(struct zc_wspot) verify; /* to be looked at when it is quiet */
    ZC_VEC(zc_wdir) recheck;        /* could not be proven to be in their
                                       spots */
};

/* look.c: what is open, and what cannot be watched. */
struct zc_wlooks {
    /* Held only within a call, so that nothing in the tree is kept busy. */
    int root_fd;
    zc_wdir at_dir; /* the directory last opened, and proven to be that one */
    int at_fd;
    uint64_t at_dev, at_mnt;
    uint64_t n_keys; /* directories that have a key */

    ZC_VEC(zc_wdir) unwatched; /* and some that are watched by now */
    uint64_t n_unwatched;
    bool warned, retry; /* RETRY: there may be a watch to be had now */
};

/* events.c: half a rename that waits for the other, or a whole one that may be
 * half of an exchange. */
struct zc_wmove {
    struct zc_wspot from, to;
    bool is_dir;
    uint32_t cookie;
    int64_t until;
};
struct zc_wmoves {
    ZC_VEC(struct zc_wmove) halves;
    struct zc_wmove held;
    bool holding;
    uint64_t held_at; /* zc_watch.seen when `held` was told */
};

/* fanotify.c: a file system with a mark. */
struct zc_wfs {
    uint64_t dev;
    int fsid[2];
    bool sure; /* nothing was mounted or unmounted since it was marked */
};
struct zc_wfanotify {
    ZC_VEC(struct zc_wfs) marks;
    bool rename; /* the kernel has FAN_RENAME */
};

/*
 * How far the kernel's queue has been read. Where it ends takes the kernel a walk
 * through all of it, so that is not asked again before the end that is known has
 * been reached: who wants to know meanwhile gets the number of the next end. So
 * every event is walked past a few times at most, however many there are.
 */
struct zc_wposition {
    uint64_t read;   /* as FIONREAD counts: bytes by inotify, but the mere heads
                        of events by fanotify */
    uint64_t end;    /* the same, of what was there at END number `number` */
    uint64_t number; /* grows; what zc_watch_queued returns */
    bool wanted;     /* somebody has the next number */
};

/* places.c: what was or is mounted below the root. */
struct zc_wplace {
    zc_wdir dir; /* a directory on the way, */
    char *rest;  /* and the path from there */
    uint64_t mnt;
    enum zc_place_state state;
    bool is_dir;
    bool seen; /* while the kernel's table is gone through */
};

struct zc_wplaces {
    ZC_VEC(struct zc_wplace) v;
    size_t n_gone;
    bool strict;             /* zc_places.strict */
    struct zc_places *table; /* of V, as of MOVES; NULL: to be made anew */
    uint64_t moves;          /* zc_wtree_moves */
};

/* way.c: what the path of the root goes through. */
struct zc_wway {
    int own;      /* an inotify of its own, where w->fd is none; -1 */
    bool changed; /* to be looked at */
    ZC_VEC(int) watches;
};

/* mounts.c: the kernel's table of mounts. */
struct zc_wmounts {
    int fd; /* -1: it cannot be read */
    bool changed;
};

struct zc_watch {
    /* As zc_watch_new was told. */
    char *root;
    struct zc_watch_events ev;
    const struct zc_filter *filter; /* NULL: none */
    bool one_file_system;
    unsigned watch_max;
    uint64_t limit; /* of inotify watches, of all that this user has; when read */
    int64_t limit_at;

    const struct zc_wbackend *backend;
    bool may_switch, switching; /* to fanotify, where it may; it is to, now */
    int fd;
    uint8_t *buf;
    struct zc_wtree *tree;
    bool gone;
    struct zc_wroot id; /* of the root */
    struct zc_wrescan rescan;
    struct zc_wtodos todo;
    struct zc_wlooks look;
    struct zc_wmoves moves;
    struct zc_wfanotify fan;
    struct zc_wmounts mounts;
    struct zc_wplaces places;
    struct zc_wway way;

    uint64_t events, overflows; /* events about what is in the tree */
    uint64_t seen;              /* events read, whosever */
    struct zc_wposition position;
    struct zc_buf path; /* for a moment */
};

#endif
