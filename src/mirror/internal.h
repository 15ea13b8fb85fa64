/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running mirror: what the files live*.c share.
 *
 *   live.c           start and stop, the watch thread
 *   live_peer.c      a peer's thread: connect, rounds, back-off
 *   live_state.c     what status and user get to know about a peer
 *   live_wait.c      questions that come over the control socket
 *   live_links.c     hard links: the other names of a changed file
 *   live_index.c     what is known of them
 *   live_young.c     names that were touched and have to be looked at at once
 *   live_ghosts.c    changes of files that nobody knows the names of
 *   live_round.c     a round with more names
 *   live_search.c    where in the tree those names are, or what changed lately
 */
#ifndef ZC_MIRROR_INTERNAL_H
#define ZC_MIRROR_INTERNAL_H

#include "base/map.h"
#include "base/vec.h"
#include "mirror/mirror.h"
#include "sender/session.h"
#include "mirror/dirty.h"

#include <pthread.h>

/*
 * Locks, in the order in which they may be taken:
 *
 *   a session's own locks  (callbacks come with some of them held)
 *   zc_live.gate           taken only to get at `lock`
 *   zc_live.lock
 *   zc_live.report_lock    calls of the user's callbacks, one at a time
 *   zc_lpeer.session_lock  what there is to be stopped
 *
 * `lock` covers the watcher and all that hangs on it. It is never held across
 * anything that waits for a peer, nor across the user's callbacks. The watch
 * thread takes it again and again; the gate lets others in between, because
 * whoever waits for `lock` holds the gate.
 */

struct zc_lino {
    uint64_t dev, ino;
};
typedef ZC_VEC(struct zc_lino) zc_linos;

/* Names of files that have several: dev and ino -> where they are. */
struct zc_llink_name {
    zc_wdir dir;
    struct zc_llink *file;
    struct zc_llink_name *chain; /* in by_name */
    bool former; /* it was one, and is not any more */
    bool muddy;  /* something has had the name since that nobody has looked at */
    uint8_t len;
    char name[]; /* NUL-ended */
};
struct zc_llink {
    uint64_t dev, ino;
    ZC_VEC(struct zc_llink_name *) names;
    size_t n_former; /* of them */
    bool several;    /* it has, or had, more than one */
    uint32_t searched; /* the link count for which all names in the tree were
                          looked for; 0: they were not */
    const struct zc_lpeer *seen_by; /* in whose list of this round it is */
    uint64_t seen_round;
};
struct zc_llinks {
    struct zc_map map;     /* (dev, ino) -> struct zc_llink */
    struct zc_map by_name; /* (directory, hash of the name) -> the first
                              struct zc_llink_name in a chain */
    size_t n_names, n_several;
    zc_linos memory; /* a ring of files that have one name, or none */
    size_t oldest;
    bool full_said;
    int64_t search_at, search_cost; /* when the next search may begin, and how
                                       long the last one took: ns */
};

/* Names that were made or touched lately (live_young.c). */
struct zc_lyoung_name {
    zc_wdir dir;
    size_t at;        /* its place in the table */
    unsigned what;    /* of a touch: it is not known yet what was touched */
    bool touched;
    bool mixed;       /* made and touched by one event: in which order? */
    bool left;        /* renamed; kept as there may have been another one */
    bool now;         /* to be looked at now; else it is waited for the end of
                         what began at `since` */
    int64_t since;
    bool looked;      /* and this was found there: */
    enum zc_lyoung_found {
        ZC_LYOUNG_NOTHING,
        ZC_LYOUNG_ONE,     /* a file with this name only */
        ZC_LYOUNG_SEVERAL, /* one with several */
        ZC_LYOUNG_DIR,
    } found;
    uint64_t dev, ino;   /* NOTHING: those of what "#INO" stands for, or 0 */
    uint64_t moves;      /* zc_lyoung.moves at the look */
    uint64_t first, pos; /* positions of the watcher's queue: not after the
                            first event, and after the look */
    int64_t floor;       /* not older than the first event, wall clock */
    char name[];
};
struct zc_lyoung {
    bool on;             /* hard links are kept */
    bool hurry;          /* nothing is waited for any more */
    ZC_VEC(struct zc_lyoung_name *) v;
    struct zc_map map;   /* (directory, hash of the name) -> the same */
    uint64_t moves;      /* renames of directories */
    /* Everything before FLOOR has been reported; the watcher's position was
     * DONE. The next one to be is WALL, when the watcher has got to POS. */
    int64_t floor, wall;
    int64_t ahead;       /* the wall clock, of the monotonic one, at FLOOR */
    int64_t wall_ahead;
    uint64_t pos, done;
    bool waiting;
};

