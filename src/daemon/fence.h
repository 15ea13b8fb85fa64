/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fencing: when a mirror's connection was lost and it connects again, what the
 * old connection still holds (in socket buffers, in a receiver that hangs on a
 * slow disk) must not be applied behind the new one's back. So before a session
 * begins, the receivers of older sessions of the same origin have ended.
 *
 * The table lies in memory that the parent shares with all receivers it forks:
 * a row each. The parent takes and gives back rows, and it alone can write who
 * is in which; a receiver writes which origin it serves. So one that somebody
 * has broken into can end other receivers, and no other process.
 */
#ifndef ZC_DAEMON_FENCE_H
#define ZC_DAEMON_FENCE_H

#include "base/err.h"
#include "proto/msg.h"

#include <sys/types.h>

struct zc_fence;
struct zc_fence_slot;

struct zc_fence *zc_fence_new(void); /* NULL and errno */
void zc_fence_free(struct zc_fence *f);

/* Parent: a slot for the connection that was accepted just now, older than all
 * that follow. NULL: there are none left (4,096). */
struct zc_fence_slot *zc_fence_take(struct zc_fence *f);
/* Parent: the receiver of SLOT is the process PID, which waits for this. */
void zc_fence_started(struct zc_fence *f, struct zc_fence_slot *slot,
                      pid_t pid);
/* Parent: its receiver has been waited for. A SLOT of NULL is fine. */
void zc_fence_give_back(struct zc_fence *f, struct zc_fence_slot *slot);

/* A child that is not to reach the table, before it does anything else. */
void zc_fence_forget(struct zc_fence *f);

/*
 * Receiver, once: this process serves ORIGIN in SLOT. Ends the processes that
 * serve it since before (SIGTERM, and SIGKILL after ten seconds) and waits for
 * them. -1 with a sentence: a newer one is there already, or an old one does
 * not end.
 */
int zc_fence_enter(struct zc_fence *f, struct zc_fence_slot *slot,
                   const uint8_t origin[ZC_ORIGIN_SIZE], struct zc_err *err);

#endif
