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

/* The encoding: another number is another layout. */
#define ZC_SNAPSHOT_VERSION 5
#define ZC_SNAPSHOT_BYTES_MAX (64 * ZC_MIB)

struct zc_snap_peer {
    char name[ZC_STATUS_NAME]; /* as configured */
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT]; /* what is in the way */
    char security[ZC_STATUS_SECURITY]; /* of the connection; "": there is none */
    char key[ZC_STATUS_SECURITY];      /* base64 of the peer's; "": plain */
    uint64_t state;            /* enum zc_peer_state */
    uint64_t since, last_sync; /* wall clock ns; 0: never */
    uint64_t behind, behind_bytes, oldest_age; /* the last in ns */
    uint64_t retry_in; /* ns until the next try; 0: none is set */
    uint64_t wire_bytes, plain_bytes;
    uint64_t sent_files, sent_bytes, deleted, rounds, full_rounds, failed,
        errors, connects;
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
    uint64_t pid, since;
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
};

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

/* "2 mirrors, 3 of 4 peers in sync, 1 receiving". */
void zc_snapshot_line(const struct zc_snapshot *s, char *out, size_t size);

#endif