/* Changes that could not be told of any file (live_ghosts.c). */
struct zc_lghosts {
    uint64_t seen, walked; /* how many there were; and up to which one the tree
                              has been walked for them */
    int64_t floor;         /* the oldest of those that are left; wall clock */
    int64_t walk_at, soonest; /* no walk before; and when somebody asks */
    bool walking;
    unsigned under_way;    /* walks and searches */
    bool unsure;           /* one has ended, but what the watcher told when it
                              had got to POS was before that */
    uint64_t pos;
};

/* Troubles that were logged, so as not to repeat them (live_state.c). */
struct zc_lsaid {
    uint64_t hash;
    int64_t at;
};

struct zc_lpeer {
    struct zc_live *live;
    size_t index;
    const struct zc_live_peer *conf;
    struct zc_peer_status *st;
    struct zc_options push;
    struct zc_events events;
    pthread_t thread;
    bool started;
    int wake; /* eventfd: something that the thread waits for may have come */

    /* Under `lock`. */
    struct zc_dirty *dirty;
    bool waiting;    /* the thread is idle ... */
    int64_t wake_at; /* ... until then */
    bool connected, in_round, ended;
    bool full;           /* the round under way is one of the whole tree */
    uint64_t generation; /* of the source that the session has open */
    uint64_t sync_asked, sync_done; /* rounds that end on stable storage */
    uint64_t relinked; /* times names were marked because of hard links */
    zc_linos pending;  /* files whose other names are to be searched for */
    bool searching;    /* for them, right now */
    /* The brake held; everything is to be compared again at brake_retry, or
     * when something changed, but not before brake_soonest. */
    bool braked;
    int64_t brake_retry, brake_soonest;
    bool blocked; /* entries are refused */

    /* The thread's, and its session's callbacks', one at a time. */
    struct zc_stats stats;
    uint64_t round_number;
    uint64_t base_files, base_bytes, base_deleted; /* of earlier sessions */
    unsigned told; /* enum zc_peer_state, as last told; ~0U: nothing yet */
    ZC_VEC(struct zc_lsaid) said;
    int64_t said_at;
    uint64_t unsaid; /* lines that were left out since */
    uint64_t meta;   /* entries that lack metadata since the last full round */
    char meta_text[ZC_STATUS_TEXT], meta_path[ZC_STATUS_TEXT];
    char reason[ZC_STATUS_TEXT]; /* why it is not connected, as last logged */
    zc_linos fresh;  /* files with several names that the round has listed;
                        under `lock` */
    bool collecting; /* under `lock` */
    ZC_VEC(void *) scratch; /* memory of the round under way */
    struct zc_round round;

    pthread_mutex_t session_lock;
    struct zc_session *session; /* to be stopped, or */
    struct zc_transport *transport; /* shut down while there is no session */
    bool connecting;
};

struct zc_lasked; /* a question (live_wait.c) */

struct zc_live {
    const struct zc_live_options *opt;
    struct zc_mirror_status *st;
    pthread_mutex_t gate, lock, report_lock;
    int wake; /* eventfd: the watch thread shall look again */

    /* Under `lock`. */
    struct zc_watch *w; /* NULL: the source is not there */
    bool ready;         /* all was watched once: peers may be sent rounds */
    bool gone;          /* the watcher, or a look at the root, said so */
    struct zc_err why;
    uint64_t generation; /* rises when the source goes */
    size_t n_asked;      /* questions open */
    struct zc_llinks links;
    struct zc_lyoung young;
    struct zc_lghosts ghosts;

    atomic_bool stopping; /* what is due is still sent */
    atomic_bool hurry;    /* and now nothing more */
    struct zc_lpeer *peers;
    size_t n_peers;

    /* The watch thread's. */
    ZC_VEC(struct zc_lasked *) asked;
    int control_fd;
    int64_t root_at; /* when to look for the root again */
    unsigned told;   /* enum zc_mirror_state */
    bool active;     /* a peer is busy: keep its numbers up to date */
};

