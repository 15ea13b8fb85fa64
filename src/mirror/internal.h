/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running mirror: what the files of this folder share.
 *
 *   mirror.c      start and stop, the watch thread
 *   peer.c        a peer's thread: connect, rounds, back-off
 *   report.c      what status and user get to know about a peer
 *   questions.c   questions that come over the control socket
 *   hardlinks.c   the other names of a changed file
 *   index.c       what is known of files with several names
 *   young.c       names that were touched and have to be looked at at once
 *   ghosts.c      changes of files that nobody knows the names of
 *   round.c       a round with more names
 *   search.c      where in the tree those names are, or what changed lately
 */
#ifndef ZC_MIRROR_INTERNAL_H
#define ZC_MIRROR_INTERNAL_H

#include "base/map.h"
#include "base/nametab.h"
#include "base/vec.h"
#include "mirror/mirror.h"
#include "sender/session.h"
#include "mirror/dirty.h"

#include <pthread.h>
#include <sys/queue.h>

/*
 * Locks, in the order in which they may be taken:
 *
 *   a session's own locks  (callbacks come with some of them held)
 *   zc_mirror.gate         taken only to get at `lock`
 *   zc_mirror.lock
 *   zc_mirror.report_lock  calls of the user's callbacks, one at a time
 *   zc_mpeer.session_lock  what there is to be stopped
 *
 * `lock` covers the watcher and all that hangs on it. It is never held across
 * anything that waits for a peer, nor across the user's callbacks. The watch
 * thread takes it again and again; the gate lets others in between, because
 * whoever waits for `lock` holds the gate.
 */

struct zc_inode {
    uint64_t dev, ino;
};
typedef ZC_VEC(struct zc_inode) zc_inodes;

/* Names of files that have several: dev and ino -> where they are. */
struct zc_index_name {
    struct zc_nametab_node by_name;
    zc_wdir dir;
    struct zc_index_file *file;
    bool former; /* it was one, and is not any more */
    bool muddy;  /* something has had the name since that nobody has looked at */
    uint8_t len;
    char name[]; /* NUL-ended */
};
struct zc_index_file {
    uint64_t dev, ino;
    ZC_VEC(struct zc_index_name *) names;
    size_t n_former; /* of them */
    bool several;    /* it has, or had, more than one */
    uint32_t searched; /* the link count for which all names in the tree were
                          looked for; 0: they were not */
    const struct zc_mpeer *seen_by; /* in whose list of this round it is */
    uint64_t seen_round;
};
struct zc_index {
    struct zc_map map;         /* (dev, ino) -> struct zc_index_file */
    struct zc_nametab by_name; /* several zc_index_name may have a name */
    size_t n_names, n_several;
    zc_inodes memory; /* a ring of files that have one name, or none */
    size_t oldest;
    bool full_said;
    int64_t search_at, search_cost; /* when the next search may begin, and how
                                       long the last one took: ns */
};

/* Names that were made or touched lately (young.c). */
struct zc_young_name {
    struct zc_nametab_node by_name;
    zc_wdir dir;
    uint8_t len;
    size_t at;        /* its index in the table */
    unsigned what;    /* of a touch: it is not known yet what was touched */
    bool touched;
    bool mixed;       /* made and touched by one event: in which order? */
    bool left;        /* renamed; kept as there may have been another one */
    bool now;         /* to be looked at now; else it is waited for the end of
                         what began at `since` */
    int64_t since;
    bool looked;      /* and this was found there: */
    enum zc_young_found {
        ZC_YOUNG_NOTHING,
        ZC_YOUNG_ONE,     /* a file with this name only */
        ZC_YOUNG_SEVERAL, /* one with several */
        ZC_YOUNG_DIR,
    } found;
    uint64_t dev, ino;   /* NOTHING: those of what "#INO" stands for, or 0 */
    uint64_t moves;      /* zc_young.moves at the look */
    uint64_t first, pos; /* positions of the watcher's queue: not after the
                            first event, and after the look */
    int64_t floor;       /* not older than the first event, wall clock */
    char name[];
};
struct zc_young {
    bool on;             /* hard links are kept */
    bool hurry;          /* nothing is waited for any more */
    ZC_VEC(struct zc_young_name *) v;
    struct zc_nametab by_name; /* the same */
    uint64_t moves;      /* renames of directories */
    /* Everything before FLOOR has been reported; the watcher's position was
     * DONE. The next one to be is WALL, when the watcher has got to POS. */
    int64_t floor, wall;
    int64_t ahead;       /* the wall clock, of the monotonic one, at FLOOR */
    int64_t wall_ahead;
    uint64_t pos, done;
    bool waiting;
};

