/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New versions that wait for their bytes to be on the disk.
 *
 * A name must not be seen, not even after a power cut, before its bytes are on
 * the disk: some file systems write the rename first and the bytes later. So
 * with fsync=batch new versions gather here; now and then all of them are
 * synced together (a few by fsync, many by one syncfs) and then named together,
 * by the committer's thread. With fsync=file each is synced and named by
 * itself, with fsync=none named at once, by whoever commits it. How something
 * is named is its own business.
 */
#ifndef ZC_RECEIVER_COMMIT_H
#define ZC_RECEIVER_COMMIT_H

#include "base/util.h"

#include <sys/queue.h>

struct zc_receiver;
struct zc_rworker;

/* The first member of something on the heap, which is freed with it. */
struct zc_commit {
    STAILQ_ENTRY(zc_commit) next;
    int fd;        /* to be synced, and closed; -1: nothing of its own */
    uint64_t size; /* bytes, about */
    /* FD is closed, and the bytes are on the disk as far as was asked for:
     * gives it its name, and tells. ENO: they are not, because of OP (enum
     * zc_op). Not called where the session breaks off before. */
    void (*name)(struct zc_rworker *w, struct zc_commit *c, unsigned op,
                 int eno);
};

/* All under receiver.lock. */
struct zc_commits {
    STAILQ_HEAD(zc_commit_group, zc_commit) group; /* the next one */
    unsigned n, keep_open; /* so many have their fd still */
    uint64_t bytes;
    int64_t since; /* when its oldest came */
    bool running;  /* the one before is being synced, or named */
    bool now;      /* the round ends: do not wait for more */
    int sync_eno;  /* of a group's sync that failed */
};

void zc_commits_init(struct zc_commits *c);
/* What has not been named; no thread is at work any more. */
void zc_commits_free(struct zc_commits *c);

/* Puts C on its way, which is taken over: at once, or with the next group. */
void zc_commit(struct zc_rworker *w, struct zc_commit *c);
/* The same for one that others wait for, so that no group will do. */
void zc_commit_alone(struct zc_rworker *w, struct zc_commit *c);
/* With --delay-updates there is one group, at the end of the round. */
bool zc_commit_delays(const struct zc_receiver *r);
/* What zc_commit takes is named later, and not by who has called it. */
bool zc_commit_gathers(const struct zc_receiver *r);
/* The committer, until the session stops. */
void *zc_commit_thread(void *receiver);
/* Waits until everything committed so far has its name, or the session is over.
 * Until the next round groups are small. */
void zc_commit_drain(struct zc_receiver *r);
/* As at the start. */
void zc_commits_next_round(struct zc_receiver *r);

#endif
