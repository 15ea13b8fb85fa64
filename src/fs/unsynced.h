/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Markers of sessions that give names first and sync behind them (fsync=behind).
 * What the disk has of such a session after a power cut may be a name with
 * nothing behind it: the right size, the right time, and zeros. So a session
 * says, on stable storage and before its first change, from when on nothing is
 * to be believed; and says it anew after each sync, with a later time.
 *
 *     share/.zcsync/unsynced/3f9c...(32 hex)   flock: its session is alive
 *
 * A session that ends well has synced everything, and takes its marker away. A
 * marker that nobody holds is what a crash, of the host or of the process, has
 * left: files with a ctime from its time on have to be compared by content.
 *
 * The time is one of the file system's own clock: the ctime of the marker
 * itself, touched before the sync. A ctime is never set by anybody, and a rename
 * gives a new one, so files that keep old mtimes are no exception. One owner,
 * not locked inside.
 */
#ifndef ZC_FS_UNSYNCED_H
#define ZC_FS_UNSYNCED_H

#include "base/vec.h"

#define ZC_UNSYNCED_ID_SIZE 16
/* All that was synced before is durable. 0, 0: nothing is. */
struct zc_moment {
    int64_t s;
    uint32_t ns;
};

/* What a marker says. */
struct zc_unsynced_mark {
    uint8_t boot[ZC_UNSYNCED_ID_SIZE];   /* this run of the kernel */
    uint8_t writer[ZC_UNSYNCED_ID_SIZE]; /* whose session, over restarts */
    struct zc_moment since;
};

/* In one sector, so that the disk has either the old text or the new one. */
#define ZC_UNSYNCED_TEXT 154
void zc_unsynced_format(const struct zc_unsynced_mark *m,
                        char out[ZC_UNSYNCED_TEXT + 1]);
/* -1: the N bytes at TEXT are no marker. */
int zc_unsynced_parse(const char *text, size_t n, struct zc_unsynced_mark *m);

/* --- what others have left --- */

#define ZC_UNSYNCED_NAME_SIZE 33
struct zc_unsynced_dead {
    char name[ZC_UNSYNCED_NAME_SIZE];
    bool readable;
    struct zc_unsynced_mark mark;
};

/* All zero: nothing. */
struct zc_unsynced_left {
    bool doubts;            /* files with a ctime from `since` on */
    struct zc_moment since; /* the earliest */
    bool alive; /* others are at work, whose files may not be durable yet */
    ZC_VEC(struct zc_unsynced_dead) dead;
};
void zc_unsynced_left_fini(struct zc_unsynced_left *l);
/* Adds what OF puts in doubt, without its markers: they are not L's to clear. */
void zc_unsynced_merge(struct zc_unsynced_left *l,
                       const struct zc_unsynced_left *of);

/* Adds to L what is in the staging folder of DIRFD. What cannot be read puts
 * everything in doubt; where FOREIGN, a folder that we may not look into does
 * not. Nothing is changed but, with TIDY, names that never became markers. */
void zc_unsynced_look(int dirfd, bool foreign, bool tidy,
                      struct zc_unsynced_left *l);
/* The same for the directories that FD lies in, up to the root: the time only,
 * as those are other sessions' to clear. */
void zc_unsynced_look_above(int fd, struct zc_unsynced_left *l);
/* Takes away the dead markers in L of WRITER (NULL: all): what they put in doubt
 * has been compared, and is durable. How many are left. */
size_t zc_unsynced_clear(int dirfd, const uint8_t *writer,
                         const struct zc_unsynced_left *l);
/* True when there is any marker in the staging folder of DIRFD. */
bool zc_unsynced_any(int dirfd);

/* --- one's own --- */

struct zc_unsynced;

/* The file system of DIRFD has ctimes of its own that outlive a power cut, and
 * we may write there. */
bool zc_unsynced_possible(int dirfd);
/* A marker of now in the staging folder of DIRFD, on stable storage; M->since is
 * set. NULL and errno. */
struct zc_unsynced *zc_unsynced_make(int dirfd, struct zc_unsynced_mark *m);
/* What the clock of the file system says. 0, or -1 and errno. */
int zc_unsynced_now(struct zc_unsynced *u, struct zc_moment *now);
/* Everything before SINCE is durable; with SYNC, who returns has that on stable
 * storage. 0, or -1 and errno. */
int zc_unsynced_move(struct zc_unsynced *u, struct zc_moment since, bool sync);
/* The session ends; CLEAN: everything is durable, and the marker goes. NULL is
 * fine. */
void zc_unsynced_end(struct zc_unsynced *u, bool clean);

#endif