/* Changes that could not be told of any file (ghosts.c). */
struct zc_ghosts {
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

/* Troubles that were logged, so as not to repeat them (report.c). */
struct zc_mreport_said {
    uint64_t hash;
    int64_t at;
};

struct zc_mpeer {
    struct zc_mirror *mirror;
    size_t index;
    const struct zc_mirror_peer *conf;
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
    uint64_t n_found;  /* times names were marked because of hard links */
    zc_inodes pending; /* files whose other names are to be searched for */
    bool searching;    /* for those names, right now */
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
    ZC_VEC(struct zc_mreport_said) said;
    int64_t said_at;
    uint64_t unsaid; /* lines that were left out since */
    uint64_t meta;   /* entries that lack metadata since the last full round */
    char meta_text[ZC_STATUS_TEXT], meta_path[ZC_STATUS_TEXT];
    char reason[ZC_STATUS_TEXT]; /* why it is not connected, as last logged */
    zc_inodes fresh; /* files with several names that the round has listed;
                        under `lock` */
    bool collecting; /* under `lock` */
    ZC_VEC(void *) scratch; /* memory of the round under way */
    struct zc_round round;

    pthread_mutex_t session_lock;
    struct zc_session *session; /* to be stopped, or */
    struct zc_transport *transport; /* shut down while there is no session */
    bool connecting;
};

struct zc_question; /* questions.c */

struct zc_mirror {
    const struct zc_mirror_options *opt;
    struct zc_mirror_status *st;
    pthread_mutex_t gate, lock, report_lock;
    int wake; /* eventfd: the watch thread shall look again */

    /* Under `lock`. */
    struct zc_watch *w; /* NULL: the source is not there */
    bool ready;         /* all was watched once: peers may be sent rounds */
    bool gone;          /* the watcher, or a look at the root, said so */
    struct zc_err why;
    uint64_t generation; /* rises when the source goes */
    size_t n_questions;  /* that are open */
    struct zc_index index;
    struct zc_young young;
    struct zc_ghosts ghosts;

    atomic_bool stopping; /* what is due is still sent */
    atomic_bool hurry;    /* and now nothing more */
    struct zc_mpeer *peers;
    size_t n_peers;