/* live.c */
void zc_live_lock(struct zc_live *l);
void zc_live_unlock(struct zc_live *l);
/* Makes a thread that polls FD, an eventfd, look again. */
void zc_live_wake(int fd);

/* live_peer.c */
void *zc_lpeer_main(void *arg);
/* Nanoseconds until the peer, if connected, has something to do; 0: now,
 * INT64_MAX: nothing. With the lock. */
int64_t zc_lpeer_next(const struct zc_lpeer *p, int64_t now);
/* Ends what the peer's thread waits for: a round too if BUSY, else only what
 * comes before the first. Not with the lock. */
void zc_lpeer_interrupt(struct zc_lpeer *p, bool busy);

/* live_state.c */
/* Brings the status of a connected peer up to date. With the lock. */
void zc_lpeer_update(struct zc_lpeer *p);
/* Logs and tells a new state. The peer's thread, without the lock. */
void zc_lpeer_tell(struct zc_lpeer *p);
/* The connection could not be made or was lost (ERR); the next try is in DELAY
 * ns. The peer's thread, without the lock. */
void zc_lpeer_disconnected(struct zc_lpeer *p, const struct zc_err *err,
                           int64_t delay);
/* Logs what P was not sent before the end. */
void zc_lpeer_left_behind(struct zc_lpeer *p);
/* Events of the session. */
void zc_lpeer_on_item(void *arg, const struct zc_item *item);
void zc_lpeer_on_trouble(void *arg, enum zc_trouble kind, const char *what,
                         const char *path, int eno);
void zc_lpeer_on_not_renamed(void *arg, const char *to);
/* The mirror's own state. The watch thread, without the lock. */
void zc_live_tell(struct zc_live *l);

/* live_wait.c: all for the watch thread. */
/* Reads what has come in over the control socket. */
void zc_live_read_requests(struct zc_live *l);
/* Notes for new questions how far the watcher has to get before they count.
 * True while it has not yet got there for all. With the lock, as the next. */
bool zc_live_place_requests(struct zc_live *l);
/* Has the watcher tell halves of renames that a question waits for. */
void zc_live_flush_for_requests(struct zc_live *l);
/* Answers what can be answered; nanoseconds until there may be more to say. */
int64_t zc_live_answer_requests(struct zc_live *l, int64_t now);
void zc_live_drop_requests(struct zc_live *l);

/* live_index.c: all with the lock. */
void zc_llinks_clear(struct zc_live *l);
struct zc_llink *zc_lindex_find(struct zc_live *l, uint64_t dev, uint64_t ino);
/* PATH is a name of the file, which has several. */
void zc_lindex_add(struct zc_live *l, const char *path, uint64_t dev,
                   uint64_t ino);
/* The same for NAME in DIR. The file, or NULL. */
struct zc_llink *zc_lindex_add_name(struct zc_live *l, zc_wdir dir,
                                    const char *name, uint64_t dev,
                                    uint64_t ino);
/* NAME in DIR is the only name of the file, as far as its link count tells. */
void zc_lindex_add_single(struct zc_live *l, zc_wdir dir, const char *name,
                          uint64_t dev, uint64_t ino);
/* Forgets the name I of K, and K with the last that it still has. */
void zc_lindex_drop(struct zc_live *l, struct zc_llink *k, size_t i);
/* The name I of K is a former one from now on; or K goes, as above. */
void zc_lindex_lost(struct zc_live *l, struct zc_llink *k, size_t i);
/* NAME in DIR has been looked at, and what was found there is in the index. */
void zc_lindex_seen(struct zc_live *l, zc_wdir dir, const char *name);
/* All files that had, or have, the name NAME in DIR, and that have others, are
 * in the index. */
bool zc_lindex_knows(struct zc_live *l, zc_wdir dir, const char *name);
/* NAME in DIR is, for the index, a name of this file. */
bool zc_lindex_has(struct zc_live *l, zc_wdir dir, const char *name,
                   uint64_t dev, uint64_t ino);
/* A file was touched that was made without a name; NAME stands for it. False:
 * it was not known, and so, if it has got a name, that is not known either. */
bool zc_lindex_add_nameless(struct zc_live *l, zc_wdir dir, const char *name,
                            uint64_t dev, uint64_t ino, unsigned what,
                            int64_t now);
/* Marks the names of K, but for BUT in BUT_DIR, for all peers. */
void zc_lindex_mark(struct zc_live *l, const struct zc_llink *k,
                    zc_wdir but_dir, const char *but, unsigned what,
                    int64_t now);
