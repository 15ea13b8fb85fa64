/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a daemon is doing, at one moment: a copy of its mirrors' status
 * (mirror/status.h) and of what only the supervisor knows. It is what crosses
 * the control socket for `zcsync status`. Memory only; any thread.
 */
#ifndef ZC_DAEMON_SNAPSHOT_H
#define ZC_DAEMON_SNAPSHOT_H

#include "base/buf.h"
#include "base/err.h"
#include "base/vec.h"
#include "mirror/status.h"
#include "session/pace.h"

/* The encoding: another number is another layout. */
#define ZC_SNAPSHOT_VERSION 8
#define ZC_SNAPSHOT_BYTES_MAX (64 * ZC_MIB)

struct zc_snap_peer {
    char name[ZC_STATUS_NAME]; /* as configured */
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT]; /* what is in the way */
    char security[ZC_STATUS_SECURITY]; /* of the connection; "": there is none */
    char key[ZC_STATUS_SECURITY];      /* base64 of the peer's; "": plain */
    uint64_t state;            /* enum zc_peer_state */
    uint64_t since, last_sync; /* wall clock ns; 0: never */
    uint64_t held; /* of those behind */
    uint64_t behind, behind_bytes, oldest_age; /* the last in ns */
    uint64_t retry_in; /* ns until the next try; 0: none is set */
    uint64_t wire_bytes, plain_bytes;
    uint64_t sent_files, sent_bytes, deleted, rounds, full_rounds, failed,
        errors, connects;
    /* The round under way; as in struct zc_round_status, but for `left`: 0 is not
     * known there. */
    uint64_t now_began, now_whole, now_listed, now_writing, now_entries,
        now_need_files, now_need_bytes, now_done_files, now_done_bytes,
        now_rate, now_left;
    uint64_t compared; /* wall clock ns; 0: never */
    /* As in struct zc_verify_status. */
    uint64_t verify_ended, verify_began, verify_files, verify_bytes,
        verify_found, verify_repaired, verify_unread, verify_now_files,
        verify_now_bytes, verify_now_found;
};

struct zc_snap_mirror {
    char name[ZC_STATUS_NAME], source[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    char note[ZC_STATUS_TEXT]; /* what events do not tell of */
    uint64_t state, since; /* enum zc_mirror_state */
    uint64_t pid;          /* of the watcher process; 0: there is none now */
    uint64_t restarts;
    uint64_t start_in;     /* ns until there is one again; 0: not known */
    uint64_t watch_kind, dirs, watches, watch_limit, unwatched, events,
        overflows;
    ZC_VEC(struct zc_snap_peer) peers;
};

struct zc_snap_session { /* a receiver */
    char peer[ZC_STATUS_NAME], share[ZC_STATUS_NAME]; /* share "": not yet */
    char security[ZC_STATUS_SECURITY]; /* as that of struct zc_transport */
    char key[ZC_STATUS_SECURITY];      /* base64 of the peer's; "": plain */
    char room[ZC_STATUS_SECURITY]; /* what is free where something did not fit; "":
                                      there is enough */
    uint64_t pid, since;
};

/* What a peer pushes to a share here. */
enum zc_copy_state {
    ZC_COPY_AWAY,      /* no session is open */
    ZC_COPY_IDLE,      /* one is, and what the peer told of is here */
    ZC_COPY_RECEIVING, /* a round is under way, */
    ZC_COPY_COMPARING, /* about the whole tree */
    ZC_COPY_STATES
};

struct zc_snap_copy {
    char share[ZC_STATUS_NAME];
    char peer[ZC_STATUS_NAME]; /* its name as configured, or its address */
    char key[ZC_STATUS_SECURITY]; /* base64 of it; "": plain */
    char id[40]; /* tells mirrors of one peer apart; "": single pushes */
    char text[ZC_STATUS_TEXT]; /* why the last session failed; "": it has not */
    uint64_t state; /* enum zc_copy_state */
    uint64_t since; /* wall clock ns: connected, or not any more */
    uint64_t mirror; /* 1: of a mirror, 0: of single pushes */
    /* As in struct zc_intake, of all sessions since the daemon was started. */
    uint64_t compared, durable, last_round, last_round_took;
    uint64_t sessions, rounds, bytes, created, deleted, errors, errors_left;
};

struct zc_snap_hook { /* a command of `on change` */
    char name[ZC_STATUS_NAME]; /* of the mirror or share */
    char fate[ZC_STATUS_SECURITY]; /* of the last one; "": it went well */
    uint64_t mirror, running, pending; /* 0 or 1 */
    uint64_t runs, failures;
    uint64_t began, ended; /* the last one: wall clock ns; 0: none has */
};

struct zc_snapshot {
    char version[ZC_STATUS_NAME], file[ZC_STATUS_TEXT]; /* configuration */
    char listen[ZC_STATUS_TEXT];     /* addresses, parted by ", "; may be "" */
    uint64_t at, started, pid; /* wall clock ns */
    uint64_t reloads, accepted, refused, max_connections;
    uint64_t unauthenticated; /* connections that are shaking hands */
    uint64_t waiting; /* clients of `zcsync wait` */
    ZC_VEC(struct zc_snap_mirror) mirrors;
    ZC_VEC(struct zc_snap_session) sessions;
    ZC_VEC(struct zc_snap_copy) copies;
    ZC_VEC(struct zc_snap_hook) hooks;
};

const char *zc_copy_state_text(unsigned state); /* "comparing" */

void zc_snapshot_fini(struct zc_snapshot *s);

/* Adds a copy of M. The new element, for the caller to complete; NULL: out of
 * memory. */
struct zc_snap_mirror *zc_snapshot_add(struct zc_snapshot *s,
                                       struct zc_mirror_status *m);

void zc_snapshot_encode(const struct zc_snapshot *s, struct zc_buf *out);
/* Fills in *S, which must be zeroed. -1 with a sentence when the bytes make no
 * sense. To be finished with _fini either way. */
int zc_snapshot_decode(struct zc_snapshot *s, const void *bytes, size_t n,
                       struct zc_err *err);

/* How far the round is that is under way at P. False: there is none, or one that is
 * over in a moment. AT is the snapshot's. */
bool zc_snapshot_progress(const struct zc_snap_peer *p, uint64_t at,
                          struct zc_progress_view *v);
/* The peer whose comparison of everything has most before it, and its mirror; NULL:
 * none is compared. */
const struct zc_snap_peer *
zc_snapshot_busiest(const struct zc_snapshot *s,
                    const struct zc_snap_mirror **mirror);
/* "2 mirrors, 3 of 4 peers in sync, 1 receiving", and how far that one is. */
void zc_snapshot_line(const struct zc_snapshot *s, char *out, size_t size);

#endif