    /* The watch thread's. */
    TAILQ_HEAD(, zc_question) questions; /* in the order they came */
    size_t n_asked;
    int control_fd;
    int64_t root_at; /* when to look for the root again */
    unsigned told;   /* enum zc_mirror_state */
    bool active;     /* a peer is busy: keep its numbers up to date */
};

/* mirror.c */
void zc_mirror_lock(struct zc_mirror *m);
void zc_mirror_unlock(struct zc_mirror *m);
/* Makes a thread that polls FD, an eventfd, look again. */
void zc_mirror_wake(int fd);

/* peer.c */
void *zc_mpeer_main(void *arg);
/* Nanoseconds until the peer, if connected, has something to do; 0: now,
 * INT64_MAX: nothing. With the lock. */
int64_t zc_mpeer_next(const struct zc_mpeer *p, int64_t now);
/* Ends what the peer's thread waits for: a round too if BUSY, else only what
 * comes before the first. Not with the lock. */
void zc_mpeer_interrupt(struct zc_mpeer *p, bool busy);

/* report.c */
/* Brings the status of a connected peer up to date. With the lock. */
void zc_mreport_update(struct zc_mpeer *p);
/* Logs and tells a new state. The peer's thread, without the lock. */
void zc_mreport_tell_peer(struct zc_mpeer *p);
/* The connection could not be made or was lost (ERR); the next try is in DELAY
 * ns. The peer's thread, without the lock. */
void zc_mreport_disconnected(struct zc_mpeer *p, const struct zc_err *err,
                             int64_t delay);
/* Logs what P was not sent before the end. */
void zc_mreport_left_behind(struct zc_mpeer *p);
/* Events of the session. */
void zc_mreport_item(void *arg, const struct zc_item *item);
void zc_mreport_trouble(void *arg, enum zc_trouble kind, const char *what,
                        const char *path, int eno);
void zc_mreport_not_renamed(void *arg, const char *to);
/* The mirror's own state. The watch thread, without the lock. */
void zc_mreport_tell_mirror(struct zc_mirror *m);

/* questions.c: all for the watch thread. */
/* Reads what has come in over the control socket. */
void zc_questions_read(struct zc_mirror *m);
/* Notes for new questions how far the watcher has to get before they count.
 * True while it has not yet got there for all. With the lock, as the next. */
bool zc_questions_pin(struct zc_mirror *m);
/* Has the watcher tell halves of renames that a question waits for. */
void zc_questions_flush(struct zc_mirror *m);
/* Answers what can be answered; nanoseconds until there may be more to say. */
int64_t zc_questions_answer(struct zc_mirror *m, int64_t now);
void zc_questions_drop(struct zc_mirror *m);

/* index.c: all with the lock. */
void zc_index_init(struct zc_mirror *m);
void zc_index_clear(struct zc_mirror *m);
struct zc_index_file *zc_index_find(struct zc_mirror *m, uint64_t dev,
                                    uint64_t ino);
/* PATH is a name of the file, which has several. */
void zc_index_add(struct zc_mirror *m, const char *path, uint64_t dev,
                  uint64_t ino);
/* The same for NAME in DIR. The file, or NULL. */
struct zc_index_file *zc_index_add_name(struct zc_mirror *m, zc_wdir dir,
                                        const char *name, uint64_t dev,
                                        uint64_t ino);
/* NAME in DIR is the only name of the file, as far as its link count tells. */
void zc_index_add_single(struct zc_mirror *m, zc_wdir dir, const char *name,
                         uint64_t dev, uint64_t ino);
/* Forgets the name I of FILE, and FILE with the last that it still has. */
void zc_index_drop(struct zc_mirror *m, struct zc_index_file *file, size_t i);
/* The name I of FILE is a former one from now on; or FILE goes, as above. */
void zc_index_lost(struct zc_mirror *m, struct zc_index_file *file, size_t i);
/* NAME in DIR has been looked at, and what was found there is in the index. */
void zc_index_seen(struct zc_mirror *m, zc_wdir dir, const char *name);
/* All files that had, or have, the name NAME in DIR, and that have others, are
 * in the index. */
bool zc_index_knows(struct zc_mirror *m, zc_wdir dir, const char *name);
/* NAME in DIR is, for the index, a name of this file. */
bool zc_index_has(struct zc_mirror *m, zc_wdir dir, const char *name,
                  uint64_t dev, uint64_t ino);
/* A file was touched that was made without a name; NAME stands for it. False:
 * it was not known, and so, if it has got a name, that is not known either. */
bool zc_index_add_nameless(struct zc_mirror *m, zc_wdir dir, const char *name,
                           uint64_t dev, uint64_t ino, unsigned what,
                           int64_t now);
/* Marks the names of FILE, but for BUT in BUT_DIR, for all peers. */
void zc_index_mark(struct zc_mirror *m, const struct zc_index_file *file,
                   zc_wdir but_dir, const char *but, unsigned what,
                   int64_t now);
/* The directory of PATH; *NAME points into PATH. */
zc_wdir zc_mirror_split(struct zc_mirror *m, const char *path,
                        const char **name);
/* Events: marks the other names of what NAME is a name of, for all peers. */
void zc_index_changed(struct zc_mirror *m, zc_wdir dir, const char *name,
                      size_t n, unsigned what, int64_t now);
void zc_index_renamed(struct zc_mirror *m, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, int64_t now);

/* young.c: the watch thread, with the lock. */
void zc_young_init(struct zc_mirror *m);
/* Events, before the index hears of them. */
void zc_young_changed(struct zc_mirror *m, zc_wdir dir, const char *name,
                      size_t n, unsigned what);
void zc_young_renamed(struct zc_mirror *m, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, bool is_dir);
/* Before and after events are read. The latter looks at names, and lets others
 * have the lock meanwhile if there are more than a few; true when the queue was
 * seen empty after that. */
void zc_young_begin(struct zc_mirror *m);
bool zc_young_few(const struct zc_mirror *m);
bool zc_young_end(struct zc_mirror *m);
/* Nanoseconds until the next name is to be looked at; INT64_MAX: there is
 * none. */
int64_t zc_young_next(const struct zc_mirror *m, int64_t now);
/* All that was touched before POSITION has been looked at. */
bool zc_young_settled(const struct zc_mirror *m, uint64_t position);
void zc_young_clear(struct zc_mirror *m);

/* ghosts.c: with the lock. */
/* Some file has changed, not before FLOOR, of which no name may be known. */
void zc_ghosts_add(struct zc_mirror *m, int64_t floor);
/* Nanoseconds until P should walk; INT64_MAX: there is no need. */
int64_t zc_ghosts_next(const struct zc_mpeer *p, int64_t now);
/* Walks, if there is a need, letting go of the lock. */
void zc_ghosts_walk(struct zc_mpeer *p);
/* Somebody walks, or there is a need. */
bool zc_ghosts_open(const struct zc_mirror *m);
/* Around what goes through the tree by itself: a directory that is renamed
 * meanwhile may be missed, and is in doubt. */
void zc_search_begin(struct zc_mirror *m);
void zc_search_end(struct zc_mirror *m);
bool zc_search_disturbed(struct zc_mirror *m);

/* hardlinks.c */
/* The index lacks names of the file: they are to be searched for. With the
 * lock. */
void zc_mhardlinks_incomplete(struct zc_mirror *m, uint64_t dev, uint64_t ino);
/* zc_options.linked; ARG is the peer. */
void zc_mhardlinks_listed(void *arg, const char *path, uint64_t dev,
                          uint64_t ino);
/* ROUND and, with it, the other names of the files in it. Valid until the end
 * of the round. The peer's thread, without the lock. */
const struct zc_round *zc_mhardlinks_begin(struct zc_mpeer *p,
                                           const struct zc_round *round);
/* The round is over; if it went well, marks names that should have been in
 * it. */
void zc_mhardlinks_end(struct zc_mpeer *p, const struct zc_round *round,
                       bool good);
/* Searches for what is pending. */
void zc_mhardlinks_search(struct zc_mpeer *p);

/* round.c */
/* True when ROUND is about PATH (cut up and put together again): it, or all of
 * a directory that it is in. */
bool zc_mround_covers(const struct zc_round *round, char *path);
/* ROUND with the N PATHS in it, none of which it covers: in p->round, which
 * lasts as long as p->scratch. PATHS are sorted, and cut up. -1: no memory. */
int zc_mround_add(struct zc_mpeer *p, const struct zc_round *round,
                  char **paths, size_t n);

/* search.c */
struct zc_found_name {
    char *path; /* on the heap */
    uint64_t dev, ino;
};
typedef ZC_VEC(struct zc_found_name) zc_found_names;
/* Looks through the tree below ROOT for the names of the N files. Ends early
 * when the mirror stops. Without the lock. */
void zc_search_files(struct zc_mirror *m, int root,
                     const struct zc_inode *files, size_t n,
                     zc_found_names *found);
/* The same for all names, but of directories, of what has changed since FLOOR
 * (wall clock, ns). False: it has ended early, or memory ran out. */
bool zc_search_changed(struct zc_mirror *m, int root, int64_t floor,
                       zc_found_names *found);

#endif