/* The directory of PATH; *NAME points into PATH. */
zc_wdir zc_lindex_place(struct zc_live *l, const char *path,
                        const char **name);
/* Events: marks the other names of what NAME is a name of, for all peers. */
void zc_lindex_changed(struct zc_live *l, zc_wdir dir, const char *name,
                       size_t n, unsigned what, int64_t now);
void zc_lindex_renamed(struct zc_live *l, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, int64_t now);

/* live_young.c: the watch thread, with the lock. */
/* Events, before the index hears of them. */
void zc_lyoung_changed(struct zc_live *l, zc_wdir dir, const char *name,
                       size_t n, unsigned what);
void zc_lyoung_renamed(struct zc_live *l, zc_wdir from, const char *from_name,
                       size_t from_n, zc_wdir to, const char *to_name,
                       size_t to_n, bool is_dir);
/* Before and after events are read. The latter looks at names, and lets others
 * have the lock meanwhile if there are more than a few; true when the queue was
 * seen empty after that. */
void zc_lyoung_begin(struct zc_live *l);
bool zc_lyoung_few(const struct zc_live *l);
bool zc_lyoung_end(struct zc_live *l);
/* Nanoseconds until the next name is to be looked at; INT64_MAX: there is
 * none. */
int64_t zc_lyoung_next(const struct zc_live *l, int64_t now);
/* All that was touched before POSITION has been looked at. */
bool zc_lyoung_settled(const struct zc_live *l, uint64_t position);
void zc_lyoung_clear(struct zc_live *l);

/* live_ghosts.c: with the lock. */
/* Some file has changed, not before FLOOR, of which no name may be known. */
void zc_lghost(struct zc_live *l, int64_t floor);
/* Nanoseconds until P should walk; INT64_MAX: there is no need. */
int64_t zc_lghost_next(const struct zc_lpeer *p, int64_t now);
/* Walks, if there is a need, letting go of the lock. */
void zc_lghost_walk(struct zc_lpeer *p);
/* Somebody walks, or there is a need. */
bool zc_lghost_open(const struct zc_live *l);
/* Around what goes through the tree by itself: a directory that is renamed
 * meanwhile may be missed, and is in doubt. */
void zc_lwalk_begin(struct zc_live *l);
void zc_lwalk_end(struct zc_live *l);
bool zc_lwalk_disturbed(struct zc_live *l);

/* live_links.c */
/* The index lacks names of the file: they are to be searched for. With the
 * lock. */
void zc_llinks_incomplete(struct zc_live *l, uint64_t dev, uint64_t ino);
/* zc_options.linked; ARG is the peer. */
void zc_llinks_report(void *arg, const char *path, uint64_t dev, uint64_t ino);
/* ROUND and, with it, the other names of the files in it. Valid until the end
 * of the round. The peer's thread, without the lock. */
const struct zc_round *zc_llinks_begin(struct zc_lpeer *p,
                                       const struct zc_round *round);
/* The round is over; if it went well, marks names that should have been in
 * it. */
void zc_llinks_end(struct zc_lpeer *p, const struct zc_round *round, bool good);
/* Searches for what is pending. */
void zc_llinks_pending(struct zc_lpeer *p);

/* live_round.c */
/* True when ROUND is about PATH (cut up and put together again): it, or all of
 * a directory that it is in. */
bool zc_lround_covers(const struct zc_round *round, char *path);
/* ROUND with the N PATHS in it, none of which it covers: in p->round, which
 * lasts as long as p->scratch. PATHS are sorted, and cut up. -1: no memory. */
int zc_lround_add(struct zc_lpeer *p, const struct zc_round *round,
                  char **paths, size_t n);

/* live_search.c */
struct zc_lfound {
    char *path; /* on the heap */
    uint64_t dev, ino;
};
typedef ZC_VEC(struct zc_lfound) zc_lfounds;
/* Looks through the tree below ROOT for the names of the N files. Ends early
 * when the mirror stops. Without the lock. */
void zc_live_search(struct zc_live *l, int root, const struct zc_lino *files,
                    size_t n, zc_lfounds *found);
/* The same for all names, but of directories, of what has changed since FLOOR
 * (wall clock, ns). False: it has ended early, or memory ran out. */
bool zc_live_changed_since(struct zc_live *l, int root, int64_t floor,
                           zc_lfounds *found);

#endif
